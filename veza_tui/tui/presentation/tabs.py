"""The tab bar: every environment with glyph, word and colour of its state; problems not yet looked at are marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, apart, clean, fit, line_width


@dataclass(frozen=True, slots=True)
class TabFace:
    """What a tab shows. ``state`` is (glyph, word, role)."""

    name: str
    production: bool
    state: tuple[str, str, str]
    unread: int = 0
    active: bool = False


def shown_name(name: str, production: bool) -> str:
    """Production always in capitals."""
    return clean(name.upper() if production else name, 60)


def tab_bar(tabs: Sequence[TabFace], user: str, cells: int, glyphs: Glyphs) -> Line:
    """One line of ``cells`` cells; says less, in steps, when there is little room. The active tab is always in it."""
    right: Line = (Span(f"{clean(user, 24)} ", "dim"),) if user else EMPTY
    for level in range(6):
        pieces = [_tab(tab, i, level, glyphs) for i, tab in enumerate(tabs)]
        brand = (Span(" veza ", "brand"),) if level < 2 else EMPTY
        left = (*brand, *(span for piece in pieces for span in (Span(" "), *piece)))
        tail = right if level == 0 else EMPTY
        if line_width(left) + (line_width(tail) + 2 if tail else 0) <= cells:
            return apart(left, tail, cells)
    return _window([_tab(tab, i, 5, glyphs) for i, tab in enumerate(tabs)], tabs, cells, glyphs)


def _tab(tab: TabFace, index: int, level: int, glyphs: Glyphs) -> Line:
    """Up to 2 everything; 3: no air; 4: words only where not ok; 5: names cut, words only on the active tab."""
    glyph, word, role = tab.state
    click = f"tab:{index}"
    number = f" {index + 1} " if index < 9 else " "
    name = shown_name(tab.name, tab.production)
    if level == 5:
        name = fit(name, min(len(name), 12))
    if (level == 4 and word == "ok" and not tab.active) or (level == 5 and not tab.active):
        word = ""
    if tab.active:
        base = "tab-production" if tab.production else "tab-active"
        # The state's own colour would drown on the production tab's red.
        return (
            Span(number, f"{base}-dim", click),
            Span(f"{name} ", base, click),
            Span(f"{glyph} {word} ", base if tab.production else f"{base}-{role}", click),
        )
    base = "production" if tab.production else "tab"
    # Few spans are few bytes: every tab is sent again when one of them changes.
    air = level < 3
    spans = [
        Span(f"{number if air else number.lstrip()}{name} ", base, click),
        Span(f"{glyph} {word}".rstrip(), role, click),
    ]
    if tab.unread:
        spans.append(Span(f" {glyphs.unread}{tab.unread}", "unread", click))
    return (*spans, Span(" ", "text", click)) if air else tuple(spans)


def _window(pieces: Sequence[Line], tabs: Sequence[TabFace], cells: int, glyphs: Glyphs) -> Line:
    active = next((i for i, tab in enumerate(tabs) if tab.active), 0)
    first = last = active
    room = cells - 6

    def used(a: int, b: int) -> int:
        return sum(line_width(p) for p in pieces[a : b + 1])

    grew = True
    while grew:
        grew = False
        if last + 1 < len(pieces) and used(first, last + 1) <= room:
            last, grew = last + 1, True
        if first > 0 and used(first - 1, last) <= room:
            first, grew = first - 1, True
    before = (Span(f" {glyphs.less} ", "dim", f"tab:{first - 1}"),) if first else (Span("   "),)
    after = (Span(f" {glyphs.more} ", "dim", f"tab:{last + 1}"),) if last + 1 < len(pieces) else EMPTY
    return apart((*before, *(s for p in pieces[first : last + 1] for s in p)), after, cells)
