"""`veza-tui backup` and `veza-tui backups` as a person runs them, on the embedded platform."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.integration.conftest import DemoPlatform
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.cli.main import main
from veza_tui.operations.backup.catalogue import Catalogue

pytestmark = pytest.mark.integration


class Cli:
    def __init__(self, platform: DemoPlatform) -> None:
        self.workspace = platform.workspace_copy()
        self._environment = platform.environment
        self.state = self._environment["XDG_STATE_HOME"]

    def __call__(self, *words: str, exit: int = 0) -> subprocess.CompletedProcess[str]:
        if words[0] in ("backups", "--read-only") and "verify" not in words:
            return self._here(*words, exit=exit)
        done = subprocess.run(
            [sys.executable, "-m", "veza_tui", "-C", str(self.workspace), *words],
            env=self._environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == exit, (words, done.returncode, done.stdout, done.stderr)
        return done

    def _here(self, *words: str, exit: int) -> subprocess.CompletedProcess[str]:
        """What starts no operation, in this process: quicker."""
        out, err = io.StringIO(), io.StringIO()
        here = mock.patch.dict(os.environ, self._environment)
        with here, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["-C", str(self.workspace), *words])
        assert code == exit, (words, code, out.getvalue(), err.getvalue())
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    def listed(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("backups", *words, "--json").stdout)
        return found


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
    state = Path(cli.state) / "veza-tui"
    log = "".join(p.read_text() for p in state.rglob("audit*") if p.is_file())
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


def test_a_job_in_the_cluster_dumps_to_a_claim(cli: Cli, platform: DemoPlatform) -> None:
    from kubernetes import client, config

    api = config.new_client_from_config(str(platform.kubeconfig), context="prod-eu")
    core, batch = client.CoreV1Api(api), client.BatchV1Api(api)
    claim = {"metadata": {"name": "backups"}, "spec": {"accessModes": ["ReadWriteOnce"],
             "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
    core.create_namespaced_persistent_volume_claim("veza-production", claim)
    try:
        before = {s.metadata.name for s in core.list_namespaced_secret("veza-production").items}
        cli("backup", "production", "--runner", "job", "--claim", "none-such", exit=2)
        done = cli("backup", "production", "--runner", "job", "--claim", "backups", "--json")
        status = json.loads(done.stdout.splitlines()[-1])
        assert status["state"] == "done"
        [folder] = Path(platform.ready["control"]).parent.rglob("claims/veza-production/backups")
        catalogue = Catalogue(LocalStorage(folder))
        [record] = catalogue.records("production")
        assert record.manifest is not None
        assert record.manifest.dump is not None
        assert {"production.yaml", "production.env", "database.sql"} <= {p for p, _ in record.files}
        assert catalogue.check(record.name, "production") == []
        assert {s.metadata.name for s in core.list_namespaced_secret("veza-production").items} == before
        assert batch.list_namespaced_job("veza-production").items == []
        cli("backup", "production", "--runner", "job", "--claim", "backups", "--image", "no/such:1", exit=1)
        assert batch.list_namespaced_job("veza-production").items == []
    finally:
        core.delete_namespaced_persistent_volume_claim("backups", "veza-production")
        api.close()
