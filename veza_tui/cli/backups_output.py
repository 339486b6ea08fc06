"""How `veza-tui backups` prints the catalogue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from veza_tui.cli import output
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.sizes import finer_size_text
from veza_tui.operations.backup.policy import age, judge, newest_of, rpo_warning
from veza_tui.ports.storage import HOLD

if TYPE_CHECKING:
    from veza_tui.model.catalogue import BackupRecord
    from veza_tui.model.environment import Environment
    from veza_tui.operations.backup.catalogue import Catalogue


def print_list(found: Sequence[tuple[str, Callable[[], tuple[Environment, Catalogue]]]], *, as_json: bool) -> int:
    """The catalogue, newest first; warnings about the objective on stderr.

    Of several environments, those whose storage answers; what kept the others away is told, and is the exit code.

    Raises:
        VezaError: the storage of the only one does not answer.
    """
    now = time.time()
    records: dict[tuple[str, str], BackupRecord] = {}
    warnings: dict[str, str] = {}
    problems: dict[str, str] = {}
    code = Exit.DONE
    for name, open_catalogue in found:
        try:
            environment, catalogue = open_catalogue()
            own = catalogue.records(environment.name)
        except VezaError as error:
            if len(found) == 1:
                raise
            problems[name], code = str(error), error.exit
            continue
        records.update({(catalogue.storage.label, r.name): r for r in own})
        if environment.backup.with_database:
            warning = rpo_warning(newest_of(own), environment.backup.rpo_minutes, now)
            if warning:
                warnings[environment.name] = warning
    ordered = sorted(records.values(), key=lambda r: (r.at, r.name), reverse=True)
    if as_json:
        told = {"problems": problems} if problems else {}
        output.data_json({"backups": [r.to_json() for r in ordered], "warnings": warnings, **told})
    else:
        _print_table(ordered, now)
        if not ordered and not problems:
            output.progress("no backups")
        for name, warning in warnings.items():
            output.warn(f"{name}: {warning}")
    for name, problem in problems.items():
        output.progress(f"veza-tui: {name}: {problem}")
    return code


def _print_table(ordered: Sequence[BackupRecord], now: float) -> None:
    rows: list[tuple[str, ...]] = [("NAME", "ENVIRONMENT", "AGE", "SIZE", "DATABASE", "STATE", "HELD", "NOTE")]
    rows += [_row(r, now) for r in ordered]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows if ordered else []:
        output.data("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]).rstrip())


def _row(record: BackupRecord, now: float) -> tuple[str, ...]:
    dump = record.manifest.dump if record.manifest else None
    database = f"{dump.format}{' age' if dump.encrypted else ''}" if dump else ("plain" if record.has_database else "-")
    return (
        record.name,
        record.environment or "?",
        age(now - record.at) if record.at else "?",
        finer_size_text(record.size),
        database,
        record.state,
        "held" if record.hold else "",
        record.note,
    )


def print_show(environment: Environment, catalogue: Catalogue, name: str, *, check: bool, as_json: bool) -> int:
    """Everything about one backup; with ``check`` every byte is read, exit 1 when something is wrong."""
    record = catalogue.get(name)
    damages = [str(d) for d in catalogue.check(name, environment.name)] if check else None
    if as_json:
        manifest = record.manifest.to_json() if record.manifest else None
        output.data_json({**record.to_json(), "manifest": manifest, "damages": damages})
    else:
        for line in _lines(record):
            output.data(line)
        for damage in damages or ():
            output.progress(damage)
    if damages is None:
        return Exit.DONE
    if not as_json:
        output.progress(_wrong(len(damages)))
    return Exit.FAILED if damages else Exit.DONE


def _wrong(count: int) -> str:
    return f"{count} thing{'s are' if count > 1 else ' is'} wrong" if count else "every byte is as it was written"


def _lines(record: BackupRecord) -> list[str]:
    lines = [
        f"name         {record.name}",
        f"environment  {record.environment or 'unknown'}",
        f"state        {record.state}" + (f": {record.note}" if record.note else ""),
        f"size         {finer_size_text(record.size)}",
    ]
    if record.hold:
        lines.append(
            f"held         by {record.hold.who or '?'}" + (f": {record.hold.reason}" if record.hold.reason else "")
        )
    if record.proof and record.proven:
        proof = record.proof
        lines.append(
            f"proven       {_time(proof.at)} by {proof.who} on {proof.server}:"
            f" {proof.rows:,} rows in {proof.seconds:.1f} s"
        )
    manifest = record.manifest
    if manifest:
        lines.append(
            f"made         {_time(manifest.started)} in {manifest.ended - manifest.started:.1f} s by {manifest.who}"
        )
        if manifest.reason:
            lines.append(f"reason       {manifest.reason}")
        lines.append(f"cluster      {manifest.cluster.get('server', '')} {manifest.cluster.get('namespace', '')}")
        if manifest.dump:
            dump = manifest.dump
            lines += [
                f"database     {dump.database.name} on {dump.server.host}:{dump.server.port},"
                f" PostgreSQL {dump.server.version}, LSN {dump.lsn or 'unknown'}",
                f"dump         {dump.format}, {dump.compression}, pg_dump {dump.client_version}"
                + (", encrypted" if dump.encrypted else ""),
            ]
            lines += [f"  {t.rows:>12,}  {t.key}" for t in dump.database.contents]
    lines.append("files")
    lines += [f"  {finer_size_text(size):>12}  {path}" for path, size in record.files]
    return lines


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def print_prune(
    environment: Environment, catalogue: Catalogue, *, yes: bool, confirm: str, as_json: bool, read_only: bool
) -> int:
    """What retention keeps and removes; removes only with ``--yes`` or ``--confirm ENV``."""
    if confirm and confirm != environment.name:
        raise ConfigError(f"--confirm {confirm!r} does not confirm this", hint=f"it must be {environment.name}")
    really = yes or bool(confirm)
    if really and read_only:
        raise RefusedError("read-only: no backup is removed")
    # Only those that are surely this environment's own.
    own = [r for r in catalogue.records(environment.name) if r.environment == environment.name]
    verdicts = judge(own, environment.backup.retention, time.time())
    removed = []
    for at, verdict in enumerate(verdicts):
        if not verdict.keep and really:
            kept = _since(catalogue, verdict.record.name)
            if kept:
                verdicts[at] = verdict = replace(verdict, keep=True, why=kept)
            else:
                audit(environment.name, "prune", verdict.record.name, verdict.why)
                catalogue.storage.remove(verdict.record.name)
                removed.append(verdict.record.name)
        if not as_json:
            what = "keep" if verdict.keep else ("removed" if really else "would remove")
            output.data(f"{what:<13} {verdict.record.name}  {finer_size_text(verdict.record.size):>9}  {verdict.why}")
    if as_json:
        output.data_json(
            {
                "dry_run": not really,
                "backups": [{"name": v.record.name, "keep": v.keep, "why": v.why} for v in verdicts],
                "removed": removed,
            }
        )
    gone = sum(v.record.size for v in verdicts if not v.keep)
    if not really:
        output.progress(f"nothing was removed; --yes would free {finer_size_text(gone)}")
    return Exit.DONE


def _since(catalogue: Catalogue, name: str) -> str:
    """Why it is not to be removed after all: with many to go, others may have been there meanwhile."""
    try:
        return "held meanwhile" if catalogue.storage.stat(name).has(HOLD) else ""
    except ConfigError:
        return "gone meanwhile"


def audit(environment: str, what: str, name: str, reason: str) -> None:
    """Who held, released or removed which backup: written before it is done."""
    from veza_tui import wiring
    from veza_tui.operations.audit import Record
    from veza_tui.operations.who import current_person

    record = Record(
        "intent", current_person(), environment=environment, kind=f"backup-{what}", reason=reason, detail=name
    )
    wiring.audit_log().append(record)
