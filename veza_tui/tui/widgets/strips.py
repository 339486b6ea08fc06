"""Lines of spans become strips; what differs between two strips is found, so that only that is sent."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from veza_tui.tui.presentation.spans import Line, Span, merged_blanks, pad
from veza_tui.tui.themes import Palette


class Painter:
    """Styles of one palette, ready to paint with."""

    def __init__(self, palette: Palette, *, ascii_only: bool = False) -> None:
        self.palette = palette
        self._ascii = ascii_only
        self._base = palette.base_style
        self._styles: dict[tuple[str, bool], Style] = {}

    def style(self, role: str, *, cursor: bool = False) -> Style:
        """The whole style of a role, background included."""
        key = (role, cursor)
        style = self._styles.get(key)
        if style is None:
            style = self._base + self.palette.style(role)
            if cursor:
                # A reversed row in many colours is a patchwork: there it has one.
                style = (
                    self._base + self.palette.cursor_style if self.palette.flat else style + self.palette.cursor_style
                )
            self._styles[key] = style
        return style

    def strip(self, line: Iterable[Span], cells: int, *, cursor: bool = False) -> Strip:
        """A strip of exactly ``cells`` cells."""
        spans = merged_blanks(pad(tuple(line), cells))
        segments: list[Segment] = []
        for span in spans:
            if self._ascii and not span.text.isascii():
                span = span._replace(text=to_ascii(span.text))
            style = self.style(span.role, cursor=cursor)
            if segments and segments[-1].style == style:
                segments[-1] = Segment(segments[-1].text + span.text, style)
            else:
                segments.append(Segment(span.text, style))
        return Strip(segments, cells)


_NEAREST = str.maketrans({"…": "~", "“": '"', "”": '"', "’": "'", "–": "-", "—": "-", "→": ">", "·": "|", "␛": "^"})


def to_ascii(text: str) -> str:
    """``text`` in as many cells, of ASCII characters alone."""
    near = text.translate(_NEAREST)
    return near if near.isascii() else "".join(c if c.isascii() else "?" * cell_len(c) for c in near)


def changed_region(old: Strip, new: Strip, y: int) -> Region | None:
    """What must be sent to turn ``old`` into ``new``: from the line's start to the last cell that differs."""
    if old == new:
        return None
    return Region(0, y, max(1, _last_difference(old, new)), 1)


def _last_difference(old: Strip, new: Strip) -> int:
    length = max(old.cell_length, new.cell_length)
    if old.cell_length != new.cell_length:
        return length
    for (text, style, _), (other, other_style, _) in zip(
        reversed(old._segments), reversed(new._segments), strict=False
    ):
        if style != other_style:
            return length
        if text != other:
            if text.isascii() and other.isascii() and len(text) == len(other):
                same = next(i for i, (a, b) in enumerate(zip(reversed(text), reversed(other), strict=True)) if a != b)
                return length - same
            return length
        length -= Segment(text).cell_length
    return length


def click_at(line: Line, x: int) -> str:
    """What a click on cell ``x`` of the line does; empty for nothing."""
    for span in line:
        x -= Segment(span.text).cell_length
        if x < 0:
            return span.click
    return ""
