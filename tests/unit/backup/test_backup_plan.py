"""What a backup's plan refuses before anything runs, which clients it takes, and what its Job leaves behind."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pytest

from veza_tui.adapters.postgres import tools
from veza_tui.adapters.postgres.connection import Endpoint, explain
from veza_tui.adapters.postgres.dump import _Meter
from veza_tui.adapters.postgres.estimate import estimate
from veza_tui.adapters.postgres.tools import Tools, find_tools
from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.plan import Target
from veza_tui.operations.backup import job
from veza_tui.operations.backup.plan import BackupRequest, backup_plan
from veza_tui.operations.backup.steps import until_cancelled
from veza_tui.operations.context import Cancelled, Context, find_action, stops_at_once
from veza_tui.ports.cluster import JOBS, SECRETS, AlreadyExists, Cluster
from veza_tui.ports.database import DumpOptions, TransferProgress
from veza_tui.workspace.init import make_workspace
from veza_tui.workspace.load import load_workspace

TARGET = Target("production", "veza-production", "https://api", "uid")


@pytest.fixture
def production(tmp_path: Path) -> Environment:
    make_workspace(tmp_path / "ws")
    return load_workspace(tmp_path / "ws").environment("production")


def test_an_encrypted_directory_dump_is_refused_in_the_plan(production: Environment) -> None:
    sealed = replace(production, backup=replace(production.backup, encrypt_to=("age1x",)))
    with pytest.raises(ConfigError, match="would lie on the disk unencrypted"):
        backup_plan(sealed, TARGET, BackupRequest(format="directory"), "backups")
    backup_plan(sealed, TARGET, BackupRequest(format="directory", with_database=False), "backups")
    backup_plan(sealed, TARGET, BackupRequest(format="custom"), "backups")


@pytest.mark.parametrize(
    ("guided", "words"), [(True, "data.backup.with_database: true in its file"), (False, "--with")]
)
def test_a_database_that_is_left_out_comes_in_by_the_file_or_the_option(
    production: Environment, guided: bool, words: str
) -> None:
    plain = replace(production, backup=replace(production.backup, with_database=False))
    (note,) = backup_plan(plain, TARGET, BackupRequest(guided=guided), "backups").notes
    assert words in note and ("--" in note) is not guided


def test_the_oldest_client_that_is_not_older_than_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    have = [Tools(Path(f"/{v}"), v, int(v.partition(".")[0])) for v in ("18.1", "15.18", "17.10")]
    monkeypatch.setattr(tools, "installed", lambda: have)
    assert [find_tools(major).version for major in (13, 15, 16, 18)] == ["15.18", "15.18", "17.10", "18.1"]
    monkeypatch.setattr(tools, "installed", lambda: have[1:2])
    with pytest.raises(ConfigError, match=r"server is PostgreSQL 18, the newest client here is 15\.18") as error:
        find_tools(18)
    assert error.value.hint == "install postgresql-client-18"


class Recorder:
    """Objects by kind, as an API server keeps them."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    async def create(self, resource: Any, obj: dict[str, Any], namespace: str) -> dict[str, Any]:
        if resource.kind in self.kept:
            raise AlreadyExists("there already")
        self.kept[resource.kind] = {**obj, "metadata": {**obj["metadata"], "uid": f"uid-{len(self.kept)}"}}
        return self.kept[resource.kind]

    async def get(self, resource: Any, name: str, namespace: str) -> dict[str, Any]:
        return self.kept[resource.kind]


async def test_the_job_s_secret_goes_with_the_job_whoever_dies() -> None:
    recorder = Recorder()
    cluster = cast("Cluster", recorder)
    asked = job._job("veza-backup-1", "ns", "production", "DB_PASSWORD", {"claim": "", "image": "x"})
    made = await job._create(cluster, JOBS, asked, "ns")
    assert await job._create(cluster, JOBS, asked, "ns") == made, "a second run of the step goes on with the first's"
    await job._create(cluster, SECRETS, job._secret("veza-backup-1", "ns", {"spec.json": b"{}"}, made), "ns")
    [owner] = recorder.kept["Secret"]["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Job", "veza-backup-1", made["metadata"]["uid"])
    assert made["spec"]["ttlSecondsAfterFinished"], "nobody need remove it"
    assert made["spec"]["activeDeadlineSeconds"], "it ends, also when its Secret never came"


async def test_a_cancel_ends_a_dump_at_once_and_waits_until_it_has_cleared_up() -> None:
    cleared = []

    async def dumping() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleared.append("draft")

    asked = iter([False, True])
    context = cast("Context", SimpleNamespace(cancelled=lambda: next(asked)))
    with mock.patch("veza_tui.operations.backup.steps._LOOK", 0.001), pytest.raises(Cancelled):
        await until_cancelled(context, dumping())
    assert cleared == ["draft"]
    never = cast("Context", SimpleNamespace(cancelled=lambda: False))
    assert await until_cancelled(never, asyncio.sleep(0, "done")) == "done"


@pytest.mark.parametrize(
    ("form", "expected", "of", "heap", "whole", "total"),
    [
        ("custom", 12_500_000, 20_000_000, 500_000_000, 30_000_000, 18_750_000),
        ("custom", 12_500_000, 20_000_000, 500_000_000, 600_000_000, None),  # thirty times as large: who knows
        ("custom", 12_500_000, 0, 500_000_000, 600_000_000, 12_500_000),
        ("plain", 0, 0, 500_000_000, 600_000_000, 500_000_000),
        ("custom", 0, 0, 500_000_000, 600_000_000, None),  # compressed to a half or to a fiftieth
        ("plain", 0, 0, 0, 0, None),
    ],
)
def test_the_bar_s_total_grows_with_the_database_and_is_none_where_it_would_be_a_guess(
    form: str, expected: int, of: int, heap: int, whole: int, total: int | None
) -> None:
    assert estimate(DumpOptions(form, expected=expected, expected_of=of), heap, whole) == total


def test_a_server_without_tls_is_told_in_one_clear_line() -> None:
    said = Exception(
        'connection to server at "db", port 5432 failed: server does not support SSL, but SSL was required'
    )
    told = explain(said, Endpoint("db", 5432, "ada", "veza", "geheim", "require"))
    assert isinstance(told, RefusedError)
    assert "db:5432/veza speaks no TLS, and ssl_mode require asks for it" in told.message
    assert "ssl_mode" in told.hint


def test_a_total_that_was_passed_is_taken_back() -> None:
    told: list[TransferProgress] = []
    meter = _Meter(told.append, 100, 1, 0.0)
    for meter.done in (50, 105, 200):
        meter.tell()
    assert [p.total for p in told] == [100, 100, None]
    assert told[-1].fraction is None


def test_a_cancel_of_a_dump_takes_effect_at_once() -> None:
    assert find_action("backup.make") is not None
    assert stops_at_once("backup.make")
    assert stops_at_once("backup.verify")
