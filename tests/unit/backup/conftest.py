"""A database that is not there: backups of the catalogue's tests are made without PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.backup import DatabaseFacts, Manifest, SequenceFacts, ServerFacts, TableFacts
from veza_tui.operations.backup.make import BackupJob, make_backup
from veza_tui.ports.database import DumpOptions, DumpOutcome, Progress

FACTS = DatabaseFacts(
    name="veza",
    owner="veza",
    encoding="UTF8",
    collate="C.UTF-8",
    ctype="C.UTF-8",
    size=1_000_000,
    tables=(TableFacts("public", "messages", 3, "r123"), TableFacts("public", "users", 2, "r-77")),
    sequences=(SequenceFacts("public", "messages_id_seq", 3, "public.messages", "id", 3),),
    extensions=(("pgcrypto", "1.3"),),
    roles=("veza",),
    grants=("r public.messages owner veza",),
    constraints=("public.messages: messages_pkey PRIMARY KEY (id)",),
)
SERVER = ServerFacts("db.example", 5432, "17.10", 171000, "7300000000000000001")
DUMP = (
    b"--\n-- PostgreSQL database dump\n--\n" + bytes(range(32, 127)) * 20 + b"\n-- PostgreSQL database dump complete\n"
)


class Clock:
    """Stands still until told."""

    def __init__(self, at: float = 1_780_000_000.0) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class PaperDatabase:
    """Dumps the same bytes each time; ``fails`` is raised in the middle."""

    label = "db.example:5432/veza"
    name = "veza"

    def __init__(self, fails: Exception | None = None) -> None:
        self.fails = fails

    async def dump(
        self, options: DumpOptions, write: Callable[[bytes], object] | None, path: Path | None, progress: Progress
    ) -> DumpOutcome:
        if options.format == "directory":
            assert path is not None
            path.mkdir()
            (path / "toc.dat").write_bytes(DUMP[:100])
            (path / "1234.dat.zst").write_bytes(DUMP)
        else:
            for start in range(0, len(DUMP), 500):
                block = DUMP[start : start + 500]
                if path is not None:
                    path.write_bytes(path.read_bytes() + block)
                elif write is not None:
                    write(block)
                if self.fails is not None and start > 500:
                    raise self.fails
        return DumpOutcome("17.10", "0", options.jobs, "0/1", SERVER, FACTS, len(DUMP))


class Untouchable:
    """Any use of it fails the test: the damage had to be found before."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was touched: {name}")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A workspace's files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("production", "staging"):
        (folder / f"{name}.yaml").write_text(f"data:\n  environment:\n    name: {name}\n")
        (folder / f"{name}.env").write_text(f"DB_PASSWORD=plain-{name}-secret\n")
    (folder / "deployment.yaml").write_text("kind: Deployment\n")
    return folder


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[LocalStorage]:
    yield LocalStorage(tmp_path / "backups")


Make = Callable[..., Any]


@pytest.fixture
def make(source: Path) -> Make:
    """Makes a backup: ``await make(storage, environment="production", format="plain", at=…)``."""

    async def run(
        storage: Any,
        *,
        environment: str = "production",
        format: str = "plain",
        at: float = 1_780_000_000.0,
        database: PaperDatabase | None = None,
        **more: Any,
    ) -> Manifest:
        job = BackupJob(
            environment,
            "ada@bastion",
            format=format,
            files=(
                (f"{environment}.yaml", source / f"{environment}.yaml", False),
                (f"{environment}.env", source / f"{environment}.env", True),
                ("k8s/deployment.yaml", source / "deployment.yaml", False),
            ),
            **more,
        )
        return await make_backup(job, storage, database or PaperDatabase(), Clock(at), lambda p: None)  # type: ignore[arg-type]

    return run
