"""Beside the pages of the guided restore: the backup an answer leads to, and what has been decided so far. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from veza_tui.model.catalogue import BackupRecord, proposable
from veza_tui.model.moment import spoken
from veza_tui.model.release import Release
from veza_tui.model.restore import Check, Loss, Part, propose
from veza_tui.tui.presentation.ages import calm_age, local_zone, moment
from veza_tui.tui.presentation.backup_details import backup_details
from veza_tui.tui.presentation.backups import check_lines
from veza_tui.tui.presentation.facts import Fact, fact_lines
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.restore import Choices, Page
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, counted

_ROOM = 8
"""Lines from which the backup stands below what has been decided."""
_SAID = (
    ("14:05", "the last time that it was five past two here"),
    ("yesterday 14:05", "the day before"),
    ("2h ago, 30m ago", "counted back from now"),
    ("2026-01-31 14:05", "a day and a time; with UTC behind it, in UTC"),
)
"""How a time may be typed, and how it is understood."""


class Found(Protocol):
    """What is needed of ``operations.restore.plan.Looked``."""

    @property
    def checks(self) -> Sequence[Check]: ...
    @property
    def losses(self) -> Sequence[Loss]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a person is in the guided restore."""

    page: Page
    key: str
    """Of the answer under the cursor."""
    choices: Choices
    records: Sequence[BackupRecord] | None
    """None while they are being read."""
    releases: Sequence[Release]
    looked: Found | None
    """What the preflight found."""

    def named(self, name: str) -> BackupRecord | None:
        """The backup of that name."""
        return next((r for r in self.records or () if r.name == name), None)


def page_details(seen: Seen, now: float, cells: int, rows: int, glyphs: Glyphs, *, beside: bool) -> list[Line]:
    """What the answer under the cursor leads to; on the later pages what has been decided."""
    if seen.page is Page.WHEN:
        return _before(seen, now, cells, rows, glyphs, beside=beside)
    if seen.page is Page.BACKUP:
        chosen = seen.named(seen.key)
        return backup_details(chosen, now, cells, rows, glyphs) if chosen is not None else []
    checks, losses = (seen.looked.checks, seen.looked.losses) if seen.looked is not None else ((), ())
    if seen.page is Page.CHECKS:
        return checks_in_full(checks, cells, glyphs) if checks else []
    record = seen.named(seen.choices.backup)
    lines = decided(seen.page, seen.choices, record, losses, now, cells, glyphs)
    room = rows - len(lines) - 1
    if record is None or not beside or room < _ROOM:
        return lines
    return [*lines, EMPTY, *backup_details(record, now, cells, room, glyphs)]


def _before(seen: Seen, now: float, cells: int, rows: int, glyphs: Glyphs, *, beside: bool) -> list[Line]:
    if seen.key == "time":
        return time_lines(cells, glyphs)
    if seen.records is None:
        return []
    release = next((r for r in seen.releases if seen.key == f"deploy {r.number}"), None)
    name = propose(proposable(seen.records), now if release is None else release.at) or ""
    lines = release_lines(release, now, cells, glyphs) if release is not None and beside else []
    return [*lines, *proposal(seen.named(name), now, cells, rows - len(lines), glyphs)]


def release_lines(release: Release, now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    """Who brought in what: whether that was the moment when it went wrong."""
    number = (Span(str(release.number), "strong"),)
    facts = [
        Fact("when", f"{moment(release.at, now)} {local_zone()}, {calm_age(now - release.at)} ago"),
        Fact("who", release.who),
        Fact("why", release.reason),
        Fact("ended", "well" if release.good else "it failed", "ok" if release.good else "bad"),
    ]
    images = [Fact("images" if not i else "", release.image_of(d)) for i, d in enumerate(sorted(release.images))]
    return [heading("THE DEPLOY", number, cells, glyphs), *fact_lines([*facts, *images], cells), EMPTY]


def time_lines(cells: int, glyphs: Glyphs) -> list[Line]:
    """How a time may be typed."""
    facts = [Fact(said, meant) for said, meant in _SAID]
    return [heading("A TIME", (Span(f"in {local_zone()}", "dim"),), cells, glyphs), *fact_lines(facts, cells, names=16)]


def proposal(record: BackupRecord | None, now: float, cells: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """The backup that an answer leads to."""
    if record is None:
        return [
            heading("THE BACKUP", (), cells, glyphs),
            (Span("  None is from before that moment: all may hold the damage.", "bad"),),
        ]
    lost: Line = (Span(f"  What was written in the last {calm_age(now - record.at)} is not in it.", "warn"),)
    shown = backup_details(record, now, cells, rows - 1, glyphs)
    return [shown[0], lost, *shown[1:]]


def decided(
    page: Page, choices: Choices, record: BackupRecord | None, losses: Sequence[Loss], now: float, cells: int,
    glyphs: Glyphs
) -> list[Line]:  # fmt: skip
    """What has been decided on the pages before this one, and on this one."""
    facts: list[Fact] = []
    if choices.moment is not None:
        facts.append(Fact("happened", spoken(choices.moment)))
    if record is not None:
        proof = "proven" if record.proven else "never proven: this run does it before anything live is touched"
        facts.append(Fact("backup", f"{clean(record.name, 40)}, {proof}", "ok" if record.proven else "warn"))
        facts.append(Fact("lost", f"what was written in the last {calm_age(now - record.at)}", "warn"))
    facts.append(Fact("comes back", _parts(choices), "strong"))
    if losses:
        facts.append(Fact("rows", _rows(losses)))
    if page is Page.HOW and Part.DATABASE in choices.parts:
        if not choices.tables:
            stop = "stopped around the swap, and started again: an outage longer than 2 s"
            run = "run on: an outage below 2 s, sessions are ended once"
            facts.append(Fact("services", stop if choices.scale else run))
        kept = "kept as it is: it may hold what the restored data contradicts"
        facts.append(Fact("cache", "emptied afterwards" if choices.flush_cache else kept))
        facts.append(Fact("way back", "the present database is set aside; one key swaps it back"
                          if not choices.tables else "the present rows are kept in a schema of their own"))  # fmt: skip
    return [heading("DECIDED SO FAR", (), cells, glyphs), *fact_lines(facts, cells)]


def _parts(choices: Choices) -> str:
    words: list[str] = []
    if choices.tables:
        words.append(f"only {counted(len(choices.tables), 'table')}: {', '.join(sorted(choices.tables))}")
    elif Part.DATABASE in choices.parts:
        words.append("the whole database")
    words += [part.value for part in (Part.CONFIGURATION, Part.SECRETS) if part in choices.parts]
    return ", ".join(words) or "nothing yet: space switches a line on"


def _rows(losses: Sequence[Loss]) -> str:
    found = [loss.difference for loss in losses if loss.difference]
    back, lost = sum(d for d in found if d > 0), -sum(d for d in found if d < 0)
    if not found:
        return "as many as now in every table"
    comes = f"{back:,} {'comes' if back == 1 else 'come'} back" if back else ""
    goes = f"{lost:,} {'is' if lost == 1 else 'are'} lost" if lost else ""
    return ", ".join(words for words in (comes, goes) if words)


def checks_in_full(checks: Sequence[Check], cells: int, glyphs: Glyphs) -> list[Line]:
    """Every check with what it found, the bad ones first."""
    order = {False: 0, None: 1, True: 2}
    note = (Span(f"{sum(1 for c in checks if c.ok)} of {len(checks)} passed", "dim"),)
    ordered = sorted(checks, key=lambda check: order[check.ok])
    return [heading("CHECKS", note, cells, glyphs), *check_lines(ordered, cells, glyphs)]
