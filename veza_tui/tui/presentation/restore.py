"""The guided restore's pages as rows and lines: one decision a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.moment import spoken
from veza_tui.model.release import Release
from veza_tui.model.restore import Check, Loss, Part
from veza_tui.tui.presentation.ages import calm_age, moment
from veza_tui.tui.presentation.backups import check_lines, loss_lines
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, clip, counted


class Page(IntEnum):
    """The decisions, in order."""

    WHEN = 0
    BACKUP = 1
    PARTS = 2
    CHECKS = 3
    HOW = 4


QUESTIONS = {
    Page.WHEN: "What happened, and when?",
    Page.BACKUP: "Which backup?",
    Page.PARTS: "What is to come back?",
    Page.CHECKS: "Is it safe, and what would be lost?",
    Page.HOW: "How?",
}
HINTS = {
    Page.WHEN: "enter chooses: the backup from just before that moment is proposed",
    Page.BACKUP: "the proposed one is marked; enter takes the one under the cursor",
    Page.PARTS: "space switches a line on or off, enter goes on",
    Page.CHECKS: "nothing has been touched yet; enter goes on, esc goes back",
    Page.HOW: "space switches, enter shows the plan and asks for the last word",
}

HINT_LINE = 4
"""Where the hint stands in ``stepper``'s lines."""

CHOICES = (
    Column("what", "WHAT", 30, flexible=True, comfortable=30),
    Column("when", "WHEN", 12),
    Column("note", "NOTE", 10, flexible=True, drop=1),
)


@dataclass
class Choices:
    """What the person has decided so far."""

    backup: str = ""
    moment: float | None = None
    parts: set[Part] = field(default_factory=lambda: {Part.DATABASE})
    tables: set[str] = field(default_factory=set)
    scale: bool = False
    flush_cache: bool = False

    def switch(self, key: str) -> None:
        """The line with that key on or off; whole database and single tables exclude each other."""
        if key == "scale":
            self.scale = not self.scale
        elif key == "flush":
            self.flush_cache = not self.flush_cache
        elif key.startswith("table:"):
            self.tables ^= {key.removeprefix("table:")}
            self.parts.add(Part.DATABASE)
        elif key == "part:database" and self.tables:
            self.tables.clear()
        elif key.startswith("part:"):
            self.parts ^= {Part(key.removeprefix("part:"))}


def stepper(page: Page, environment: str, glyphs: Glyphs, cells: int) -> list[Line]:
    """Where we are, the question, and what the keys do."""
    dots: list[Span] = []
    for other in Page:
        role = "ok" if other < page else "strong" if other == page else "faint"
        sign = glyphs.ok if other < page else glyphs.unread if other == page else glyphs.unknown
        dots.append(Span(f"{sign} ", role))
    note: Line = (Span(clean(environment, 60), "strong"), Span(f"  step {page + 1} of {len(Page)} ", "dim"))
    return [
        EMPTY,
        heading("RESTORE", note, cells, glyphs, right=tuple(dots)),
        EMPTY,
        (Span(f"  {QUESTIONS[page]}", "strong"),),
        clip((Span(f"  {HINTS[page]}", "dim"),), cells),
        EMPTY,
    ]


def moment_line(at: float, proposed: str, cells: int) -> Line:
    """The moment as it was understood, with its zone, and whether there is a backup from before it."""
    if proposed:
        return clip((Span(f"  It happened {spoken(at)}: the backup from before it is marked", "dim"),), cells)
    return clip((Span(f"  NONE IS FROM BEFORE {spoken(at)}: these may hold the damage", "bad"),), cells)


def when_rows(releases: Sequence[Release], now: float, glyphs: Glyphs) -> list[Row]:
    """Just now, before one of the last deploys, or a time."""
    point = Span(glyphs.arrow, "key")
    rows = [
        Row("now", point, (Span("It was noticed just now: take the newest backup", "strong"), Span(""), Span(""))),
    ]
    for release in releases[:6]:
        images = " ".join(sorted({i.rpartition(":")[2] for c in release.images.values() for i in c.values()}))
        rows.append(
            Row(f"deploy {release.number}", point,
                (Span(f"Before deploy {release.number}"), Span(f"{moment(release.at, now)}", "dim"),
                 Span(clean(f"{release.kind} {images} {'' if release.good else 'failed'}", 80), "dim")))
        )  # fmt: skip
    rows.append(Row("time", point, (Span("At a time that I type …"), Span(""), Span("14:05, 2h ago", "dim"))))
    return rows


def backup_note(record: BackupRecord, now: float, *, proposed: bool, older: float | None = None) -> Line:
    """What taking this backup would lose, and whether it is the proposed one; ``older``: minutes of a proven one."""
    lost = f"what was written in the last {calm_age(now - record.at)} is not in it"
    over = f"; a proven one is {calm_age(older * 60)} older" if older is not None else ""
    return (Span("proposed: " if proposed else "", "ok"), Span(lost + over, "dim"))


def part_rows(record: BackupRecord, choices: Choices, glyphs: Glyphs) -> list[Row]:
    """Database (whole, or some tables), configuration, secrets; what the backup does not hold is not offered."""
    names = {path for path, _ in record.files}
    rows = []
    dump = record.manifest.dump if record.manifest else None
    if record.has_database:
        whole = Part.DATABASE in choices.parts and not choices.tables
        rows.append(_switch("part:database", "The whole database", whole, glyphs,
                            "one key undoes it"))  # fmt: skip
    for part, suffix in ((Part.CONFIGURATION, ".yaml"), (Part.SECRETS, ".env")):
        if any(n == record.environment + suffix or n == f"{record.environment}{suffix}.age" for n in names):
            what = f"{part.value.capitalize()}: {record.environment}{suffix}"
            rows.append(_switch(f"part:{part.value}", what, part in choices.parts, glyphs, "the present file is kept"))
    rows += [
        _switch(
            f"table:{table.key}",
            f"Only table {clean(table.key, 60)}",
            table.key in choices.tables,
            glyphs,
            counted(table.rows, "row"),
        )
        for table in (dump.database.tables if dump else ())
        # A materialised view has no rows of its own to put back.
        if table.digest
    ]
    return rows


def how_rows(choices: Choices, services: int, glyphs: Glyphs) -> list[Row]:
    """Drain or not; flush the cache or not: asked each time, never silently."""
    rows = []
    if Part.DATABASE in choices.parts and not choices.tables:
        rows.append(_switch("scale", f"Stop the {services} services around the swap", choices.scale, glyphs,
                            "outage longer than 2 s"))  # fmt: skip
    if Part.DATABASE in choices.parts:
        rows.append(_switch("flush", "Empty the cache afterwards", choices.flush_cache, glyphs,
                            "it may contradict the data"))  # fmt: skip
    rows.append(Row("go", Span(glyphs.arrow, "key"), (Span("Show the plan", "strong"), Span(""), Span(""))))
    return rows


def check_page(checks: Sequence[Check], losses: Sequence[Loss], minutes: float | None, cells: int, glyphs: Glyphs, *,
               full: bool = True) -> list[Line]:  # fmt: skip
    """The preflight and what would be lost; not ``full``: the checks stand beside it."""
    lines: list[Line] = []
    if minutes is not None:
        old = f"The backup is {calm_age(minutes * 60)} old: what was written since is not in it."
        lines += [(Span(f"  {part}", "warn"),) for part in wrapped(old, cells - 2)]
        lines.append(EMPTY)
    if losses:
        # What does not change is told in one line: the page shall fit a small terminal.
        changed = [loss for loss in losses if loss.then != loss.now or not full]
        if changed:
            lines += loss_lines(changed, cells, glyphs, words=("THEN", "NOW"))
        if len(losses) > len(changed):
            lines.append(
                (
                    Span(
                        f"  {counted(len(losses) - len(changed), 'table has', 'tables have')} as many rows then as now",
                        "dim",
                    ),
                )
            )
        lines.append(EMPTY)
    if not full:
        return lines
    lines += check_lines([c for c in checks if c.ok is not True], cells, glyphs)
    good = [c.name for c in checks if c.ok is True]
    for number, part in enumerate(
        wrapped(f"{counted(len(good), 'check')} passed: {', '.join(good)}", cells - 6) if good else ()
    ):
        lines.append((Span("  "), Span(glyphs.ok if not number else " ", "ok"), Span(f" {part}", "dim")))
    return lines


def _switch(key: str, text: str, on: bool, glyphs: Glyphs, note: str) -> Row:
    sign = Span(glyphs.ok if on else glyphs.unknown, "ok" if on else "faint")
    return Row(key, sign, (Span(text, "strong" if on else "text"), Span(""), Span(note, "dim")))
