"""`veza-tui backup` and `veza-tui backups` as a person runs them, on the embedded platform."""

import json

import pytest

from tests.integration.backup.conftest import Cli
from tests.integration.conftest import DemoPlatform

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cli(platform: DemoPlatform) -> Cli:
    return Cli(platform)


def test_made_listed_shown_proven_held_and_pruned(cli: Cli) -> None:
    assert "there is no backup" in cli.listed()["warnings"]["production"]
    assert "adds a backup" in cli("backup", "production", "--dry-run").stdout
    assert cli.listed()["backups"] == []
    cli("backup", "production", "--reason", "before the deploy")
    [backup] = cli.listed("production")["backups"]
    name = backup["name"]
    assert (backup["state"], backup["format"], backup["database"]) == ("unproven", "plain", "veza_production")
    assert {"production.yaml", "production.env", "database.sql", "manifest.json"} <= {
        f["path"] for f in backup["files"]
    }
    assert "no backup is proven" in cli.listed()["warnings"]["production"]
    shown = cli("backups", "production", "show", name).stdout
    assert "public.messages" in shown
    assert "before the deploy" in shown
    done = cli("backups", "production", "verify", name)
    assert "is proven" in done.stderr
    listed = cli.listed()
    assert listed["backups"][0]["proven"]
    assert "production" not in listed["warnings"]
    told = json.loads(cli("backups", "production", "hold", name, "--reason", "audit", "--json").stdout)
    assert (told["name"], told["held"]) == (name, True)
    assert cli.listed("production")["backups"][0]["held"]
    cli("backups", "production", "release", name)
    log = "".join(p.read_text() for p in cli.state.rglob("audit*") if p.is_file())
    assert "backup-hold" in log
    assert "backup-release" in log
    cli("--read-only", "backups", "production", "hold", name, exit=6)
    cli("--read-only", "backups", "production", "prune", "--yes", exit=6)
    pruned = json.loads(cli("backups", "production", "prune", "--json").stdout)
    assert pruned["dry_run"]
    assert pruned["removed"] == []


def test_development_s_database_is_left_out_unless_asked(cli: Cli) -> None:
    cli("backup", "development")
    newest = cli.listed("development")["backups"][0]
    assert newest["database"] is None
    assert "database.sql" not in {f["path"] for f in newest["files"]}
    cli("backup", "development", "--with-database")
    assert cli.listed("development")["backups"][0]["database"] == "veza_dev"


def test_wrong_words_exit_2_or_6(cli: Cli) -> None:
    cli("backups", "nowhere", exit=2)
    cli("backups", "production", "burn", exit=2)
    cli("backups", "production", "show", exit=2)
    cli("backups", "production", "show", "../../etc", exit=2)
    cli("backup", "production", "--runner", "job", exit=2)
    development = cli.listed("development")["backups"]
    if development:
        cli("backups", "production", "verify", development[0]["name"], exit=6)
