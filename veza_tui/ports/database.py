"""One environment's PostgreSQL as backup and restore use it. Dump and load are PostgreSQL's own programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from veza_tui.model.backup import DatabaseFacts, ServerFacts

FORMATS = ("plain", "custom", "directory")


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """Where a dump or a load stands. Bytes, bytes a second, seconds."""

    done: int
    total: int | None
    """An estimate: None when nothing is known."""
    rate: float
    eta: float | None
    table: str = ""
    tables_done: int = 0
    tables: int = 0

    @property
    def fraction(self) -> float | None:
        """0..1; never 1 before the end, because the total is an estimate."""
        return None if not self.total else min(self.done / self.total, 0.99)


Progress = Callable[[TransferProgress], None]


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """``compression`` empty chooses: none for plain, zstd where the client has it (else gzip) for the others."""

    format: str = "plain"
    jobs: int = 1
    compression: str = ""
    expected: int = 0
    """Bytes that an earlier dump had; 0 for unknown."""
    expected_of: int = 0
    """Bytes that the database had then (pg_database_size): the estimate grows with it."""
    digests: bool = True


@dataclass(frozen=True, slots=True)
class DumpOutcome:
    """What a finished dump was; facts and dump are of one snapshot."""

    client_version: str
    compression: str
    jobs: int
    lsn: str
    server: ServerFacts
    database: DatabaseFacts
    bytes: int


class DumpSource(Protocol):
    """A dump to load. ``format`` is plain, custom or directory."""

    format: str
    size: int
    """Bytes as stored, for progress."""
    path: Path | None
    """Readable by pg_restore as it is; None when it must be streamed (encrypted, or in a bucket)."""

    def open(self) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes, decrypted and decompressed; not for a directory."""
        ...


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What reading a dump, without a server, tells. ``refused`` empty means that it may be loaded."""

    rows: Mapping[str, int]
    """Rows of each COPY block by ``schema.table``; empty for archives."""
    roles: tuple[str, ...]
    extensions: tuple[str, ...]
    databases: tuple[str, ...]
    """Databases that it names by CREATE DATABASE or \\connect; the load ignores these lines."""
    dumped_from: str
    """Server version in the header, empty when it has none."""
    complete: bool
    """Whether pg_dump's last line is there."""
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    """Routines whose text would start a program on the server, where something calls them."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """``owners`` false leaves out owners and grants (roles that this server lacks)."""

    jobs: int = 1
    owners: bool = True
    tables: tuple[str, ...] = ()
    """``schema.table`` to load alone, archives only; empty for everything."""


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """What was loaded."""

    client_version: str
    seconds: float
    bytes: int
    notes: tuple[str, ...] = ()
    """What was left out, one line each."""


@dataclass(frozen=True, slots=True)
class DatabaseEntry:
    """A database of the server."""

    name: str
    owner: str
    size: int
    allow_connections: bool
    sessions: int
    comment: str


@dataclass(frozen=True, slots=True)
class Scratch:
    """How to make a scratch database: like an existing one, or after facts where that one is gone."""

    name: str
    like: str = ""
    facts: DatabaseFacts | None = field(default=None)
    comment: str = ""


class Database(Protocol):
    """Every call raises UnreachableError, RefusedError or another VezaError with one line that names the server."""

    label: str
    """host:port/database."""
    name: str
    """The environment's database."""

    async def server(self) -> ServerFacts:
        """Version and identity."""
        ...

    async def facts(
        self, database: str = "", *, digests: bool = True, like: DatabaseFacts | None = None
    ) -> DatabaseFacts:
        """Facts of the environment's database, or of another on the same server, in one snapshot.

        ``like``: what they will be compared with; digests are then of the same kind.
        """
        ...

    async def dump(
        self,
        options: DumpOptions,
        write: Callable[[bytes | memoryview], object] | None,
        path: Path | None,
        progress: Progress,
    ) -> DumpOutcome:
        """pg_dump and facts in one exported snapshot.

        ``write`` gets the bytes (plain, custom) in a thread of its own, in a buffer that is used again; or ``path``
        is the file, or the folder of a directory dump, that pg_dump writes itself.
        Cancelling the task ends pg_dump. Any failure raises; there is no partial success.
        """
        ...

    async def scan(self, source: DumpSource) -> ScanReport:
        """Read a dump through without touching the server."""
        ...

    async def create_scratch(self, scratch: Scratch) -> None:
        """CREATE DATABASE from template0 with encoding, locale and owner of its model."""
        ...

    def keep(self, database: str) -> AbstractAsyncContextManager[object]:
        """A session in that database for as long as the block lasts: it shows that somebody works there."""
        ...

    async def load(
        self, database: str, source: DumpSource, progress: Progress, options: LoadOptions | None = None
    ) -> LoadOutcome:
        """Load into a database made by ``create_scratch``: all of it or an error. Meta-commands are never executed."""
        ...

    async def analyze(self, database: str) -> None:
        """ANALYZE, so that the planner knows the new tables."""
        ...

    async def databases(self, prefix: str = "") -> Sequence[DatabaseEntry]:
        """The server's databases whose name starts with ``prefix``."""
        ...

    async def drop(self, database: str) -> None:
        """DROP DATABASE WITH (FORCE), the environment's own refused; nothing happens when it is not there."""
        ...
