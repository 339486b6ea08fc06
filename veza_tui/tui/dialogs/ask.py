"""Asks for one line of text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from veza_tui.model.errors import VezaError
from veza_tui.tui.dialogs.base import Dialog
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.widgets.sheet import Sheet

Check = Callable[[str], None]
"""Raises VezaError when the text cannot be used; its line is shown and the dialog stays."""


class AskScreen(Dialog[str]):
    """Enter answers, escape gives an empty text."""

    settle = 0.0
    takes_text = True

    def __init__(self, title: str, lines: tuple[str, ...], value: str, check: Check | None, secret: bool) -> None:
        super().__init__()
        self._title_text = title
        self._about = lines
        self._value = value
        self._check = check
        self._secret = secret

    def compose(self) -> ComposeResult:
        """Title, a line or two of help, the input, the reason why not."""
        with Vertical(classes="dialog"):
            yield Sheet(self.veza.painter, id="question")
            field = Input(value=self._value, password=self._secret, compact=True, select_on_focus=False)
            field.cursor_blink = False
            yield field
            yield Sheet(self.veza.painter, id="why", fixed=1)

    def on_mount(self) -> None:
        """The input has the focus: nothing can be answered by mistake, it is text."""
        super().on_mount()
        cells = max(30, min(76, self.app.size.width - 8))
        for sheet in self.query(Sheet):
            sheet.styles.width = cells
        lines: list[Line] = [(Span(clean(self._title_text, 120), "strong"),), EMPTY]
        lines += [(Span(clean(line, 200), "dim"),) for line in self._about]
        self.query_one("#question", Sheet).set_lines(lines)
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it when it can be used."""
        text = event.value.strip()
        if not text:
            return
        if self._check is not None:
            try:
                self._check(text)
            except VezaError as error:
                self.query_one("#why", Sheet).set_lines([(Span(clean(str(error), 300), "bad"),)])
                return
        self.dismiss(text)

    def on_key(self, event: events.Key) -> None:
        """Escape: never mind."""
        if event.key == "escape":
            event.stop()
            self.dismiss("")


async def ask(
    screen_app: object,
    title: str,
    *lines: str,
    value: str = "",
    check: Check | None = None,
    secret: bool = False,
) -> str:
    """Ask and wait, from a task; the text, or empty when the person thought better of it."""
    from veza_tui.tui.app import VezaApp

    assert isinstance(screen_app, VezaApp)
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def done(result: str | None) -> None:
        if not answer.done():
            answer.set_result(result or "")

    screen_app.push_screen(AskScreen(title, lines, value, check, secret), done)
    return await answer
