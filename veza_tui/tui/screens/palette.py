"""The command palette: actions, environments and themes by a few letters. A list in memory, nothing is searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from veza_tui.model.text import every_word
from veza_tui.tui.actions import Situation, applies
from veza_tui.tui.dialogs.base import Dialog
from veza_tui.tui.presentation.spans import Line, Span, apart, clean, clip
from veza_tui.tui.registry import available
from veza_tui.tui.themes import PALETTES
from veza_tui.tui.widgets.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Command:
    """One entry; ``target`` is ``do:ID``, ``tab:N`` or ``theme:NAME``; ``reason`` says why it is not possible."""

    title: str
    key: str
    target: str
    reason: str = ""


def matching(commands: Sequence[Command], text: str) -> list[Command]:
    """Entries that hold every word, those that begin with the text first."""
    has = every_word(text)
    found = [c for c in commands if has(f"{c.title} {c.key}")]
    return sorted(found, key=lambda c: (bool(c.reason), not c.title.casefold().startswith(text.casefold().strip())))


def command_line(command: Command, cells: int, *, chosen: bool, marker: str) -> Line:
    """One entry's line."""
    role = "dim" if command.reason else "strong" if chosen else "text"
    left = (Span(f"{marker if chosen else ' '} ", "cursor-mark"), Span(clean(command.title, 120), role))
    if command.reason:
        return clip((*left, Span(f"  {clean(command.reason, 120)}", "faint")), cells)
    return apart(left, (Span(f"{command.key} ", "key"),), cells)


class PaletteScreen(Dialog[None]):
    """Type, choose, enter."""

    settle = 0.0
    takes_text = True
    ROWS = 12

    def __init__(self, about: Situation) -> None:
        super().__init__()
        self._about = about
        self._index = 0
        self._found: list[Command] = []
        self._commands = self._all()

    def compose(self) -> ComposeResult:
        """The input and the entries."""
        with Vertical(classes="dialog", id="palette"):
            field = Input(placeholder="command, environment or theme", compact=True, select_on_focus=False)
            field.cursor_blink = False
            yield field
            yield Sheet(self.veza.painter, fixed=self.ROWS)

    def on_mount(self) -> None:
        """Everything is listed before the first letter."""
        super().on_mount()
        sheet = self.query_one(Sheet)
        sheet.styles.width = max(30, min(72, self.app.size.width - 8))
        self.query_one(Input).focus()
        self.call_after_refresh(self._show)

    def _all(self) -> list[Command]:
        at, app = self._about, self.veza
        commands = [
            Command(f"Go to {tab.name}", str(i + 1) if i < 9 else "", f"tab:{i}") for i, tab in enumerate(app.tabs)
        ]
        commands += [
            Command(action.title, action.shown, f"do:{action.id}", action.enabled(at) or "")
            for action in available()
            if action.palette and applies(action, at)
        ]
        if not app.no_color:
            commands += [Command(f"Theme: {p.title}", "", f"theme:{p.name}") for p in PALETTES.values() if not p.plain]
        return commands

    def _show(self) -> None:
        sheet = self.query_one(Sheet)
        cells = sheet.size.width or 40
        self._found = matching(self._commands, self.query_one(Input).value)
        self._index = max(0, min(self._index, len(self._found) - 1))
        top = max(0, min(self._index - self.ROWS + 2, len(self._found) - self.ROWS))
        marker = self.veza.glyphs.cursor
        lines = [
            command_line(command, cells, chosen=top + i == self._index, marker=marker)
            for i, command in enumerate(self._found[top : top + self.ROWS])
        ]
        sheet.set_lines(lines or [(Span("  nothing is called that", "dim"),)])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Each letter narrows."""
        self._index = 0
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run what is chosen."""
        if not self._found:
            return
        command = self._found[self._index]
        if command.reason:
            self.veza.tell(command.reason)
            return
        self.dismiss(None)
        kind, _, target = command.target.partition(":")
        if kind == "tab":
            self.veza.activate(int(target))
        elif kind == "theme":
            self.veza.set_palette(target)
        else:
            self.veza.do(target)

    def on_key(self, event: events.Key) -> None:
        """Arrows choose, escape closes."""
        steps = {"down": 1, "ctrl+n": 1, "up": -1, "ctrl+p": -1, "pagedown": self.ROWS, "pageup": -self.ROWS}
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key in steps and self._found:
            event.stop()
            event.prevent_default()
            self._index = max(0, min(self._index + steps[event.key], len(self._found) - 1))
            self._show()
