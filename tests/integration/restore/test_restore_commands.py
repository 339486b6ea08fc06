"""A restore really restores: by the command line, with the demo's own data loss."""

from __future__ import annotations

import json
import shutil
from typing import Any

import psycopg
import pytest

from tests.tools.cli import Cli, make_cli

pytestmark = pytest.mark.integration

COUNT = "SELECT count(*), count(*) FILTER (WHERE body = 'CORRUPT') FROM messages"


@pytest.fixture(scope="module")
def cli(platform: Any) -> Cli:
    return make_cli(platform)


@pytest.fixture(scope="module")
def backup(cli: Cli) -> str:
    done = cli.json("backup", "staging", "--confirm", "staging", "--verify", "--json")
    name: str = cli.json("backups", "staging", "--json")["backups"][0]["name"]
    assert done["state"] == "done"
    return name


@pytest.fixture(autouse=True)
def tidy(platform: Any) -> Any:
    yield
    with psycopg.connect(platform.dsn(), autocommit=True) as admin:
        rows = admin.execute(
            "SELECT datname FROM pg_database WHERE datname ~ '^veza_staging_(before|undone|scratch)_'"
        ).fetchall()
        for (name,) in rows:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def ask(platform: Any, query: str, database: str = "veza_staging") -> Any:
    with psycopg.connect(platform.dsn(database), autocommit=True) as admin:
        return admin.execute(query.encode()).fetchone()


def corrupt(platform: Any) -> tuple[int, int]:
    with psycopg.connect(platform.dsn("veza_staging"), autocommit=True) as admin:
        admin.execute("DELETE FROM attachments")
        admin.execute("DELETE FROM messages WHERE id % 2 = 0")
        admin.execute("UPDATE messages SET body = 'CORRUPT'")
        row = admin.execute(COUNT.encode()).fetchone()
    assert row is not None
    return row


def test_corrupt_rows_are_gone_and_the_lost_ones_back_and_undo_takes_it_back(
    cli: Cli, backup: str, platform: Any
) -> None:
    before = ask(platform, COUNT)
    bad = corrupt(platform)
    assert bad != before
    secrets = cli.workspace / "secrets" / "staging.env"
    original = secrets.read_bytes()
    present = original + b"ADDED=later\n"
    secrets.write_bytes(present)
    secrets.chmod(0o644)
    parts = ("--part", "database", "--part", "secrets")
    done = cli.json("restore", "staging", *parts, "--confirm", "staging", "--json")
    assert done["state"] == "done"
    assert ask(platform, COUNT) == before
    assert b"ADDED" not in secrets.read_bytes()
    # The kept copy holds secrets as well.
    assert {f.stat().st_mode & 0o777 for f in secrets.parent.glob("staging.env*")} == {0o600}
    kept = cli.json("set-aside", "staging", "--json")
    assert len(kept) == 1 and kept[0]["size"] > 0
    undone = cli.json("undo-restore", "staging", "--confirm", "staging", "--json")
    assert undone["state"] == "done"
    assert ask(platform, COUNT) == bad
    assert secrets.read_bytes() == present
    secrets.write_bytes(original)
    for kept_file in secrets.parent.glob("*.before-*"):
        kept_file.unlink()
    # And forward again, draining the services.
    cli.run("restore", "staging", backup, "--confirm", "staging", "--drain", "scale", "--flush-cache")
    assert ask(platform, COUNT) == before
    name = cli.json("set-aside", "staging", "--json")[0]["name"]
    cli.run("set-aside", "staging", "--drop", name, "--confirm", "staging")
    assert name not in {k["name"] for k in cli.json("set-aside", "staging", "--json")}


def test_a_drill_touches_nothing_live_and_records_the_proof(cli: Cli, backup: str, platform: Any) -> None:
    oid = ask(platform, "SELECT oid FROM pg_database WHERE datname = 'veza_staging'", "postgres")
    earlier = cli.json("backups", "staging", "show", backup, "--json")["proven_at"]
    done = cli.json("restore", "staging", backup, "--drill", "--yes", "--json")
    assert done["state"] == "done"
    assert ask(platform, "SELECT oid FROM pg_database WHERE datname = 'veza_staging'", "postgres") == oid
    assert cli.json("backups", "staging", "show", backup, "--json")["proven_at"] > earlier
    assert cli.json("set-aside", "staging", "--json") == []


def test_only_the_chosen_table_comes_back(cli: Cli, backup: str, platform: Any) -> None:
    with psycopg.connect(platform.dsn("veza_staging"), autocommit=True) as admin:
        admin.execute("DELETE FROM schema_migrations")
        admin.execute("UPDATE rooms SET name = name || ' changed' WHERE id = 1")
        admin.execute("DELETE FROM attachments")
    # A table is named: the database is meant, whichever other parts come with it, and only its rows are told.
    both = ("--table", "schema_migrations", "--part", "secrets", "--dry-run", "--json")
    plan = cli.json("restore", "staging", backup, *both)
    assert {"tables", "secrets"} <= {s["id"] for s in plan["steps"]}
    assert [c["object"] for c in plan["changes"]] == ["Table/public.schema_migrations"]
    cli.run("restore", "staging", backup, "--table", "schema_migrations", "--confirm", "staging")
    assert ask(platform, "SELECT count(*) FROM schema_migrations")[0] > 0
    assert ask(platform, "SELECT name LIKE '% changed' FROM rooms WHERE id = 1")[0]
    cli.run("restore", "staging", backup, "--confirm", "staging")


def test_configuration_and_secrets_go_back_and_the_present_ones_are_kept(cli: Cli, backup: str) -> None:
    file = cli.workspace / "secrets" / "staging.env"
    before = file.read_bytes()
    file.write_bytes(before + b"ADDED=later\n")
    cli.run("restore", "staging", backup, "--part", "secrets", "--part", "configuration", "--confirm", "staging")
    assert file.read_bytes() == before
    assert file.stat().st_mode & 0o777 == 0o600
    kept = list(file.parent.glob("staging.env.before-*"))
    assert len(kept) == 1 and kept[0].read_bytes().endswith(b"ADDED=later\n")


def test_what_must_be_refused_is_refused_in_one_line_before_anything_is_touched(
    cli: Cli, backup: str, platform: Any
) -> None:
    oid = ask(platform, "SELECT oid FROM pg_database WHERE datname = 'veza_staging'", "postgres")
    damaged = cli.workspace / "backups" / "20200101_000000"
    shutil.copytree(cli.workspace / "backups" / backup, damaged)
    dump = damaged / "database.sql"
    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.write_bytes(data)
    hostile = cli.workspace / "backups" / "20200101_000001"
    hostile.mkdir()
    (hostile / "staging.yaml").write_text("x")
    (hostile / "database.sql").write_text("--\n-- PostgreSQL database dump\n--\n\\! touch /tmp/never\nSELECT 1;\n")
    for arguments, code in (
        (("restore", "staging", damaged.name, "--confirm", "staging"), 6),
        (("restore", "staging", hostile.name, "--confirm", "staging"), 6),
        (("restore", "production", backup, "--confirm", "production"), 6),
        (("restore", "staging", "../../etc", "--confirm", "staging"), 2),
        (("restore", "staging", "20990101_000000", "--confirm", "staging"), 2),
        (("restore", "staging", "--before", "1970-01-02", "--confirm", "staging"), 2),
        (("restore", "staging", "--before", "yesterdayish", "--confirm", "staging"), 2),
        (("restore", "staging", backup, "--table", "no_such", "--confirm", "staging"), 2),
        (("restore", "staging", backup), 2),
        (("--read-only", "restore", "staging", backup, "--confirm", "staging"), 6),
    ):
        done = cli.run(*arguments, code=code)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
    assert ask(platform, "SELECT oid FROM pg_database WHERE datname = 'veza_staging'", "postgres") == oid
    for path in (damaged, hostile):
        shutil.rmtree(path)


def test_a_backup_of_the_scripts_is_restored_and_says_what_cannot_be_proven(
    cli: Cli, backup: str, platform: Any
) -> None:
    script = cli.workspace / "backups" / "20210101_000000"
    script.mkdir()
    for name in ("staging.yaml", "database.sql"):
        shutil.copy(cli.workspace / "backups" / backup / name, script / name)
    before = ask(platform, COUNT)
    corrupt(platform)
    done = cli.json("restore", "staging", script.name, "--confirm", "staging", "--json")
    assert done["state"] == "done" and ask(platform, COUNT) == before
    assert "without a manifest" in json.dumps(cli.journal(done["id"]))
    shutil.rmtree(script)
