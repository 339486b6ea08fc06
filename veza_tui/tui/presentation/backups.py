"""Backups as rows and lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from veza_tui.model.catalogue import CLOCK_SKEW, BackupRecord
from veza_tui.model.environment import Environment
from veza_tui.model.restore import Check, Loss
from veza_tui.model.sizes import size_text
from veza_tui.tui.presentation.ages import calm_age, moment
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.spans import Line, Span, clean, clip, counted, fit, line_width

_BYTES = re.compile(r"\b(\d{1,3}(?:,\d{3})*)(?: bytes\b|(?= wanted\b))")

COLUMNS = (
    Column("name", "BACKUP", 15, comfortable=15),
    Column("age", "AGE", 5, comfortable=6, align="right"),
    Column("size", "SIZE", 6, comfortable=8, align="right"),
    Column("rows", "ROWS", 5, drop=2, align="right"),
    Column("proof", "PROOF", 8, comfortable=12),
    Column("kind", "KIND", 6, drop=4),
    Column("note", "NOTE", 8, flexible=True, drop=1),
)


def backup_row(record: BackupRecord, now: float, glyphs: Glyphs) -> Row:
    """One backup: its sign says proven, not proven, or damaged."""
    proof, role, sign = "not proven", "dim", Span(glyphs.unknown, "unknown")
    if record.problem:
        proof, role, sign = "damaged", "bad", Span(glyphs.failed, "bad")
    elif record.proven and record.proof is not None:
        proof, role, sign = f"proven {moment(record.proof.at, now)}", "ok", Span(glyphs.ok, "ok")
    elif record.manifest is None:
        proof, role = "no manifest", "warn"
    dump = record.manifest.dump if record.manifest else None
    rows = f"{sum(t.rows for t in dump.database.tables):,}" if dump else glyphs.dash
    kind = record.manifest.kind if record.manifest else "script"
    reason = record.manifest.reason if record.manifest else "the script's"
    note = record.problem or ("before a restore" if record.safety else reason)
    held = f"held: {record.hold.reason}" if record.hold else ""
    return Row(
        record.name,
        sign,
        (
            Span(clean(record.name, 40), "strong"),
            Span(calm_age(now - record.at)),
            Span(size_text(record.size)),
            Span(rows, "dim"),
            Span(proof, role),
            Span(clean(kind, 12), "dim"),
            Span(clean(held or note, 200), "bad" if record.problem else "warn" if held else "dim"),
        ),
    )


def sizes_line(records: Sequence[BackupRecord], cells: int, glyphs: Glyphs) -> Line:
    """Sizes as a sparkline, oldest first: a backup half as large as yesterday's is seen at once."""
    sizes = [r.size for r in reversed(records) if r.has_database and not r.problem][-cells:]
    if len(sizes) < 2:
        return ()
    top = max(sizes) or 1
    last = len(glyphs.spark) - 1
    return (Span("sizes ", "dim"), Span("".join(glyphs.spark[round(s / top * last)] for s in sizes), "spark"))


def objective_line(environment: Environment, records: Sequence[BackupRecord], now: float) -> Line:
    """Whether the newest proven backup is young enough for the environment's objective (RPO)."""
    objective = environment.backup.rpo_minutes * 60
    proven = [r for r in records if r.proven and r.has_database]
    if not proven:
        return (Span("no backup of the database is proven", "bad" if environment.production else "warn"),)
    old = now - max(r.at for r in proven)
    if old < -CLOCK_SKEW:
        return (Span("the newest proven backup has a date in the future: check the clocks", "bad"),)
    if old > objective:
        return (Span(f"newest proven backup {calm_age(old)} old, the objective is {calm_age(objective)}", "bad"),)
    return (Span(f"newest proven backup {calm_age(old)} old", "ok"), Span(f", objective {calm_age(objective)}", "dim"))


def check_lines(checks: Sequence[Check], cells: int, glyphs: Glyphs) -> list[Line]:
    """The preflight, one check after the other, in full."""
    signs = {True: Span(glyphs.ok, "ok"), False: Span(glyphs.failed, "bad"), None: Span(glyphs.unknown, "warn")}
    lines: list[Line] = []
    for check in checks:
        role = "dim" if check.ok else "bad" if check.ok is False else "warn"
        parts = wrapped(rounded(check.detail), cells - 36)
        lines += [
            (Span("  "), signs[check.ok] if not number else Span(" "),
             Span(f" {fit(check.name if not number else '', 30)} ", "text" if check.ok else "strong"), Span(part, role))
            for number, part in enumerate(parts)
        ]  # fmt: skip
    return lines


def rounded(text: str) -> str:
    """``76,586,369,024 bytes free, 65,056,102 wanted`` as ``77 GB free, 65 MB wanted``: read in one look."""
    return _BYTES.sub(lambda found: size_text(int(found[1].replace(",", ""))), text)


def loss_lines(losses: Sequence[Loss], cells: int, glyphs: Glyphs, *, words: tuple[str, str]) -> list[Line]:
    """Rows per table, then and now; tables that differ first."""
    ordered = sorted(losses, key=lambda loss: (loss.then == loss.now, loss.table))
    marks = [_difference(loss) for loss in ordered]
    # As wide as what stands in them: the words at the end are what a person reads first.
    counts = 2 + max(len(word) for word in (*words, *(_count(n, glyphs) for lo in losses for n in (lo.then, lo.now))))
    named = max((len(clean(loss.table, 60)) for loss in losses), default=0)
    names = max(20, min(named, cells - 3 - 2 * counts - max((line_width(m) for m in marks), default=0)))
    then, now = (fit(word, counts, align="right") for word in words)
    lines: list[Line] = [(Span(f"  {fit('TABLE', names)} {then}{now}", "title"),)]
    for loss, mark in zip(ordered, marks, strict=True):
        row = (
            Span(f"  {fit(clean(loss.table, 60), names)} ", "text" if mark else "dim"),
            Span(fit(_count(loss.then, glyphs), counts, align="right"), "strong" if mark else "dim"),
            Span(fit(_count(loss.now, glyphs), counts, align="right"), "text" if mark else "dim"),
        )
        lines.append(clip((*row, *mark), cells))
    return lines


def _difference(loss: Loss) -> Line:
    difference = loss.difference
    if difference is None:
        return (Span("  only then" if loss.now is None else "  only now", "warn"),)
    if not difference:
        return ()
    back = "back" if difference > 0 else "lost"
    return (Span(f"  {counted(abs(difference), 'row')} {back}", "ok" if difference > 0 else "warn"),)


def _count(rows: int | None, glyphs: Glyphs) -> str:
    return glyphs.dash if rows is None else f"{rows:,}"
