"""What is shown of the ring of lines: filter, highlight, matches; typed live, searched in slices between keys."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from textual import events
from textual.widgets import Input

from veza_tui.feeds.logs.buffer import Ring
from veza_tui.feeds.logs.match import Matcher
from veza_tui.model.errors import VezaError
from veza_tui.model.log import Source
from veza_tui.tui.presentation.logs import name_cells
from veza_tui.tui.presentation.spans import Line
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.log import LogView
from veza_tui.tui.widgets.prompt import Prompt

MOST_LINES = 200_000
MOST_BYTES = 64 << 20
SLICE = 0.008
"""Seconds of searching the buffer before keys are looked at again."""
PAINTS = 0.1
"""Seconds between two looks at how far the search is."""


class LogSearchScreen(VezaScreen):
    """The ring, the window on it, and what is looked for in it. Subclasses fill the ring."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring(MOST_LINES, MOST_BYTES)
        self.sources: dict[int, Source] = {}
        self._filter = self._mark = ""
        self._problem = ""
        self._matchers: dict[str, Matcher] = {}
        self._scan: asyncio.Task[Any] | None = None

    @property
    def named(self) -> bool:
        """Whether lines show where they come from."""
        return True

    def paint_title(self) -> None:
        """The line above the lines."""

    def empty_lines(self) -> list[Line]:
        """What stands there while no line does."""
        return []

    @property
    def searching(self) -> bool:
        """Whether the buffer is being looked through."""
        return self._scan is not None and not self._scan.done()

    def stop_searching(self) -> None:
        """Leave it."""
        if self._scan is not None:
            self._scan.cancel()

    @property
    def view(self) -> LogView:
        """The lines."""
        return self.query_one(LogView)

    @property
    def prompt(self) -> Prompt:
        """Where one types."""
        return self.query_one(Prompt)

    def _relook(self) -> None:
        matchers = []
        for pattern in (self._filter, self._mark):
            matcher = self._matcher(pattern)
            if matcher is not None:
                matchers.append(matcher)
        cells = name_cells(self.sources, self.size.width)
        self.view.set_look(replace(self.view.look, names=self.named, name_cells=cells, matchers=tuple(matchers)))

    def _matcher(self, text: str) -> Matcher | None:
        known = self._matchers
        if not text or text == "!":
            return None
        if text not in known:
            if len(known) > 8:
                known.clear()
            known[text] = Matcher(text.removeprefix("!"), invert=text.startswith("!"))
        return known[text]

    def typed_ahead(self, event: events.Key) -> bool:
        """What is typed right after a key that opens the prompt belongs into it."""
        return self.is_mounted and self.prompt.typed_ahead(event)

    # --- filter and highlight -------------------------------------------------------------------------------------

    def edit_filter(self) -> None:
        """``/``: type; lines that do not match disappear at once."""
        self.prompt.ask("filter", "/", "regular expression; !pattern hides what matches", self._filter)

    def edit_mark(self) -> None:
        """``h``: what matches is marked, nothing disappears."""
        self.prompt.ask(
            "mark", "highlight", "regular expression; n and N go to the next and the one before", self._mark
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        """Live."""
        event.stop()
        if self.prompt.kind == "filter":
            self.set_filter(event.value)
        elif self.prompt.kind == "mark":
            self.set_mark(event.value)

    def set_filter(self, text: str) -> None:
        """Show only lines that match (``!`` in front: that do not); empty for all."""
        try:
            matcher = self._matcher(text)
            self._problem = ""
        except VezaError as error:
            # While it is typed it is often no expression yet: the last good one stays.
            self._problem = error.message
            self.paint_title()
            return
        if text == self._filter:
            self.paint_title()
            return
        self._filter = text
        self.ring.use(matcher)
        if self._scan is not None:
            self._scan.cancel()
        self._scan = self.veza.spawn(self._search()) if matcher is not None else None
        self._relook()
        self.view.update()
        self.paint_title()

    async def _search(self) -> None:
        """Newest first, in slices between which keys are answered."""
        stop, paint = time.monotonic() + SLICE, time.monotonic() + PAINTS / 4
        for _ in self.ring.scan():
            now = time.monotonic()
            if now >= stop:
                if now >= paint:
                    self.view.update()
                    paint = now + PAINTS
                await asyncio.sleep(0.002)
                stop = time.monotonic() + SLICE
        self._scan = None
        self.view.set_empty(self.empty_lines())
        self.view.update()
        self.paint_title()

    def set_mark(self, text: str) -> None:
        """Highlight what matches."""
        try:
            self._matcher(text)
            self._problem = ""
        except VezaError as error:
            self._problem = error.message
            self.paint_title()
            return
        self._mark = text
        self._relook()
        self.paint_title()

    def next_match(self, direction: int) -> None:
        """To the next line (1) or the one before (-1) that the highlight, or the filter, marks."""
        try:
            matcher = self._matcher(self._mark or self._filter)
        except VezaError:
            matcher = None
        if matcher is None:
            self.veza.tell("nothing is highlighted: h types what")
            return
        self.veza.spawn(self._find(matcher, direction))

    async def _find(self, matcher: Matcher, direction: int) -> None:
        at = self.view.current
        if at is None:
            return
        if self.view.following and direction < 0:
            at = self.ring.end
        step = self.ring.shown_after if direction > 0 else self.ring.shown_before
        stop = time.monotonic() + SLICE
        found = step(at)
        while found is not None:
            line = self.ring.line(found)
            if line is not None and matcher.matches(line):
                self.view.go_to(found)
                self.paint_title()
                return
            if time.monotonic() > stop:
                await asyncio.sleep(0.002)
                stop = time.monotonic() + SLICE
            found = step(found)
        self.veza.tell("no further match" if direction > 0 else "no match before this one")
