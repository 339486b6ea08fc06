"""A database of its own on the shared PostgreSQL, and a storage."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.conftest import PostgresServer
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.backup import Manifest
from veza_tui.model.environment import Database as Settings
from veza_tui.operations.backup.make import BackupJob, make_backup
from veza_tui.ports.database import TransferProgress

_NUMBERS = itertools.count()

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE users (id serial PRIMARY KEY, t text NOT NULL, mood mood, extra json, tags text[], born timestamptz);
INSERT INTO users (t, mood, extra, tags, born) SELECT 'user ' || i || E' \\\\ \\n\\t', 'happy', '{"a": [1, null]}',
  ARRAY['x', NULL, i::text], now() - i * interval '1 hour' FROM generate_series(1, 2000) i;
CREATE TABLE messages (id bigserial PRIMARY KEY, user_id int REFERENCES users, body text);
INSERT INTO messages (user_id, body) SELECT 1 + i % 2000, repeat(md5(i::text), 4) FROM generate_series(1, 20000) i;
CREATE TABLE "odd ""name"" \\! x" ("a;b" text);
INSERT INTO "odd ""name"" \\! x" VALUES (E'\\\\.'), ('\\! touch x'), (NULL), ('$$');
CREATE TABLE nothing ();
CREATE VIEW happy AS SELECT * FROM users WHERE mood = 'happy';
CREATE MATERIALIZED VIEW per_user AS SELECT user_id, count(*) FROM messages GROUP BY 1;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN $1 > 1 THEN 2 ELSE $1 * 2 END; END;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ begin perform '\\! touch x'; end $x$;
COMMENT ON TABLE users IS E'it''s \\\\! a comment';
SELECT lo_from_bytea(0, 'a large object');
"""


@dataclass
class Place:
    """A database and how to reach it."""

    server: PostgresServer
    database: PostgresDatabase
    name: str

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        return self.server.admin(text, self.name)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.dsn(self.name, "veza_production"), autocommit=True)


async def as_is(text: str) -> str:
    return text


def settings_for(server: PostgresServer, name: str, **more: Any) -> Settings:
    given = {"user": "veza_production", "password": server.passwords["veza_production"], **more}
    return Settings(server.host, server.port, name, given["user"], given["password"], given.get("ssl_mode", "prefer"))


@pytest.fixture
def place(postgres_server: PostgresServer) -> Iterator[Place]:
    name = f"bk_{next(_NUMBERS)}"
    postgres_server.admin(f"CREATE DATABASE {name} OWNER veza_production")
    postgres_server.admin("ALTER ROLE veza_production CREATEDB")
    found = Place(postgres_server, PostgresDatabase(settings_for(postgres_server, name), as_is), name)
    with found.connect() as connection:
        connection.execute(SCHEMA)
    # Not dropped: that costs a checkpoint each, and the server goes with the session.
    yield found


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "backups")


Backup = Callable[..., Any]


@pytest.fixture
def backup(place: Place) -> Backup:
    """``await backup(storage, format="plain")`` makes one; ``seen`` collects progress."""

    async def run(
        storage: Any, *, seen: list[TransferProgress] | None = None, database: Any = None, **more: Any
    ) -> Manifest:
        job = BackupJob("production", "ada@bastion", **more)
        tell = (lambda p: None) if seen is None else seen.append
        return await make_backup(job, storage, database or place.database, SystemClock(), tell)

    return run
