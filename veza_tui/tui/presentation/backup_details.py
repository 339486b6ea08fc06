"""One backup, told whole: proof, hold, origin, rows of each table, files. Pure."""

from __future__ import annotations

from veza_tui.model.backup import DumpFacts
from veza_tui.model.catalogue import NO_MANIFEST, BackupRecord
from veza_tui.model.sizes import size_text
from veza_tui.tui.presentation.ages import local_zone, moment
from veza_tui.tui.presentation.facts import Fact, fact_lines
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, clip, counted, fit, width

_HOW = {"verify": "loaded and compared", "drill": "restored in a drill", "restore": "restored",
        "files": "every byte read"}  # fmt: skip

_LOW = 24
"""Lines below which the files are one line, and the tables come before where it all was."""


def backup_details(record: BackupRecord, now: float, cells: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """What `backups show` prints, in at most ``rows`` lines where tables or files would be more than fit."""
    name = (Span(clean(record.name, 40), "strong"),)
    lines: list[Line] = [heading("THE BACKUP", name, cells, glyphs)]
    low = rows < _LOW
    files = ", ".join(f"{path} {size_text(size)}" for path, size in _largest(record)[:2])
    # In one line, where there is no room for a line each.
    told = Fact("files", f"{len(record.files)}, {size_text(record.size)}: {files}" if low and record.files else "")
    lines += fact_lines([*_facts(record, now, low=low), told], cells)
    dump = record.manifest.dump if record.manifest else None
    if dump is not None:
        room = rows - len(lines) - 2 - (0 if low else 3 + min(len(record.files), 6))
        lines += _tables(dump, cells, room, glyphs) if room > 1 else []
    return lines if low else lines + _files(record, cells, max(3, rows - len(lines) - 2), glyphs)


def _largest(record: BackupRecord) -> list[tuple[str, int]]:
    return sorted(record.files, key=lambda f: (-f[1], f[0]))


def _facts(record: BackupRecord, now: float, *, low: bool) -> list[Fact]:
    manifest, proof, hold = record.manifest, record.proof, record.hold
    at = f"{moment(record.at, now)} {local_zone()}"
    facts: list[Fact] = []
    if record.problem:
        facts.append(Fact("DAMAGED", record.problem, "bad"))
    elif record.proven and proof is not None:
        rows = f", {proof.rows:,} rows in {counted(proof.tables, 'table')}" if proof.tables else ""
        said = (
            f"{_HOW.get(proof.how, proof.how)} {moment(proof.at, now)} in {proof.seconds:.1f} s{rows}, by {proof.who}"
        )
        facts.append(Fact("proven", said, "ok"))
    else:
        facts.append(Fact("not proven", "never loaded since it was made" if manifest else NO_MANIFEST, "warn"))
    if hold is not None:
        said = f"by {hold.who or '?'}" + (f": {hold.reason}" if hold.reason else "")
        facts.append(Fact("held", said, "warn"))
    if manifest is None:
        return [*facts, Fact("made", f"{at}, by the script or by hand" if record.at else "")]
    took = f" in {max(manifest.ended - manifest.started, 0):.1f} s" if manifest.ended else ""
    facts.append(Fact("made", f"{at}{took} by {manifest.who}"))
    facts.append(Fact("why", "the state before a restore" if record.safety else manifest.reason))
    if manifest.dump is not None:
        facts += _dump(manifest.dump)
    where = " ".join(v for v in (manifest.cluster.get("server", ""), manifest.cluster.get("namespace", "")) if v)
    return [*facts, Fact("cluster", "" if low else where, "dim")]


def _dump(dump: DumpFacts) -> list[Fact]:
    server, database = dump.server, dump.database
    packed = "" if dump.compression in ("", "0", "none") else f"compression {dump.compression}"
    how = ", ".join(w for w in (dump.format, packed, "encrypted" if dump.encrypted else "") if w)
    rows = counted(sum(t.rows for t in database.contents), "row")
    lsn = f", LSN {dump.lsn}" if dump.lsn else ""
    return [
        Fact("database", f"{database.name} on {server.host}:{server.port}, {rows}"),
        Fact("dump", f"{how}; pg_dump {dump.client_version}, PostgreSQL {server.version}{lsn}", "dim"),
    ]


def _tables(dump: DumpFacts, cells: int, room: int, glyphs: Glyphs) -> list[Line]:
    tables = sorted(dump.database.contents, key=lambda t: (-t.rows, t.key))
    if not tables:
        return []
    note = (Span(f"{len(tables)} {glyphs.dot} {counted(sum(t.rows for t in tables), 'row')}", "dim"),)
    most = max(len(f"{t.rows:,}") for t in tables)
    names = min(max(width(clean(t.key, 80)) for t in tables), cells - most - 24)
    lines: list[Line] = [EMPTY, heading("TABLES", note, cells, glyphs)]
    lines += [
        clip((Span(f"  {fit(clean(table.key, 80), names)}"), Span(f"  {table.rows:>{most},}", "strong"),
              Span("" if table.digest else "  rows only", "dim")), cells)
        for table in tables[: room if len(tables) <= room else room - 1]
    ]  # fmt: skip
    if len(tables) > room:
        lines.append((Span(f"  and {counted(len(tables) - room + 1, 'more table')}; P shows all", "dim"),))
    return lines


def _files(record: BackupRecord, cells: int, room: int, glyphs: Glyphs) -> list[Line]:
    files = _largest(record)
    note = (Span(f"{len(files)} {glyphs.dot} {size_text(record.size)}", "dim"),)
    lines: list[Line] = [EMPTY, heading("FILES", note, cells, glyphs)]
    for path, size in files[: room if len(files) <= room else room - 1]:
        lines.append(
            clip((Span(f"  {fit(size_text(size), 7, align='right')}  ", "dim"), Span(clean(path, 200))), cells)
        )
    if len(files) > room:
        lines.append((Span(f"  and {counted(len(files) - room + 1, 'more file')}", "dim"),))
    return lines
