"""YAML into nodes that know their line, with everything a hostile file can do bounded.

PyYAML's scanner and parser do the reading (events only); the tree is built here, because PyYAML's own composer
recurses, keeps the last of two equal keys silently and expands anchors without a bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_DEPTH = 50
MAX_NODES = 100_000
"""Nodes of a file with every alias expanded: what a "billion laughs" multiplies."""

_SCALAR_TAGS = frozenset(["!", *(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))])
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file. ``line`` is 1-based."""

    line: int
    key: str
    message: str
    todo: str


@dataclass(slots=True, eq=False)
class Scalar:
    """A leaf. ``text`` is what it says without quotes; ``plain`` whether it stands without quotes."""

    line: int
    text: str = ""
    plain: bool = True
    tag: str | None = None
    weight: int = 1


@dataclass(slots=True, eq=False)
class Sequence:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)
    weight: int = 1


@dataclass(slots=True, eq=False)
class Mapping:
    """A mapping: ``entries`` keeps the file's order; of two equal keys the first."""

    line: int
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Scalar] = field(default_factory=dict)
    weight: int = 1
    merged: int = 0
    """Line of a ``<<``, 0 when there is none."""

    def get(self, key: str) -> Node | None:
        """The value of ``key``, or None."""
        return self.entries.get(key)

    def line_of(self, key: str) -> int:
        """Line of the key, or of the mapping when it has none."""
        at = self.keys.get(key)
        return at.line if at else self.line


Node = Scalar | Sequence | Mapping


class _Unreadable(Exception):
    def __init__(self, line: int, message: str, todo: str) -> None:
        super().__init__(message)
        self.line, self.message, self.todo = line, message, todo


def parse(text: str) -> tuple[list[Node], list[Problem]]:
    """The documents of ``text`` and what is wrong with it; documents before a syntax error are still given.

    Empty documents are left out. Never raises.
    """
    documents: list[Node] = []
    problems: list[Problem] = []
    try:
        _Builder(iter(yaml.parse(text, Loader=_LOADER)), documents, problems).run()
    except _Unreadable as error:
        problems.append(Problem(error.line, "", error.message, error.todo))
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax(error, text))
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        problems.append(
            Problem(line, "", "is not YAML: it holds a character that YAML forbids", "remove the character")
        )
    return documents, problems


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    lines = text.splitlines()
    at = lines[min(line, len(lines)) - 1] if line and lines else ""
    if "\t" in at[: len(at) - len(at.lstrip())]:
        return Problem(line, "", "is not YAML: a tab indents this line", "indent with spaces")
    # Only PyYAML's own words: its snippet would show the line, which may hold a secret.
    words = " ".join(f"{error.context or ''} {error.problem or ''}".split())
    for what, sign in (("flow sequence", "[ … ]"), ("flow mapping", "{ … }"), ("flow node", "[ … ] or { … }")):
        if f"while parsing a {what}" in words:
            return Problem(line, "", f"is not YAML: {sign} is opened and not closed, or a part of it is missing",
                           "correct it here or on the line above")  # fmt: skip
    return Problem(line, "", f"is not YAML: {words}", "correct the syntax here or on the line above")


class _Builder:
    """Turns events into nodes with a stack of its own: depth is data, not recursion."""

    def __init__(self, events: Iterator[Event], documents: list[Node], problems: list[Problem]) -> None:
        self._events = events
        self._documents = documents
        self._problems = problems
        self._anchors: dict[str, Node | None] = {}
        self._stack: list[Sequence | Mapping] = []
        self._pending: list[Scalar | None] = []
        self._path: list[str] = []
        self._anchor_of: list[str | None] = []
        self._merges: dict[int, list[tuple[int, Node]]] = {}
        self._nodes = 0
        self._root: Node | None = None

    def run(self) -> None:
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                self._anchors.clear()
                self._root = None
                self._nodes = 0
            elif isinstance(event, DocumentEndEvent):
                if self._root is not None and not _is_empty(self._root):
                    self._documents.append(self._root)
            elif isinstance(event, ScalarEvent):
                self._scalar(event)
            elif isinstance(event, AliasEvent):
                self._alias(event)
            elif isinstance(event, SequenceStartEvent | MappingStartEvent):
                self._open(event)
            elif isinstance(event, SequenceEndEvent | MappingEndEvent):
                self._close()

    def _scalar(self, event: ScalarEvent) -> None:
        line = _line(event)
        tag = None if event.tag is None else str(event.tag)
        if tag is not None and tag not in _SCALAR_TAGS:
            self._problems.append(Problem(line, self._key(), f"tag {tag[:60]} is not used here", "remove the tag"))
        node = Scalar(line, event.value, bool(event.implicit[0]) and not event.style, tag)
        self._name_anchor(event.anchor, node)
        self._put(node)

    def _alias(self, event: AliasEvent) -> None:
        line = _line(event)
        name = str(event.anchor)
        if name not in self._anchors:
            raise _Unreadable(
                line, f"alias *{name[:40]} names no anchor", f"write &{name[:40]} before it, or the value"
            )
        node = self._anchors[name]
        if node is None:
            raise _Unreadable(line, f"anchor &{name[:40]} contains itself", "write the value out")
        self._put(node, line)

    def _open(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        line = _line(event)
        if len(self._stack) >= MAX_DEPTH:
            raise _Unreadable(line, f"is nested deeper than {MAX_DEPTH} levels", "flatten it")
        if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._problems.append(
                Problem(line, self._key(), f"tag {event.tag[:60]} is not used here", "remove the tag")
            )
        node: Sequence | Mapping = Mapping(line) if isinstance(event, MappingStartEvent) else Sequence(line)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(node)
        self._anchor_of.append(event.anchor)
        self._pending.append(None)

    def _close(self) -> None:
        node = self._stack.pop()
        anchor = self._anchor_of.pop()
        self._pending.pop()
        for line, merged in self._merges.pop(id(node), []):
            assert isinstance(node, Mapping)
            self._merge(node, merged, line)
        if anchor is not None:
            self._anchors[anchor] = node
        self._put(node)

    def _name_anchor(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _put(self, node: Node, alias_line: int = 0) -> None:
        """Hand a finished node to its parent, or make it the document's root."""
        line = alias_line or node.line
        self._nodes += node.weight if alias_line else 1
        if self._nodes > MAX_NODES:
            raise _Unreadable(line, f"holds more than {MAX_NODES:,} values once its anchors are expanded", "write less")
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            parent.weight += node.weight
            return
        key = self._pending[-1]
        if key is None:
            if not isinstance(node, Scalar):
                raise _Unreadable(line, "a key is a list or a mapping", "use a plain word as the key")
            self._pending[-1] = Scalar(line, node.text, node.plain, node.tag) if alias_line else node
            self._path.append(node.text)
            return
        self._pending[-1] = None
        parent.weight += node.weight + 1
        if parent.weight > MAX_NODES:
            raise _Unreadable(line, f"holds more than {MAX_NODES:,} values once its anchors are expanded", "write less")
        if key.text == "<<" and key.plain:
            parent.merged = key.line
            self._merges.setdefault(id(parent), []).append((key.line, node))
        elif key.text in parent.entries:
            first = parent.keys[key.text].line
            self._problems.append(
                Problem(key.line, self._key(), f"key is given twice (first on line {first})", "keep one of the two")
            )
        else:
            parent.entries[key.text] = node
            parent.keys[key.text] = key
        self._path.pop()

    def _merge(self, node: Mapping, merged: Node, line: int) -> None:
        sources = merged.items if isinstance(merged, Sequence) else [merged]
        for source in sources:
            if not isinstance(source, Mapping):
                self._problems.append(
                    Problem(line, self._key("<<"), "<< merges a mapping only", "name a mapping's anchor")
                )
                continue
            for key, value in source.entries.items():
                if key not in node.entries:
                    node.entries[key] = value
                    node.keys[key] = source.keys[key]

    def _key(self, last: str = "") -> str:
        return ".".join([*self._path, last] if last else self._path)


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null")
