"""Starts a forward: the pod under the cursor and the environment's presets, and the ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from veza_tui.model.errors import VezaError
from veza_tui.model.forward import ForwardSpec
from veza_tui.tui.dialogs.base import Dialog
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, clip, fit
from veza_tui.tui.widgets.sheet import Sheet

ROWS = 9


@dataclass(frozen=True, slots=True)
class Choice:
    """One line; without a spec it cannot be forwarded to and ``paste`` says how it is reached."""

    name: str
    leads_to: str
    spec: ForwardSpec | None
    why: str = ""
    paste: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The answer: a choice and the ports as written."""

    choice: Choice
    ports: str


class ForwardDialog(Dialog[Wanted]):
    """Up and down choose, the ports can be written over, enter starts, escape leaves."""

    settle = 0.0

    def __init__(
        self,
        environment: str,
        choices: Sequence[Choice],
        propose: Callable[[ForwardSpec], str],
        check: Callable[[str], None],
        *,
        chosen: str = "",
        ports: str = "",
        problem: str = "",
    ) -> None:
        super().__init__()
        self._environment = environment
        self._choices = tuple(choices)
        self._propose = propose
        self._check = check
        self._index = next((i for i, c in enumerate(choices) if c.name == chosen), 0)
        self._ports = ports
        self._problem = problem

    def compose(self) -> ComposeResult:
        """Title, choices, the ports, what is to be known of the choice."""
        with Vertical(classes="dialog"):
            yield Sheet(self.veza.painter, id="choices")
            field = Input(compact=True, select_on_focus=False)
            field.cursor_blink = False
            yield field
            yield Sheet(self.veza.painter, id="why", fixed=3)

    def on_mount(self) -> None:
        """The ports have the focus; letters never choose by mistake."""
        super().on_mount()
        for sheet in self.query(Sheet):
            sheet.styles.width = self._cells
        self.query_one(Input).focus()
        self._moved(keep=self._ports)

    @property
    def _cells(self) -> int:
        return max(40, min(90, self.app.size.width - 8))

    @property
    def _choice(self) -> Choice:
        return self._choices[self._index]

    def _moved(self, *, keep: str = "") -> None:
        spec = self._choice.spec
        field = self.query_one(Input)
        field.value = keep or (self._propose(spec) if spec else "")
        field.cursor_position = len(field.value)
        field.disabled = spec is None
        if spec is not None:
            field.focus()
        self._paint()

    def _paint(self) -> None:
        cells, count, glyphs = self._cells, len(self._choices), self.veza.glyphs
        top = max(0, min(self._index - ROWS // 2, count - ROWS))
        lines: list[Line] = [
            (Span("Forward a local port to", "strong"), Span(f" {glyphs.dot} {clean(self._environment, 40)}", "dim")),
            EMPTY,
        ]
        width = max(len(clean(c.name, 40)) for c in self._choices)
        for i in range(top, min(count, top + ROWS)):
            choice, here = self._choices[i], i == self._index
            mark = Span(f"{glyphs.cursor if here else ' '} ", "cursor-mark")
            role = "faint" if choice.spec is None else "strong" if here else "text"
            lines.append(
                clip(
                    (mark, Span(fit(clean(choice.name, 40), width), role), Span(f"  {clean(choice.leads_to)}", "dim")),
                    cells,
                )
            )
        lines += [EMPTY, (Span("[LOCAL:]REMOTE port, on 127.0.0.1", "dim"),)]
        self.query_one("#choices", Sheet).set_lines(lines)
        self._paint_why()

    def _paint_why(self) -> None:
        choice, cells = self._choice, self._cells
        if self._problem:
            lines: list[Line] = [(Span(part, "bad"),) for part in wrapped(self._problem, cells)]
        elif choice.spec is None:
            lines = [(Span(clip_text(choice.why, cells), "warn"),), (Span(clip_text(choice.paste, cells)),)]
            lines.append((Span("enter copies that line, esc leaves", "dim"),))
        else:
            words = "asks how long, why and for the environment's name" if choice.spec.guarded else ""
            lines = [(Span(words, "warn"),), (Span("enter starts, up and down choose, esc leaves", "dim"),)]
        self.query_one("#why", Sheet).set_lines(lines[:3])

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong is being corrected."""
        if self._problem and event.value != self._ports:
            self._problem = ""
            self._paint_why()

    def on_key(self, event: events.Key) -> None:
        """Arrows choose whatever has the focus; enter answers."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key in ("up", "down"):
            event.stop()
            self._problem = ""
            self._index = (self._index + (1 if event.key == "down" else -1)) % len(self._choices)
            self._moved()
        elif event.key == "enter" and self._choice.spec is None:
            event.stop()
            self.dismiss(Wanted(self._choice, ""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Start, when the ports can be read."""
        event.stop()
        text = event.value.strip()
        try:
            self._check(text)
        except VezaError as error:
            self._problem, self._ports = str(error), event.value
            self._paint_why()
            return
        self.dismiss(Wanted(self._choice, text))


def clip_text(text: str, cells: int) -> str:
    """On one line."""
    return fit(clean(text), cells).rstrip()


async def ask_forward(screen_app: object, dialog: ForwardDialog) -> Wanted | None:
    """Show it and wait, from a task."""
    from veza_tui.tui.app import VezaApp

    assert isinstance(screen_app, VezaApp)
    answer: asyncio.Future[Wanted | None] = asyncio.get_running_loop().create_future()

    def done(result: Wanted | None) -> None:
        if not answer.done():
            answer.set_result(result)

    screen_app.push_screen(dialog, done)
    return await answer
