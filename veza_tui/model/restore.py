"""Choosing a backup and judging whether it can be restored: pure data and pure checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from veza_tui.model.backup import DatabaseFacts, TableFacts

SIZE_FACTOR = 2
"""The scratch database and its indexes while they are built: free disk wanted, as a multiple of the dumped size."""


NAME_BYTES = 63
"""PostgreSQL cuts longer names without a word (source: PostgreSQL documentation, Identifiers; NAMEDATALEN)."""


def stem(live: str) -> str:
    """The part of the live database's name that its scratch and set-aside names begin with, so that they fit."""
    return live.encode()[: NAME_BYTES - len("_scratch_YYYYmmdd_HHMMSS")].decode(errors="ignore")


class Part(StrEnum):
    """What a restore can put back."""

    DATABASE = "database"
    CONFIGURATION = "configuration"
    SECRETS = "secrets"


@dataclass(frozen=True, slots=True)
class SetAside:
    """What a restore left on the server; ``at`` is unix seconds of the restore's start, ``size`` bytes."""

    name: str
    live: str
    at: float
    size: int
    kind: str = "before"
    """before: undo makes it live again; tables: a schema with the rows before chosen tables came back;
    undone: what an undo took away; scratch: of a restore that runs, or that was cut off."""

    @property
    def undoable(self) -> bool:
        """Whether `undo-restore` can go back to it."""
        return self.kind in ("before", "tables")


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What preflight learns of the server and the live database, in one look."""

    exists: bool
    size: int
    """Bytes of the live database, 0 when it does not exist."""
    owner: str
    user: str
    can_create: bool
    owns_live: bool
    superuser: bool
    version: str
    major: int
    system_identifier: str
    connections: int
    """Sessions on the live database, ours not counted."""
    foreign_sessions: tuple[str, ...]
    """Sessions that we may not end, one readable line each."""
    slots: tuple[str, ...]
    """Logical replication slots of the live database."""
    subscriptions: tuple[str, ...]
    publications: tuple[str, ...]
    prepared: tuple[str, ...]
    roles: frozenset[str]
    extensions: frozenset[str]
    """Names that CREATE EXTENSION could install."""
    databases: frozenset[str]
    free_disk: int | None
    """Bytes free where the data directory stands; None when it is on another machine or may not be asked."""
    may_become: frozenset[str] = frozenset()
    """Roles whose member the user is: what it may give things to. A superuser may give to all."""
    uncarried: tuple[str, ...] = ()
    """Settings of the live database that the user may not give to another one, ``name`` or ``role: name``."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the preflight: ``ok`` None means it could not be checked, and ``detail`` says why."""

    name: str
    ok: bool | None
    detail: str


def preflight(
    facts: TargetFacts,
    expected: DatabaseFacts | None,
    *,
    dump_major: int | None,
    client_major: int,
    dump_size: int,
    names: Sequence[str],
    backup_identifier: str = "",
    owners: bool = True,
    tables: bool = False,
) -> list[Check]:
    """Every check on the server, in the order they are shown; a restore goes on only when none is False."""
    wanted = SIZE_FACTOR * (expected.size if expected else dump_size)
    checks = [
        *_live(facts, tables),
        _check(
            "may create databases",
            facts.can_create or facts.superuser,
            f"{facts.user} has CREATEDB",
            f"{facts.user} has no CREATEDB: ALTER ROLE {facts.user} CREATEDB (as a superuser)",
        ),
        _version(facts, dump_major, client_major),
        _disk(facts, wanted),
        _none("prepared transactions", facts.prepared, "COMMIT or ROLLBACK PREPARED them first"),
        _none("logical replication slots", facts.slots, "drop them first; a renamed database would keep feeding them"),
        _none("subscriptions", facts.subscriptions, "disable and drop them first"),
        _none("sessions that we may not end", facts.foreign_sessions, "end them by hand or grant pg_signal_backend"),
        Check("sessions that will be ended", True, str(facts.connections)),
        _free_names(facts, names),
    ]
    if facts.publications:
        checks.append(
            Check("publications", None, f"{', '.join(facts.publications)}: come back only if the dump has them")
        )
    if facts.uncarried and not tables:
        checks.append(
            Check("settings of the database", None, f"{', '.join(facts.uncarried)}: {facts.user} may not set them; they"
                  " stay behind at the swap, and the line for a superuser is told then")
        )  # fmt: skip
    if not owners:
        checks.append(Check("owners and grants", None, f"left out: everything will belong to {facts.user}"))
    elif expected is not None:
        checks += _roles(facts, expected)
    if expected is not None:
        missing = sorted({name for name, _ in expected.extensions} - facts.extensions)
        checks.append(_none("extensions that the dump needs", missing, "install their packages on the server"))
    else:
        checks.append(Check("roles and extensions", None, "no manifest says which are needed; the load will tell"))
    if backup_identifier and facts.system_identifier and backup_identifier != facts.system_identifier:
        checks.append(
            Check("server identity", None, "the backup comes from another server (system identifier differs)")
        )
    return checks


def _live(facts: TargetFacts, tables: bool) -> list[Check]:
    if not facts.exists:
        if tables:
            return [Check("live database", False, "it does not exist: restore the whole database, not tables of it")]
        return [Check("live database", None, "it does not exist: it is created from the backup; no undo, no losses")]
    return [
        Check("live database", True, f"{facts.size:,} bytes"),
        _check(
            "owner",
            facts.owns_live or facts.superuser,
            f"{facts.user} may rename it",
            f"it belongs to {facts.owner}; only its owner may rename it, and we are {facts.user}",
        ),
    ]


def owners_in(facts: DatabaseFacts) -> frozenset[str]:
    """Roles that own something in it; the others are only granted something."""
    return frozenset(line.rpartition(" owner ")[2] for line in facts.grants if " owner " in line)


def _roles(facts: TargetFacts, expected: DatabaseFacts) -> list[Check]:
    missing = sorted(set(expected.roles) - facts.roles)
    foreign = [] if facts.superuser else sorted(owners_in(expected) & facts.roles - facts.may_become - {facts.user})
    return [
        _none("roles that the dump names", missing, "create them first, or leave owners and grants out (--no-owners)"),
        _none("owners that we may not act as", foreign, f"GRANT them to {facts.user}, or --no-owners"),
    ]


def _check(name: str, ok: bool, good: str, bad: str) -> Check:
    return Check(name, ok, good if ok else bad)


def _none(name: str, found: Iterable[str], todo: str) -> Check:
    names = list(found)
    return Check(name, not names, "none" if not names else f"{', '.join(names)}: {todo}")


def _version(facts: TargetFacts, dump_major: int | None, client_major: int) -> Check:
    if client_major < facts.major:
        return Check("versions", False, f"server {facts.version}, newest psql here {client_major}: install a newer one")
    if dump_major is None:
        return Check("versions", None, f"server {facts.version}; the backup does not say from which version it is")
    if dump_major > facts.major:
        return Check("versions", False, f"the dump is from PostgreSQL {dump_major}, the server is only {facts.version}")
    return Check("versions", True, f"dump {dump_major}, server {facts.version}, client {client_major}")


def _disk(facts: TargetFacts, wanted: int) -> Check:
    if facts.free_disk is None:
        return Check("disk", None, f"cannot be seen from here; {wanted:,} bytes should be free on the server")
    return _check(
        "disk",
        facts.free_disk >= wanted,
        f"{facts.free_disk:,} bytes free, {wanted:,} wanted",
        f"only {facts.free_disk:,} bytes free on the server, {wanted:,} wanted",
    )


def _free_names(facts: TargetFacts, names: Sequence[str]) -> Check:
    long = [n for n in names if len(n.encode()) > NAME_BYTES]
    if long:
        return Check("free names", False, f"{long[0]} is longer than PostgreSQL's {NAME_BYTES} bytes")
    return _none("free names", sorted(set(names) & facts.databases), "a database of that name is in the way")


@dataclass(frozen=True, slots=True)
class Loss:
    """What going back to a backup would lose in one table; None where one side is not known."""

    table: str
    then: int | None
    now: int | None

    @property
    def difference(self) -> int | None:
        """Rows then minus rows now: negative rows would be lost, positive come back."""
        return None if self.then is None or self.now is None else self.then - self.now


def losses(then: Sequence[TableFacts], now: Sequence[TableFacts]) -> list[Loss]:
    """Rows per table, in the backup and now, by table name."""
    one, other = {t.key: t.rows for t in then}, {t.key: t.rows for t in now}
    return [Loss(key, one.get(key), other.get(key)) for key in sorted(one.keys() | other.keys())]


def proof_tables(
    then: Sequence[TableFacts] | None, before: Sequence[TableFacts], now: Sequence[TableFacts]
) -> list[dict[str, str | int | bool | None]]:
    """A proof's rows: the backup's table, the one it replaced, the loaded one, and whether the contents were compared.

    ``then`` None: without a manifest the loaded rows are all that is known of the backup.
    """
    lost = {loss.table: loss for loss in losses(now if then is None else then, before)}
    loaded = {t.key: t for t in now}
    compared = {t.key for t in then or () if t.digest}
    return [
        {
            "table": name,
            "then": loss.then,
            "before": loss.now,
            "now": loaded[name].rows if name in loaded else None,
            "digest": name in compared,
        }
        for name, loss in sorted(lost.items())
    ]


def propose(backups: Iterable[tuple[str, float, bool]], before: float) -> str | None:
    """The newest backup taken before ``before`` (unix seconds), proven or not: every restore proves its backup before
    anything live is touched, so an older one that was proven would lose data for nothing.

    ``backups`` are (name, time its dump's snapshot was taken, proven). None when none is old enough.
    """
    fitting = [b for b in backups if b[1] <= before]
    return max(fitting, key=lambda b: (b[1], b[2], b[0]))[0] if fitting else None


def proven_instead(backups: Iterable[tuple[str, float, bool]], before: float) -> tuple[str, float]:
    """Where the proposed backup was never proven: the newest proven one, and how many minutes older it is; else empty.

    What to take when the run finds that the newest one does not restore.
    """
    fitting = [b for b in backups if b[1] <= before]
    newest = max(fitting, key=lambda b: (b[1], b[2], b[0]), default=None)
    proven = max((b for b in fitting if b[2]), key=lambda b: (b[1], b[0]), default=None)
    if newest is None or newest[2] or proven is None:
        return "", 0.0
    return proven[0], (newest[1] - proven[1]) / 60
