"""How the lines are looked at: where the window stands, wrapped or not, readable or raw, with times or without."""

from __future__ import annotations

from dataclasses import replace

from veza_tui.feeds.logs.times import moment, stamp_at
from veza_tui.tui.screens.log_search import LogSearchScreen
from veza_tui.tui.widgets.log import LogView

SHIFT = 16
"""Cells by which unwrapped lines are moved at once."""


class LogWindowScreen(LogSearchScreen):
    """Moves and switches of the window on the ring; nothing here changes what is read."""

    def move(self, by: int) -> None:
        """The cursor."""
        self.view.move(by)
        self.paint_title()

    def move_page(self, pages: int) -> None:
        """The cursor by pages."""
        self.view.move_page(pages)
        self.paint_title()

    def move_edge(self, *, first: bool) -> None:
        """The oldest line; or the newest, and follow."""
        self.view.first() if first else self.view.follow()
        self.paint_title()

    def on_log_view_moved(self, event: LogView.Moved) -> None:
        """The mouse."""
        event.stop()
        self.paint_title()

    def switch(self, what: str) -> None:
        """Timestamps, wrap or raw, on and off."""
        look = self.view.look
        if what == "timestamps":
            look = replace(look, timestamps=not look.timestamps)
        elif what == "wrap":
            look = replace(look, wrap=not look.wrap, offset=0)
        else:
            look = replace(look, raw=not look.raw)
        self.view.set_look(look)
        self.paint_title()

    def shift(self, direction: int) -> None:
        """Unwrapped lines to the left or to the right."""
        look = self.view.look
        if look.wrap:
            self.veza.tell("lines are wrapped: z unwraps them")
            return
        self.view.set_look(replace(look, offset=max(0, look.offset + direction * SHIFT)))

    def jump(self, text: str) -> None:
        """To the first line that is not older than a time."""
        when = moment(text, self.veza.services.clock.now())
        if when is None:
            self.veza.tell(f"{text!r} is no time: 12:03, 12:03:30", bad=True)
            return
        number = self.ring.at_time(stamp_at(when))
        shown = None if number is None else self.ring.shown_after(number - 1)
        if shown is None:
            self.veza.tell("there is no line as late as that: this is the end")
            self.view.follow()
        else:
            if number == self.ring.first and self.ring.first == shown:
                self.veza.tell("this is the oldest line here; S reads from an earlier time")
            self.view.show_at_top(shown)
        self.paint_title()
