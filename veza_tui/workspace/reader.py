"""Typed reading of a YAML mapping: every problem is collected with its line, none stops the reading."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from veza_tui.model.text import printable
from veza_tui.workspace.scalars import ambiguous, value
from veza_tui.workspace.yamltree import Mapping, Node, Problem, Scalar, Sequence

T = TypeVar("T")
MAX_UNKNOWN = 20
"""Unknown keys of one mapping that are named; the rest is counted."""
Check = Callable[[T], str]
"""Says what is wrong with a value, or ""."""


@dataclass(slots=True)
class Problems:
    """The problems of one file."""

    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, key: str, message: str, todo: str) -> None:
        """One more."""
        self.found.append(Problem(line, key, message, todo))


def suggestion(word: str, known: Iterable[str]) -> str:
    """``did you mean `x`?`` or a list of what is known."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known keys: {', '.join(names)}" if names else "remove it"


class Reader:
    """Reads one mapping. Each getter names a key it knows; ``close`` reports the keys nobody asked for."""

    def __init__(self, node: Mapping, path: str, problems: Problems) -> None:
        self.node = node
        self.path = path
        self.problems = problems
        self._known: set[str] = set()

    def key(self, name: str) -> str:
        """The dotted path of a key of this mapping."""
        return f"{self.path}.{name}" if self.path else name

    def say(self, name: str, message: str, todo: str) -> None:
        """Report a problem at a key of this mapping."""
        self.problems.add(self.node.line_of(name), self.key(name), message, todo)

    def close(self) -> None:
        """Report unknown keys."""
        unknown = [name for name in self.node.entries if name not in self._known]
        for name in unknown[:MAX_UNKNOWN]:
            missing = self._known - set(self.node.entries)
            close = difflib.get_close_matches(name, sorted(self._known), n=1, cutoff=0.6)
            todo = f"did you mean `{close[0]}`?" if close else suggestion(name, missing or self._known)
            self.problems.add(self.node.line_of(name), self.key(printable(name, limit=60)), "is not a known key", todo)
        if len(unknown) > MAX_UNKNOWN:
            rest = f"{len(unknown) - MAX_UNKNOWN} more keys here are not known"
            self.problems.add(self.node.line_of(unknown[MAX_UNKNOWN]), self.path, rest, "remove them")

    def raw(self, name: str, *, required: bool = False) -> Node | None:
        """The node as it is; an explicit null counts as missing."""
        self._known.add(name)
        node = self.node.get(name)
        if isinstance(node, Scalar) and value(node) is None and (node.plain or node.tag is not None):
            if required:
                self.say(name, "is empty", "give it a value")
            return None
        if node is None and required:
            self.problems.add(self.node.line, self.key(name), "is missing", "add it")
        return node

    def mapping(self, name: str, *, required: bool = False) -> Reader | None:
        """A nested mapping."""
        node = self.raw(name, required=required)
        if node is None:
            return None
        if not isinstance(node, Mapping):
            self.say(name, f"must be a mapping, not {kind_of(node)}", "write `key: value` lines under it")
            return None
        return Reader(node, self.key(name), self.problems)

    def sequence(self, name: str, *, required: bool = False) -> Sequence | None:
        """A nested list."""
        node = self.raw(name, required=required)
        if node is None:
            return None
        if not isinstance(node, Sequence):
            self.say(name, f"must be a list, not {kind_of(node)}", "write `- item` lines under it")
            return None
        return node

    def strings(self, name: str, *, check: Check[str] | None = None) -> tuple[str, ...]:
        """A list of texts, empty when missing."""
        node = self.sequence(name)
        found = []
        for index, item in enumerate(node.items if node else []):
            text = scalar_text(item)
            wrong = "must be a text" if text is None else (check(text) if check else "")
            if text is None or wrong:
                self.problems.add(item.line, f"{self.key(name)}[{index}]", wrong, "correct it")
                continue
            found.append(text)
        return tuple(found)

    def string(self, name: str, *, required: bool = False, check: Check[str] | None = None, empty: bool = False) -> str:
        """A text, "" when missing or wrong. ``empty`` allows the empty text."""
        node = self.raw(name, required=required)
        if node is None:
            return ""
        text = scalar_text(node)
        if text is None:
            why = ambiguous(node) if isinstance(node, Scalar) else ""
            self.say(name, f"must be a text, not {kind_of(node)}" + (f" ({why})" if why else ""), "put it in quotes")
            return ""
        if not text and not empty:
            self.say(name, "is empty", "give it a value")
            return ""
        if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
            self.say(name, "holds a line break or a control character", "write it on one line")
            return ""
        wrong = check(text) if check and text else ""
        if wrong:
            self.say(name, wrong, "correct it")
            return ""
        return text

    def choice(self, name: str, choices: Iterable[str], *, required: bool = False, default: str = "") -> str:
        """One of some words."""
        options = list(choices)
        text = self.string(name, required=required)
        if not text:
            return default
        if text not in options:
            near = difflib.get_close_matches(text, options, n=1, cutoff=0.6)
            hint = f"did you mean `{near[0]}`?" if near else f"use one of {', '.join(options)}"
            self.say(name, f"{printable(text, limit=40)!r} is not one of {', '.join(options)}", hint)
            return default
        return text

    def integer(
        self, name: str, low: int, high: int, *, required: bool = False, default: int = 0, unit: str = ""
    ) -> int:
        """A whole number from ``low`` to ``high``, ``default`` when missing or wrong."""
        node = self.raw(name, required=required)
        if node is None:
            return default
        number = value(node) if isinstance(node, Scalar) and node.plain else None
        why = ambiguous(node) if isinstance(node, Scalar) else ""
        if why:
            self.say(name, f"must be a whole number, and {why}", "write it in plain decimal digits")
            return default
        if isinstance(number, bool) or not isinstance(number, int):
            self.say(name, f"must be a whole number, not {kind_of(node)}", "write plain digits without quotes")
            return default
        if not low <= number <= high:
            self.say(name, f"{number} is outside {low} to {high}{unit}", f"use a number from {low} to {high}")
            return default
        return number

    def boolean(self, name: str, *, required: bool = False, default: bool = False) -> bool:
        """true or false; YAML 1.1's other words (yes, on) are refused because yq reads them as texts."""
        node = self.raw(name, required=required)
        if node is None:
            return default
        found = value(node) if isinstance(node, Scalar) and node.plain else None
        if not isinstance(found, bool):
            why = ambiguous(node) if isinstance(node, Scalar) else ""
            self.say(
                name,
                f"must be true or false, not {kind_of(node)}" + (f" ({why})" if why else ""),
                "write true or false",
            )
            return default
        return found


def scalar_text(node: Node) -> str | None:
    """The text of a scalar that is one in YAML 1.1 and 1.2 alike, else None (a number, a boolean, ``on``, a list)."""
    if not isinstance(node, Scalar) or ambiguous(node):
        return None
    found = value(node)
    return found if isinstance(found, str) else None


def kind_of(node: Node) -> str:
    """What a node is, for a message. Never its value: it may be a secret."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    found = value(node)
    if found is None:
        return "nothing"
    if isinstance(found, bool):
        return "a boolean"
    if isinstance(found, int | float):
        return "a number" if isinstance(found, int) else "a decimal number"
    return "a text"
