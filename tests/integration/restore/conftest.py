"""A live database and a scratch one for each test, owned by an ordinary user who may create databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.restore.bench import Bench, open_bench
from veza_tui.adapters.postgres.connection import Endpoint

DDL = """
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,
                    shout text GENERATED ALWAYS AS (upper(name)) STORED);
CREATE TABLE rooms (id serial PRIMARY KEY, owner bigint REFERENCES users ON DELETE CASCADE, secret bytea);
CREATE TABLE messages (id serial PRIMARY KEY, room int REFERENCES rooms, body text);
INSERT INTO users (name) SELECT 'user ' || g FROM generate_series(1, 100) g;
INSERT INTO rooms (owner, secret) SELECT g, '\\xdead' FROM generate_series(1, 100) g;
INSERT INTO messages (room, body) SELECT g, 'hello' FROM generate_series(1, 100) g;
"""


@dataclass
class Pair:
    """Names of one test's databases and how to reach them."""

    endpoint: Endpoint
    live: str
    scratch: str
    aside: str
    server: Any

    def run(self, sql: str, database: str = "") -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.server.admin(sql, database or self.live)
        return rows


@pytest.fixture
def pair(postgres_server: Any) -> Iterator[Pair]:
    tag = uuid.uuid4().hex[:8]
    user = "veza_staging"
    made = Pair(
        Endpoint(
            postgres_server.host, postgres_server.port, user, f"live_{tag}", postgres_server.passwords[user], "prefer"
        ),
        f"live_{tag}",
        f"scratch_{tag}",
        f"aside_{tag}",
        postgres_server,
    )
    for database in (made.live, made.scratch):
        postgres_server.admin(f"CREATE DATABASE {database} OWNER {user}")
        postgres_server.admin(f"SET ROLE {user}; {DDL}", database)
    yield made
    for row in postgres_server.admin(f"SELECT datname FROM pg_database WHERE datname LIKE '%{tag}%'"):
        postgres_server.admin(f'DROP DATABASE "{row[0]}" WITH (FORCE)')


@pytest.fixture(scope="session")
def bench(short_directory: Path) -> Iterator[Bench]:
    with open_bench(short_directory) as found:
        yield found
