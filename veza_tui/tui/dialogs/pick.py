"""Chooses one of a few by arrows, number or enter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from veza_tui.tui.dialogs.base import Dialog
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, clip
from veza_tui.tui.widgets.sheet import Sheet


class PickScreen(Dialog[str]):
    """``choices`` are (key, what is shown beside it); escape gives an empty text."""

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title_text = title
        self._choices = tuple(choices)
        self._index = 0

    def compose(self) -> ComposeResult:
        """Title and choices."""
        with Vertical(classes="dialog"):
            yield Sheet(self.veza.painter, id="pick")

    def on_mount(self) -> None:
        """Nothing to focus: keys come to the screen."""
        super().on_mount()
        self._paint()

    def _paint(self) -> None:
        cells = max(30, min(76, self.app.size.width - 8))
        sheet = self.query_one("#pick", Sheet)
        sheet.styles.width = cells
        lines: list[Line] = [(Span(clean(self._title_text, 120), "strong"),), EMPTY]
        for i, (key, note) in enumerate(self._choices):
            here = i == self._index
            mark = Span(f"{self.veza.glyphs.cursor if here else ' '} ", "cursor-mark")
            lines.append(
                clip((mark, Span(f"{i + 1} ", "key"), Span(clean(key, 80), "strong" if here else "text"),
                      Span(f"  {clean(note, 120)}", "dim")), cells)
            )  # fmt: skip
        sheet.set_lines(lines)

    def on_key(self, event: events.Key) -> None:
        """Arrows, j and k, a number, enter, escape."""
        event.stop()
        if event.key == "escape":
            self.dismiss("")
        elif event.key == "enter":
            self.dismiss(self._choices[self._index][0])
        elif event.key in ("down", "j", "up", "k"):
            step = 1 if event.key in ("down", "j") else -1
            self._index = (self._index + step) % len(self._choices)
            self._paint()
        elif event.key.isdigit() and 0 < int(event.key) <= len(self._choices):
            self.dismiss(self._choices[int(event.key) - 1][0])


async def pick(screen_app: object, title: str, choices: Sequence[tuple[str, str]]) -> str:
    """Ask and wait, from a task; the key chosen, or empty."""
    from veza_tui.tui.app import VezaApp

    assert isinstance(screen_app, VezaApp)
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def done(result: str | None) -> None:
        if not answer.done():
            answer.set_result(result or "")

    screen_app.push_screen(PickScreen(title, choices), done)
    return await answer
