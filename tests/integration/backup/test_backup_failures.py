"""Dumps that fail: nothing in the catalogue, one line that says why, no leftovers after the next run."""

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.backup.conftest import Backup, Place, as_is, settings_for
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.errors import RefusedError, UnreachableError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.operations.backup.catalogue import Catalogue

pytestmark = pytest.mark.integration


def nothing_left(storage: LocalStorage, root: Path) -> bool:
    return Catalogue(storage).records() == [] and (not root.exists() or list(root.iterdir()) == [])


@contextlib.contextmanager
def locked(place: Place) -> Iterator[psycopg.Connection[Any]]:
    """A table held by somebody: pg_dump stands still, in the middle of its run, until it is let go."""
    with psycopg.connect(place.server.dsn(place.name, "veza_production")) as holder:
        holder.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        yield holder
        with contextlib.suppress(psycopg.Error):
            holder.rollback()


async def waiting_pid(place: Place) -> int:
    """The server process of the pg_dump that waits for the lock."""
    for _ in range(500):
        rows = place.server.admin(
            f"SELECT pid FROM pg_stat_activity WHERE datname = '{place.name}' AND wait_event_type = 'Lock'"
            " AND query LIKE 'LOCK TABLE%'"
        )
        if rows:
            return int(rows[0][0])
        await asyncio.sleep(0.02)
    raise AssertionError(place.server.admin("SELECT pid, wait_event_type, query FROM pg_stat_activity"))


@contextlib.asynccontextmanager
async def standing_still(place: Place, run: Any) -> AsyncIterator[tuple[asyncio.Task[Any], int]]:
    """A backup under way, stopped at a lock."""
    with locked(place):
        task = asyncio.create_task(run)
        try:
            yield task, await waiting_pid(place)
        finally:
            task.cancel()
            with contextlib.suppress(BaseException):
                await task


async def test_a_wrong_password(place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path) -> None:
    wrong = PostgresDatabase(settings_for(place.server, place.name, password="wrong-and-secret"), as_is)
    with pytest.raises(RefusedError, match=r"refused the password of user veza_production") as error:
        await backup(storage, database=wrong)
    assert "wrong-and-secret" not in str(error.value)
    assert nothing_left(storage, tmp_path / "backups")


async def test_no_server(storage: LocalStorage, place: Place, backup: Backup, tmp_path: Path) -> None:
    from dataclasses import replace

    settings = replace(settings_for(place.server, place.name), port=1)
    with pytest.raises(UnreachableError, match=":1/"):
        await backup(storage, database=PostgresDatabase(settings, as_is))
    assert nothing_left(storage, tmp_path / "backups")


@pytest.mark.parametrize("form", ["plain", "custom", "directory"])
async def test_a_connection_that_is_cut(
    place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path, form: str
) -> None:
    async with standing_still(place, backup(storage, format=form, jobs=2)) as (task, pid):
        place.server.admin(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(VezaError, match=r"terminating connection|closed the connection") as error:
            await asyncio.wait_for(task, 90)
    assert error.value.exit is Exit.UNREACHABLE
    assert "\n" not in str(error.value)
    assert nothing_left(storage, tmp_path / "backups")


async def test_a_cancel_ends_pg_dump_and_leaves_nothing(
    place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path
) -> None:
    async with standing_still(place, backup(storage)) as (task, _):
        assert children()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not children()
    assert nothing_left(storage, tmp_path / "backups")


def children(of: int | None = None) -> list[int]:
    """Living pg_dump processes that are children of ``of`` (this process)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                text = (entry / "stat").read_text()
                name, rest = text[text.index("(") + 1 : text.rindex(")")], text.rpartition(")")[2].split()
                if name == "pg_dump" and int(rest[1]) == (of or os.getpid()) and rest[0] != "Z":
                    found.append(int(entry.name))
    return found


async def test_no_child_carries_the_password(place: Place, storage: LocalStorage, backup: Backup) -> None:
    password = place.server.passwords["veza_production"].encode()
    async with standing_still(place, backup(storage)):
        [pid] = children()
        process = Path(f"/proc/{pid}")
        assert password not in (process / "cmdline").read_bytes()
        environment = (process / "environ").read_bytes()
        assert password not in environment
        entries = dict(e.partition(b"=")[::2] for e in environment.split(b"\0") if e)
        passfile = Path(os.fsdecode(entries[b"PGPASSFILE"]))
        assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
        assert stat.S_IMODE(passfile.parent.stat().st_mode) == 0o700
    assert not passfile.exists()


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.integration.backup.conftest import as_is
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.environment import Database
from veza_tui.model.errors import VezaError
from veza_tui.operations.backup.make import BackupJob, make_backup

host, port, name, user, root, form = sys.argv[1:7]
password = sys.stdin.readline().strip()
database = PostgresDatabase(Database(host, int(port), name, user, password), as_is)
job = BackupJob("production", "ada", format=form, jobs=2)
try:
    asyncio.run(make_backup(job, LocalStorage(Path(root)), database, SystemClock(), lambda p: None))
except VezaError as error:
    print(error)
"""


def child(place: Place, root: Path, form: str, *wrap: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*wrap, sys.executable, "-c", textwrap.dedent(KILLED), place.server.host, str(place.server.port), place.name,
         "veza_production", str(root), form],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(place.server.passwords["veza_production"] + "\n")
    process.stdin.close()
    return process


@pytest.mark.parametrize("form", ["plain", "directory"])
async def test_kill_9_leaves_a_draft_that_the_next_run_sweeps(
    place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path, form: str
) -> None:
    root = tmp_path / "backups"
    with locked(place):
        process = child(place, root, form)
        try:
            await waiting_pid(place)
            [orphan] = children(process.pid)
            entries = Path(f"/proc/{orphan}/environ").read_bytes().split(b"\0")
            [passfile] = [Path(os.fsdecode(e[11:])) for e in entries if e.startswith(b"PGPASSFILE=")]
            assert [p.name.startswith(".partial-") for p in root.iterdir()] == [True]
            assert Catalogue(storage).records() == []
            assert storage.sweep() == [], "its owner lives"
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            if process.stdout:
                process.stdout.close()
    until = time.monotonic() + 10
    while Path(f"/proc/{orphan}").exists() and time.monotonic() < until:
        await asyncio.sleep(0.02)
    assert not Path(f"/proc/{orphan}").exists(), "pg_dump ended with its parent"
    assert Catalogue(storage).records() == []
    manifest = await backup(storage)
    assert [p.name for p in root.iterdir()] == [manifest.name], "the next run swept it"
    assert not passfile.parent.exists(), "and its passfile"


@pytest.mark.parametrize("form", ["plain", "custom", "directory"])
async def test_a_full_disk(place: Place, tmp_path: Path, form: str) -> None:
    """On a real file system of 300 kB, in a mount namespace of its own."""
    small = tmp_path / "small"
    small.mkdir()
    wrap = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
            f'mount -t tmpfs -o size=300k none {small} && "$@"; ls -A {small}/backups', "sh"]  # fmt: skip
    probe = subprocess.run([*wrap[:-2], f"mount -t tmpfs none {small}", "sh"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("no user namespaces here")
    place.sql("INSERT INTO messages (user_id, body) SELECT 1, md5(random()::text) FROM generate_series(1, 60000)")
    process = child(place, small / "backups", form, *wrap)
    assert process.stdout is not None
    out = await asyncio.to_thread(process.stdout.read)
    process.stdout.close()
    process.wait()
    assert "No space left on device" in out
    assert len(out.strip().splitlines()) == 1, "one line, and nothing left in the directory"


async def test_a_server_that_dies(place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path) -> None:
    try:
        async with standing_still(place, backup(storage)) as (task, _):
            await asyncio.to_thread(place.server.stop, immediate=True)
            with pytest.raises(UnreachableError) as error:
                await asyncio.wait_for(task, 90)
        assert "\n" not in str(error.value)
        assert nothing_left(storage, tmp_path / "backups")
    finally:
        await asyncio.to_thread(place.server.start)


async def test_too_old_a_client_names_both_versions(
    place: Place, storage: LocalStorage, backup: Backup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from veza_tui.adapters.postgres import tools

    monkeypatch.setattr(tools, "installed", lambda: [tools.Tools(Path("/nowhere"), "14.2", 14)])
    with pytest.raises(VezaError, match=r"server is PostgreSQL 17, the newest client here is 14\.2"):
        await backup(storage)
    assert nothing_left(storage, tmp_path / "backups")


@pytest.mark.parametrize(
    ("form", "compression", "said"),
    [("plain", "zstd", "not compressed"), ("custom", "brotli", "brotli"), ("tar", "", "plain, custom or directory")],
)
async def test_what_cannot_be_done_is_said(
    place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path, form: str, compression: str, said: str
) -> None:
    with pytest.raises(VezaError, match=said):
        await backup(storage, format=form, compression=compression)
    assert nothing_left(storage, tmp_path / "backups")
