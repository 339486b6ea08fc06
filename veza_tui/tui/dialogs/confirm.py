"""The one confirmation: shows what will happen, and asks as hard as the case deserves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input

from veza_tui.model.plan import Change
from veza_tui.tui.dialogs.base import Dialog
from veza_tui.tui.presentation.changes import change_lines
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.widgets.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``typed`` non-empty is a name that must be typed; else ``y`` or the button answers."""

    title: str
    lines: tuple[str, ...] = ()
    """What the person must know: expected outage, what would be lost."""
    changes: tuple[Change, ...] = ()
    steps: tuple[str, ...] = ()
    yes: str = "Yes"
    """What the button says: the verb, for example ``Deploy``."""
    typed: str = ""
    danger: bool = False
    """Production, or something that cannot be taken back."""


def question_lines(question: Question, cells: int, glyphs: Glyphs) -> list[Line]:
    """The question's text, in ``cells`` cells."""
    lines: list[Line] = [(Span(clean(question.title, 200), "production" if question.danger else "strong"),), EMPTY]
    for text in question.lines:
        lines += [(Span(part),) for part in wrapped(text, cells)]
    if question.changes:
        lines += [EMPTY, (Span("CHANGES", "heading"), Span(f" {len(question.changes)}", "dim"))]
        for change in question.changes:
            lines += change_lines(change, cells, glyphs)
    if question.steps:
        lines += [EMPTY, (Span("STEPS", "heading"),)]
        for number, step in enumerate(question.steps, 1):
            lines += [(Span(part),) for part in wrapped(f"{number}. {step}", cells)]
    return lines


class ConfirmScreen(Dialog[bool]):
    """``await app.push_screen_wait(ConfirmScreen(question))`` (in a worker) or a callback: True only for a clear yes.

    Cancel has the focus; escape and ``n`` say no; ``y`` says yes when nothing must be typed.
    """

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The text, the input when a name must be typed, the buttons."""
        question = self._question
        with Vertical(classes="dialog -danger" if question.danger else "dialog"):
            with VerticalScroll(can_focus=False):
                yield Sheet(self.veza.painter, id="question")
            yield Sheet(self.veza.painter, id="more", fixed=1)
            if question.typed:
                ask = Sheet(self.veza.painter, fixed=1)
                ask.set_lines([(Span("Type "), Span(clean(question.typed), "strong"), Span(" to go on:"))])
                yield ask
                field = Input(compact=True, select_on_focus=False)
                field.cursor_blink = False
                yield field
            with Horizontal():
                yield Button("Cancel", id="no")
                yield Button(question.yes, id="yes", disabled=bool(question.typed))

    def on_mount(self) -> None:
        """Cancel has the focus."""
        super().on_mount()
        # The wheel and the scroll bar move it too.
        self.watch(self.query_one(VerticalScroll), "scroll_y", self._say_more, init=False)
        self._fill()
        self.query_one("#no", Button).focus()

    def on_resize(self) -> None:
        """Wrap anew."""
        self._fill()

    def _fill(self) -> None:
        cells = max(30, min(100, self.app.size.width - 8))
        sheet = self.query_one("#question", Sheet)
        sheet.styles.width = cells
        # However long the plan is, the field and the buttons stay in sight.
        below = 7 if self._question.typed else 5
        self.query_one(VerticalScroll).styles.max_height = max(4, self.app.size.height * 9 // 10 - 2 - below)
        for other in self.query(Sheet):
            other.styles.width = cells
        # The scroll bar stands over the last cells.
        sheet.set_lines(question_lines(self._question, cells - 2, self.veza.glyphs))
        self.call_after_refresh(self._say_more)

    def _say_more(self) -> None:
        """Whoever is asked is told that there is more to read, and how."""
        scroll = self.query_one(VerticalScroll)
        left = round(scroll.max_scroll_y - scroll.scroll_y)
        line: Line = (Span("pgdn", "key"), Span(f" {left} more lines below" if left > 1 else " one more line", "warn"))
        self.query_one("#more", Sheet).set_lines([line if left > 0 else EMPTY])

    @property
    def _typed(self) -> bool:
        return not self._question.typed or self.query_one(Input).value == self._question.typed

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button wakes when the name is right."""
        self.query_one("#yes", Button).disabled = not self._typed

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter after the right name says yes; after a wrong one, nothing."""
        if self._typed:
            self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The buttons."""
        if event.button.id == "no":
            self.dismiss(False)
        elif self._typed:
            self.dismiss(True)

    def begins(self, event: events.Key) -> bool:
        """Whoever starts to type the name means the field; ``n`` says no, unless the name begins so."""
        if not self._question.typed or isinstance(self.focused, Input):
            return False
        if not event.is_printable or not event.character or event.key == "space":
            return False
        field = self.query_one(Input)
        if event.key == "n" and not field.value and not self._question.typed.startswith("n"):
            return False
        field.insert_text_at_cursor(event.character)
        # At once: the letters behind it are on their way, and would be lost between the button and the field.
        self.set_focus(field)
        return True

    def on_key(self, event: events.Key) -> None:
        """Answers by key; the arrows move between the fields."""
        typing = isinstance(self.focused, Input)
        if event.key == "escape" or (event.key == "n" and not typing):
            event.stop()
            self.dismiss(False)
        elif event.key == "y" and not typing and not self._question.typed:
            event.stop()
            self.dismiss(True)
        elif event.key in ("pagedown", "pageup", "ctrl+d", "ctrl+u"):
            event.stop()
            text = self.query_one(VerticalScroll)
            by = max(1, text.size.height - 1)
            text.scroll_relative(y=by if event.key in ("pagedown", "ctrl+d") else -by, animate=False)
            self.call_after_refresh(self._say_more)
        elif event.key in ("left", "up") and not typing:
            event.stop()
            self.focus_previous()
        elif event.key in ("right", "down") and not typing:
            event.stop()
            self.focus_next()


async def confirm(screen_app: object, question: Question) -> bool:
    """Ask and wait, from a task (handlers run in one): True only for a clear yes."""
    import asyncio

    from veza_tui.tui.app import VezaApp

    assert isinstance(screen_app, VezaApp)
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def done(result: bool | None) -> None:
        if not answer.done():
            answer.set_result(bool(result))

    screen_app.push_screen(ConfirmScreen(question), done)
    return await answer


def shown_steps(titles: Sequence[str]) -> tuple[str, ...]:
    """Step titles as a question shows them."""
    return tuple(clean(title, 200) for title in titles)
