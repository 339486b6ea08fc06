"""A database of its own on the shared PostgreSQL, and a storage."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.request import Request, urlopen

import psycopg
import pytest

from tests.integration.conftest import DemoPlatform, PostgresServer
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.cli.main import main
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


class Cli:
    """``veza-tui`` on the embedded platform, with a workspace and a state directory of its own."""

    def __init__(self, platform: DemoPlatform, **variables: str) -> None:
        self.workspace = platform.workspace_copy()
        self.variables = {**platform.environment, **variables}
        self.state = Path(self.variables["XDG_STATE_HOME"]) / "veza-tui"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """In the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "veza_tui", "-C", str(self.workspace), *words], env=self.variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, *words: str, exit: int = 0) -> subprocess.CompletedProcess[str]:
        if words[0] in ("backups", "--read-only") and "verify" not in words:
            return self._here(*words, exit=exit)
        done = subprocess.run(
            [sys.executable, "-m", "veza_tui", "-C", str(self.workspace), *words],
            env=self.variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == exit, (words, done.returncode, done.stdout, done.stderr)
        return done

    def _here(self, *words: str, exit: int) -> subprocess.CompletedProcess[str]:
        """What starts no operation, in this process: quicker."""
        out, err = io.StringIO(), io.StringIO()
        here = mock.patch.dict(os.environ, self.variables)
        with here, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["-C", str(self.workspace), *words])
        assert code == exit, (words, code, out.getvalue(), err.getvalue())
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    def listed(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("backups", *words, "--json").stdout)
        return found


S3_PROGRAM = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """moto's S3 over HTTP, in a process that ends with this one; it believes every key until ``s3_keys`` is used."""
    process = subprocess.Popen(
        [sys.executable, "-c", S3_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


@pytest.fixture
def s3_keys(s3_server: str) -> Iterator[Callable[..., dict[str, str]]]:
    """``s3_keys("s3:*")`` makes a user who may do that, and gives the variables; others are refused from then on.

    moto's IAM and its check of signatures (source: moto's documentation, IAM-like access control).
    """
    import boto3

    def let_in(actions: float) -> None:
        request = Request(f"{s3_server}/moto-api/reset-auth", str(actions).encode(), {"Content-Type": "text/plain"})
        with urlopen(request, timeout=10):
            pass

    def make(*actions: str) -> dict[str, str]:
        let_in(float("inf"))
        known = {"region_name": "eu-west-3", "aws_access_key_id": "root", "aws_secret_access_key": "root"}
        iam = boto3.client("iam", endpoint_url=s3_server, **known)
        name = f"user{next(_NUMBERS)}"
        iam.create_user(UserName=name)
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        let_in(0)
        return {
            "AWS_ENDPOINT_URL_S3": s3_server,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_REGION": "eu-west-3",
            "AWS_DEFAULT_REGION": "eu-west-3",
        }

    yield make
    let_in(float("inf"))
