"""Releases as rows, and what changed from one to the next. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.plan import Change
from veza_tui.model.release import Release
from veza_tui.tui.presentation.ages import moment
from veza_tui.tui.presentation.changes import change_lines
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import Line, Span, clean

COLUMNS = (
    Column("number", "NO", 3, comfortable=3, align="right"),
    Column("when", "WHEN", 5, comfortable=6),
    Column("kind", "WHAT", 6, comfortable=8),
    Column("state", "STATE", 4, drop=3, comfortable=6),
    Column("who", "WHO", 4),
    Column("why", "WHY", 12, drop=2, flexible=True),
    Column("images", "IMAGES", 10, flexible=True),
)


def release_row(release: Release, now: float, glyphs: Glyphs, *, marked: bool = False) -> Row:
    """One release; images by their tags: what most have, then those that differ."""
    tags = {d: release.image_of(d).rpartition(":")[2] for d in sorted(release.images)}
    usual = max(tags.values(), key=list(tags.values()).count, default="")
    others = ", ".join(f"{d} {t}" for d, t in tags.items() if t != usual)
    text = f"{usual}, {others}" if others else usual
    kind = release.kind + (f" ({release.note})" if release.note else "")
    return Row(
        str(release.number),
        Span(glyphs.ok, "ok") if release.good else Span(glyphs.failed, "bad"),
        (
            Span(
                f"{release.number}{glyphs.cursor}" if marked else str(release.number), "accent" if marked else "strong"
            ),
            Span(moment(release.at, now), "dim"),
            Span(clean(kind, 40)),
            Span("good" if release.good else "failed", "ok" if release.good else "bad"),
            Span(clean(release.who, 30), "dim"),
            Span(clean(release.reason, 60), "dim"),
            Span(clean(text, 200)),
        ),
    )


def difference_lines(
    release: Release, before: Release | None, changes: Sequence[Change], gone: Sequence[str], cells: int, glyphs: Glyphs
) -> list[Line]:
    """What the release changed against the one before it."""
    parts = wrapped(f"{release.who}: {release.reason}", cells - 9) if release.reason else []
    why: list[Line] = [(Span("         " if i else "   why   ", "dim"), Span(part)) for i, part in enumerate(parts)]
    if before is None:
        note: Line = (Span(f"release {release.number} is the oldest that is kept", "dim"),)
        return [heading("CHANGES", note, cells, glyphs), *why]
    note = (Span(f"from release {before.number} to {release.number}", "dim"),)
    lines = [heading("CHANGES", note, cells, glyphs), *why]
    for change in changes:
        lines += [(Span("  "), *line) for line in change_lines(change, cells - 3, glyphs)]
    lines += [(Span(f"  {clean(name, 120)}: not in it any more", "warn"),) for name in gone]
    return lines if changes or gone else [*lines, (Span("   the same objects", "dim"),)]
