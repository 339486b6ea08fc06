"""What a backup says of itself: ``manifest.json``, written last. Pure data and pure checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table as it stood in the dump's snapshot."""

    schema: str
    name: str
    rows: int
    digest: str
    """Digest of the rows (see adapters/postgres/digest and row_digests); empty when it was not taken."""
    derived: bool = False
    """A materialized view: a load makes its rows anew, as many as its query has then."""

    @property
    def key(self) -> str:
        """``schema.name``, unquoted: for people and for comparing."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """A sequence and the column it feeds, if any; ``column_max`` is the largest value in that column."""

    schema: str
    name: str
    last_value: int | None
    owner_table: str = ""
    owner_column: str = ""
    column_max: int | None = None
    upper: int | None = None
    """Where it stood after the dump, when it moved meanwhile: a sequence is part of no snapshot."""

    def fits(self, now: int | None) -> bool:
        """Whether a load may have brought it to ``now``: pg_dump read it at some moment between the two."""
        if now == self.last_value or now == self.upper:
            return True
        if now is None or self.upper is None:
            return False
        if self.last_value is None:
            return True  # first called while the dump ran
        return min(self.last_value, self.upper) <= now <= max(self.last_value, self.upper)

    @property
    def behind(self) -> bool:
        """Whether its next value would collide with a row that exists."""
        return self.column_max is not None and (self.last_value is None or self.last_value < self.column_max)


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What a database holds at one moment (one snapshot)."""

    name: str
    owner: str
    encoding: str
    collate: str
    ctype: str
    size: int
    """Bytes."""
    tables: tuple[TableFacts, ...]
    sequences: tuple[SequenceFacts, ...]
    extensions: tuple[tuple[str, str], ...]
    """(name, version)."""
    roles: tuple[str, ...]
    """Roles that own something or are granted something in it."""
    grants: tuple[str, ...] = ()
    """Owners and access lists, one sorted readable line each."""
    constraints: tuple[str, ...] = ()
    """Constraints and indexes with their definitions and whether they are valid, one sorted line each."""
    large_objects: TableFacts | None = None
    """All large objects, a row each; None when nobody looked (a manifest from before they were looked at)."""

    @property
    def contents(self) -> tuple[TableFacts, ...]:
        """The tables, and the large objects where there are any: what a proof counts and compares."""
        large = self.large_objects
        return (*self.tables, large) if large is not None and large.rows else self.tables

    def made_anew(self, loaded: DatabaseFacts) -> list[TableFacts]:
        """Materialized views that have another number of rows since the load: they were not up to date."""
        then = {(t.schema, t.name): t.rows for t in self.tables}
        return [t for t in loaded.tables if t.derived and then.get((t.schema, t.name), t.rows) != t.rows]


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Which PostgreSQL server this is. ``system_identifier`` is initdb's, empty where it may not be read."""

    host: str
    port: int
    version: str
    version_num: int
    system_identifier: str

    @property
    def major(self) -> int:
        """17 for 17.10."""
        return self.version_num // 10000


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the backup; ``path`` is relative with forward slashes, ``sha256`` of the bytes as they stand."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DumpFacts:
    """How the database was dumped."""

    format: str
    """plain, custom or directory."""
    file: str
    """Path in the backup: a file, or the folder of a directory dump."""
    compression: str
    jobs: int
    client_version: str
    lsn: str
    """pg_current_wal_lsn() in the snapshot, empty on a standby that hides it."""
    encrypted: bool
    server: ServerFacts
    database: DatabaseFacts


@dataclass(frozen=True, slots=True)
class Manifest:
    """``manifest.json``. Times are unix seconds; ``who`` is user@host."""

    name: str
    environment: str
    tool: str
    started: float
    ended: float
    who: str
    files: tuple[FileEntry, ...]
    cluster: Mapping[str, str] = field(default_factory=dict)
    dump: DumpFacts | None = None
    releases: tuple[str, ...] = ()
    reason: str = ""
    kind: str = "backup"
    """backup, or safety for the copy that a restore takes before it touches anything."""
    version: int = FORMAT_VERSION

    def to_json(self) -> dict[str, Any]:
        """As it is written, with ``digest`` over all the rest."""
        data = asdict(self)
        return {**data, "digest": _digest(data)}


def _digest(data: Mapping[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def manifest_from_json(data: Any) -> Manifest:
    """The manifest that ``to_json`` wrote.

    Raises:
        ValueError: not a manifest, of a newer format, or changed since it was written.
    """
    if not isinstance(data, dict):
        raise ValueError("not a manifest: no JSON object")
    version = data.get("version")
    if version != FORMAT_VERSION:
        raise ValueError(f"manifest format {version!r}; this veza-tui reads format {FORMAT_VERSION}")
    fields = {k: v for k, v in data.items() if k != "digest"}
    if data.get("digest") != _digest(fields):
        raise ValueError("the manifest was changed after it was written: its digest does not fit")
    try:
        dump = fields["dump"]
        return Manifest(
            **{
                **fields,
                "files": tuple(FileEntry(**f) for f in fields["files"]),
                "releases": tuple(fields["releases"]),
                "dump": None if dump is None else _dump(dump),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a manifest: {error}") from error


def _dump(data: Mapping[str, Any]) -> DumpFacts:
    return DumpFacts(**{**data, "server": ServerFacts(**data["server"]), "database": database_facts(data["database"])})


def database_facts(data: Mapping[str, Any]) -> DatabaseFacts:
    """The facts from their JSON form."""
    return DatabaseFacts(
        **{
            **data,
            "tables": tuple(TableFacts(**t) for t in data["tables"]),
            "sequences": tuple(SequenceFacts(**s) for s in data["sequences"]),
            "extensions": tuple((str(n), str(v)) for n, v in data["extensions"]),
            "roles": tuple(data["roles"]),
            "grants": tuple(data["grants"]),
            "constraints": tuple(data["constraints"]),
            "large_objects": TableFacts(**data["large_objects"]) if data.get("large_objects") else None,
        }
    )


def differences(
    expected: DatabaseFacts, actual: DatabaseFacts, *, digests: bool = True, owners: bool = True
) -> list[str]:
    """Why ``actual`` is not what ``expected`` promises, one line each; empty is the proof.

    ``owners`` False: owners and grants were left out on purpose.
    """
    problems: list[str] = []
    looked = expected.large_objects is not None
    have = {(t.schema, t.name): t for t in (actual.contents if looked else actual.tables)}
    for table in expected.contents:
        found = have.pop((table.schema, table.name), None)
        if found is None:
            problems.append(f"table {table.key} is missing")
        elif found.rows != table.rows and not found.derived:
            problems.append(f"table {table.key} has {found.rows:,} rows, expected {table.rows:,}")
        elif digests and table.digest and found.digest != table.digest:
            problems.append(f"table {table.key} has the right number of rows with other contents")
    problems += [f"table {table.key} should not be there" for _, table in sorted(have.items())]
    # One that was behind when the backup was made comes back as it was: it is told (see ``lagging``), not refused.
    was = {(s.schema, s.name) for s in expected.sequences if s.behind}
    problems += [
        f"sequence {s.schema}.{s.name} is behind its column's maximum"
        for s in actual.sequences
        if s.behind and (s.schema, s.name) not in was
    ]
    known = {(s.schema, s.name): s for s in actual.sequences}
    for sequence in expected.sequences:
        now = known.get((sequence.schema, sequence.name))
        if now is None:
            problems.append(f"sequence {sequence.schema}.{sequence.name} is missing")
        elif not sequence.fits(now.last_value):
            problems.append(
                f"sequence {sequence.schema}.{sequence.name} stands at {now.last_value}, expected {sequence.last_value}"
            )
    for what, one, other in (
        ("extension", {n for n, _ in expected.extensions}, {n for n, _ in actual.extensions}),
        ("constraint or index", set(expected.constraints), set(actual.constraints)),
        *((("owner or grant", set(expected.grants), set(actual.grants)),) if owners else ()),
    ):
        problems += [f"{what} is missing: {item}" for item in sorted(one - other)]
    return problems


def lagging(facts: DatabaseFacts) -> list[str]:
    """Sequences whose next value would collide with a row, one line each, with what to do."""
    return [
        f"sequence {s.schema}.{s.name} stands at {s.last_value or 'its start'}, "
        f"{s.owner_table}.{s.owner_column} goes up to {s.column_max}: inserts may collide; setval it"
        for s in facts.sequences
        if s.behind
    ]
