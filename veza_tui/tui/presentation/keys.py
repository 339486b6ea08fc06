"""Footer hints, help and the README's key table: all made of the action table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from veza_tui.tui.actions import BY_ID, Action, Group, Situation, Where, applies
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, apart, fit, line_width, width


def hint(action: Action) -> Line:
    """``l logs``."""
    click = f"do:{action.id}"
    return (Span(action.shown, "key", click), Span(f" {action.hint}", "hint", click))


def hints(actions: Iterable[Action], at: Situation, cells: int) -> Line:
    """The keys that help here, most useful first; the last ones go when it is narrow. Help stands at the right."""
    usable = [a for a in actions if a.hint and applies(a, at) and a.enabled(at) is None]
    usable.sort(key=lambda a: a.rank)
    right: Line = EMPTY
    left: list[Span] = [Span(" ")]
    for action in usable:
        if action.id == "help":
            right = (*hint(action), Span(" "))
    room = cells - line_width(right) - 2
    for action in usable:
        if action.id == "help" or (action.id == "back" and at.screen == "overview"):
            continue
        piece = hint(action)
        if line_width(left) + line_width(piece) > room:
            break
        left += [*piece, Span("  ")]
    return apart(left, right, cells)


def pod_hints(actions: Iterable[Action], at: Situation, ids: Sequence[str]) -> list[Line]:
    """Hints of the named actions, where they are possible."""
    known = {action.id for action in actions}
    return [hint(BY_ID[i]) for i in ids if i in known and BY_ID[i].enabled(at) is None]


def help_lines(actions: Iterable[Action], at: Situation, cells: int) -> list[Line]:
    """The help in one or two columns; what is not possible now says why."""
    shown = list(actions)
    blocks: list[list[Line]] = []
    columns = 2 if cells >= 76 else 1
    room = (cells - 2 * (columns - 1)) // columns
    for group in Group:
        members = [a for a in shown if a.group is group and a.shown]
        if not members:
            continue
        block: list[Line] = [(Span(group.value.upper(), "heading"),)]
        for action in members:
            reason = action.enabled(at) if applies(action, at) else "not on this screen"
            key = Span(fit(action.shown, 10), "key" if reason is None else "dim")
            if reason is None:
                block.append((Span(" "), key, Span(fit(action.title, room - 11).rstrip(), "text")))
            else:
                title = fit(action.title, room - 11).rstrip()
                left = room - 12 - width(title)
                why = fit(reason, left).rstrip() if left >= 12 else ""
                block.append((Span(" "), key, Span(title, "dim"), *((Span(f" {why}", "faint"),) if why else ())))
        blocks.append([*block, EMPTY])
    if columns == 1:
        return [line for block in blocks for line in block]
    return _two_columns(blocks, room)


def _two_columns(blocks: list[list[Line]], room: int) -> list[Line]:
    from veza_tui.tui.presentation.spans import beside

    total = sum(len(block) for block in blocks)
    left: list[Line] = []
    right: list[Line] = []
    for block in blocks:
        # In order, until the left column holds its half.
        (left if not right and len(left) + len(block) / 2 <= total / 2 else right).extend(block)
    return beside(left, right, room)


def keys_markdown(actions: Iterable[Action]) -> str:
    """The README's key table."""
    where = {
        Where.EVERYWHERE: "everywhere",
        Where.OVERVIEW: "overview",
        Where.POD: "pod",
        Where.LIST: "lists and texts",
    }
    rows = ["| Key | What it does | Where |", "| --- | --- | --- |"]
    rows += [f"| `{a.shown}` | {a.title} | {where[a.where]} |" for a in actions if a.shown]
    return "\n".join(rows) + "\n"
