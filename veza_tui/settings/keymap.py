"""A person's key map over the table of actions: altered entries, and what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from veza_tui.settings.keys import KeyProblem, names_of, shown_key, textual_key
from veza_tui.tui.actions import Action, Where

FIXED = frozenset(("tab",))
"""Actions whose keys mean a number."""

NEEDED = frozenset(("quit", "back", "help", "palette", "open"))
"""Actions without which nobody finds out, or gets out."""

_ALWAYS = {"quit": ("ctrl+c",)}
"""Keys that stay, whatever the map says."""

ABOUT_PODS = frozenset(("pod", "logs", "describe", "yaml", "events", "owners", "log line", "health"))
"""Screens on which actions about a pod may apply."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something wrong with the entry of ``action``, or with its key number ``index``."""

    action: str
    message: str
    todo: str
    index: int | None = None


def altered(actions: Sequence[Action], wanted: Mapping[str, Sequence[str]]) -> tuple[tuple[Action, ...], list[Wrong]]:
    """The table with the map's keys. When anything is wrong, the table comes back as it was, with all that is wrong."""
    wrong: list[Wrong] = []
    changed: dict[str, Action] = {}
    known = {action.id: action for action in actions}
    for name, keys in wanted.items():
        action = known.get(name)
        if action is None:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            todo = f"did you mean `{near[0]}`?" if near else "action ids are listed by veza-tui info --keys"
            wrong.append(Wrong(name, "is not an action", todo))
        elif name in FIXED:
            wrong.append(Wrong(name, "cannot be given other keys: 1-9 are the environments", "remove it"))
        elif not keys and name in NEEDED:
            wrong.append(Wrong(name, "cannot be left without a key", "give it one"))
        else:
            made = _keys(name, keys, wrong)
            changed[name] = replace(
                action,
                keys=(*made, *(k for k in _ALWAYS.get(name, ()) if k not in made)),
                shown=shown_key(made[0]) if made else "",
            )
    table = tuple(changed.get(action.id, action) for action in actions)
    wrong += _conflicts(table, set(changed))
    return (tuple(actions), wrong) if wrong else (table, [])


def _keys(name: str, keys: Sequence[str], wrong: list[Wrong]) -> list[str]:
    made: list[str] = []
    for index, written in enumerate(keys):
        try:
            key = textual_key(written)
        except KeyProblem as problem:
            wrong.append(Wrong(name, f"{_quoted(written)} {problem}", problem.todo, index))
            continue
        if key in made:
            wrong.append(Wrong(name, f"{_quoted(written)} stands twice", "keep one", index))
            continue
        made.append(key)
    return made


def _conflicts(table: Sequence[Action], changed: set[str]) -> list[Wrong]:
    """Pairs of actions with one key on one screen, one of them given it by the map; each pair once."""
    owners: dict[str, list[Action]] = {}
    for action in table:
        for name in names_of(action.keys):
            owners.setdefault(name, []).append(action)
    found: dict[frozenset[str], Wrong] = {}
    for same in owners.values():
        for i, first in enumerate(same):
            for second in same[i + 1 :]:
                pair = frozenset((first.id, second.id))
                if pair in found or not (pair & changed) or not (where := meet(first, second)):
                    continue
                mine, other = (first, second) if first.id in changed else (second, first)
                common = next(k for k in names_of(mine.keys) if k in names_of(other.keys))
                key = shown_key(common.removeprefix("shift+").upper() if common.startswith("shift+") else common)
                found[pair] = Wrong(
                    mine.id,
                    f"has the key {key}, which `{other.id}` ({other.title}) has too {where}",
                    f"give one of `{mine.id}` and `{other.id}` another key",
                )
    return list(found.values())


def meet(first: Action, second: Action) -> str:
    """Where both actions could be meant, in words; "" when nowhere."""
    here, there = _screens(first), _screens(second)
    if here is None and there is None:
        return "everywhere"
    if here is None or there is None:
        both = here if there is None else there
        assert both is not None
    else:
        both = here & there
    if not both:
        return ""
    return f"on the screen {min(both, key=lambda s: (s != 'overview', s))}"


def _screens(action: Action) -> frozenset[str] | None:
    """The screens on which an action may apply; None for every one."""
    if action.screens:
        return frozenset(action.screens)
    if action.where is Where.OVERVIEW:
        return frozenset(("overview",))
    if action.where is Where.POD:
        return ABOUT_PODS | {"overview"}
    return None


def _quoted(text: str) -> str:
    from veza_tui.model.text import printable

    return repr(printable(text, limit=30))
