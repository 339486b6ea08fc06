"""From a key or a chosen action to its handler, or to the reason why it is not possible here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.tui.actions import applies, by_id, table
from veza_tui.tui.registry import handled, handler

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp


def dispatch(app: VezaApp, action: str, key: str = "") -> None:
    """Run an action of the table, or say why not; ``key`` is the one that was pressed, empty for none."""
    if action == "tab" and key.isdigit():
        app.activate(int(key) - 1)
        return
    at = app.veza_screen.situation()
    entry = by_id(action)
    if key:
        # One key may mean another thing on a screen of its own: what is named for that screen wins.
        same = [a for a in table() if key in a.keys and handled(a.id) and applies(a, at)]
        entry = min(same, key=lambda a: not a.screens, default=entry)
    if not handled(entry.id) or not applies(entry, at):
        return
    if (reason := entry.enabled(at)) is not None:
        app.tell(f"{entry.title}: {reason}")
        return
    work = handler(entry.id)(app, at)
    if work is not None:
        app.spawn(work)
