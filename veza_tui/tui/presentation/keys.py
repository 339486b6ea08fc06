"""Footer hints, help and the README's key table: all made of the action table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from veza_tui.tui.actions import Action, Group, Situation, Where, applies, by_id
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, apart, beside, fit, line_width, width

_RANKS = {
    # A failing pod's own line names p; what changes the environment is looked for here.
    ("overview", "previous"): 34,
    ("overview", "open"): 34,
    ("logs", "filter"): 1,
}
"""Where an action stands in the hints of one screen, when not where it stands everywhere."""


_WORDS = {
    ("restore", "open"): "go on",
    ("exercises", "open"): "start or stop",
    ("catalogue", "open"): "restore",
    ("pipeline", "open"): "output",
    ("compare drift", "compare.drift"): "compare",
}
"""What an action is called in the hints of one screen (or of one kind of it), when not what it is called everywhere."""


def hint(action: Action, screen: str = "", kind: str = "") -> Line:
    """``l logs``."""
    click = f"do:{action.id}"
    words = _WORDS.get((f"{screen} {kind}", action.id), _WORDS.get((screen, action.id), action.hint))
    return (Span(action.shown, "key", click), Span(f" {words}", "hint", click))


def hints(actions: Iterable[Action], at: Situation, cells: int) -> Line:
    """The keys that help here, most useful first; the last ones go when it is narrow. Help stands at the right."""
    # What leads to the screen in front does nothing on it.
    usable = [
        a for a in actions if a.hint and a.shown and a.id != at.screen and applies(a, at) and a.enabled(at) is None
    ]
    usable.sort(key=lambda a: _RANKS.get((at.screen, a.id), a.rank))
    right: Line = EMPTY
    left: list[Span] = [Span(" ")]
    for action in usable:
        if action.id == "help":
            right = (*hint(action), Span(" "))
    # Away from the overview the way back is always told.
    back = next((hint(a, at.screen) for a in usable if a.id == "back" and at.screen != "overview"), EMPTY)
    room = cells - line_width(right) - 2 - (line_width(back) + 2 if back else 0)
    for action in usable:
        if action.id in ("help", "back"):
            continue
        piece = hint(action, at.screen, at.kind)
        if line_width(left) + line_width(piece) > room:
            break
        left += [*piece, Span("  ")]
    return apart([*left, *back] if back else left[:-1], right, cells)


def pod_hints(actions: Iterable[Action], at: Situation, ids: Sequence[str]) -> list[Line]:
    """Hints of the named actions, where they are possible."""
    known = {action.id for action in actions}
    return [hint(by_id(i)) for i in ids if i in known and by_id(i).shown and by_id(i).enabled(at) is None]


def help_lines(actions: Iterable[Action], at: Situation, cells: int) -> list[Line]:
    """The help in one or two columns; what is not possible now says why.

    Behind it, or above all of them where that would be too long: half a reason is none.
    """
    actions = list(actions)
    grey: dict[str, list[str]] = {}
    _columns(actions, at, cells, grey)
    grey = {reason: [] for reason in grey}
    # Once more, now that it is known which reasons stand above: those do not stand behind some actions, too.
    lines = _columns(actions, at, cells, grey)
    told = [
        (Span(part, "warn"),)
        for reason, keys in grey.items()
        for part in wrapped(f"{' '.join(keys)}: {reason}", max(30, cells - 6))
    ]
    return [*told, EMPTY, *lines] if told else lines


def _columns(actions: Iterable[Action], at: Situation, cells: int, grey: dict[str, list[str]]) -> list[Line]:
    # Keys of one screen only are that screen's business.
    shown = [a for a in actions if a.shown and (applies(a, at) or not a.screens)]
    blocks = [(group, [a for a in shown if a.group is group]) for group in Group]
    blocks = [(group, members) for group, members in blocks if members]
    if cells < 76:
        widest = _widest(blocks)
        return [line for group, members in blocks for line in _block(group, members, at, widest, cells, grey)]
    total = sum(len(members) + 2 for _, members in blocks)
    left: list[tuple[Group, list[Action]]] = []
    right: list[tuple[Group, list[Action]]] = []
    size = 0
    for group, members in blocks:
        # In order, until the left column holds its half.
        (left if not right and size + len(members) / 2 <= total / 2 else right).append((group, members))
        size += len(members) + 2
    # Each column gets what its titles need, before both are given reasons.
    keys = [_widest(side) for side in (left, right)]
    needs = [
        1 + key + max((width(a.title) for _, m in side for a in m), default=0)
        for key, side in zip(keys, (left, right), strict=True)
    ]
    spare = cells - 2 - sum(needs)
    first = needs[0] + (spare // 2 if spare > 0 else spare)
    first = max(35, min(first, cells - 32))
    return beside(
        [line for group, members in left for line in _block(group, members, at, keys[0], first, grey)],
        [line for group, members in right for line in _block(group, members, at, keys[1], cells - 2 - first, grey)],
        first,
    )


def _widest(blocks: Sequence[tuple[Group, Sequence[Action]]]) -> int:
    return max((len(a.shown) for _, members in blocks for a in members), default=0) + 2


def _shorter(title: str, cells: int) -> str:
    """As much of a title as says a whole thing: ``Backups: the catalogue`` becomes ``Backups``."""
    if width(title) <= cells:
        return title
    ends = [i for i, letter in enumerate(title) if letter in ",:;" and 6 <= i <= cells]
    return title[: ends[-1]] if ends and not title.startswith("Sort") else fit(title, cells)


def _block(
    group: Group, members: Sequence[Action], at: Situation, keys: int, cells: int, grey: dict[str, list[str]]
) -> list[Line]:
    lines: list[Line] = [(Span(group.value.upper(), "heading"),)]
    for action in members:
        here = applies(action, at)
        reason = action.enabled(at) if here else "not on this screen"
        key = Span(f" {fit(action.shown, keys)}", "key" if reason is None else "dim")
        title = _shorter(action.title, cells - keys - 1)
        left = cells - keys - 1 - width(title) - 2
        why = f"  {reason}" if reason and reason not in grey and width(reason) <= left else ""
        if here and reason and not why:
            grey.setdefault(reason, []).append(action.shown)
        spans = (key, Span(title, "text" if reason is None else "dim"), Span(why, "dim"))
        lines.append(tuple(span for span in spans if span.text))
    return [*lines, EMPTY]


def keys_markdown(actions: Iterable[Action]) -> str:
    """The README's key table."""
    where = {
        Where.EVERYWHERE: "everywhere",
        Where.OVERVIEW: "overview",
        Where.POD: "pod",
        Where.LIST: "lists and texts",
    }
    rows = ["| Key | What it does | Where |", "| --- | --- | --- |"]
    rows += [f"| `{a.shown}` | {a.title} | {', '.join(a.screens) or where[a.where]} |" for a in actions if a.shown]
    return "\n".join(rows) + "\n"
