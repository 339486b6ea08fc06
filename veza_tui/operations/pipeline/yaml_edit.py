"""Chosen values of a YAML text replaced where they stand: comments, order, quotes, line ends, anchors stay as written.

The text is never emitted anew. What comes out is read again and compared with what was wanted, so that an edit which
would reach further than its place (through an anchor, say) is refused instead of made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.model.errors import ConfigError, RefusedError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """Set ``value`` at ``path`` of the document number ``document``; a missing last key is added."""

    document: int
    path: Path
    value: Any


def documents(text: str) -> list[Any]:
    """Every document of the text, nothing shared between places that an alias joins.

    Raises:
        ConfigError: it is not YAML.
    """
    import yaml

    try:
        return [_unshared(found) for found in yaml.load_all(text, Loader=yaml.SafeLoader)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"not YAML: {' '.join(str(error).split())[:200]}") from None


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with the edits in it.

    Raises:
        ConfigError: it is not YAML.
        RefusedError: a value cannot be replaced without another one changing too.
    """
    import yaml

    wanted = documents(text)
    roots = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    # An empty document is composed to nothing at the very end only; positions are those of the documents.
    pieces: dict[tuple[int, int], str] = {}
    newline = "\r\n" if "\r\n" in text else "\n"
    for edit in edits:
        _put(wanted[edit.document], edit.path, edit.value)
        start, end, new = _piece(text, roots[edit.document], edit, newline)
        if start == end:
            # Several keys may be added at one place: in the order asked for.
            new = pieces.get((start, end), "") + new
        pieces[start, end] = new
    out, at = [], 0
    for (start, end), new in sorted(pieces.items()):
        out += [text[at:start], new]
        at = end
    result = "".join([*out, text[at:]])
    try:
        same = documents(result) == wanted
    except ConfigError:
        same = False
    if not same:
        places = ", ".join(".".join(map(str, edit.path)) for edit in edits)
        raise RefusedError(f"{places[:200]} cannot be changed alone: an anchor or a merge key joins it with others",
                           hint="change it by hand")  # fmt: skip
    return result


def _unshared(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {key: _unshared(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_unshared(value) for value in found]
    return found


def _put(holder: Any, path: Path, value: Any) -> None:
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value


def _piece(text: str, root: Any, edit: Edit, newline: str) -> tuple[int, int, str]:
    """(from, to, new text) for one edit."""
    node = root
    for key in edit.path[:-1]:
        node = _child(node, key)
    old = _child(node, edit.path[-1])
    if old is None:
        return _added(node, str(edit.path[-1]), edit.value, newline)
    start, end = old.start_mark.index, old.end_mark.index
    while text[start : start + 1] in ("&", "!"):
        # An anchor or a tag before the value stays.
        while start < end and not text[start].isspace():
            start += 1
        while start < end and text[start].isspace():
            start += 1
    if old.id != "scalar":
        raise RefusedError(f"{edit.path[-1]} holds no single value", hint="change it by hand")
    tail = text[start:end]
    new = scalar(edit.value, old.style or "")
    if old.style in ("|", ">"):
        new += tail[len(tail.rstrip()) :]
    return start, end, new


def _child(node: Any, key: str | int) -> Any:
    """The node below, through merge keys too; None when there is none."""
    if node is None:
        return None
    if isinstance(key, int):
        return node.value[key]
    if node.id != "mapping":
        return None
    for name, value in reversed(node.value):
        if name.value == key and name.id == "scalar":
            return value
    for name, value in node.value:
        if name.tag == "tag:yaml.org,2002:merge":
            for merged in [value] if value.id == "mapping" else value.value:
                found = _child(merged, key)
                if found is not None:
                    return found
    return None


def _added(node: Any, key: str, value: Any, newline: str) -> tuple[int, int, str]:
    """A key put before the first one of its mapping, in that mapping's own style."""
    if node is None or node.id != "mapping":
        raise RefusedError(f"there is no place for {key}", hint="add it by hand")
    if node.flow_style:
        at = node.value[0][0].start_mark.index if node.value else node.end_mark.index - 1
        comma = ", " if node.value else ""
        return at, at, f"{key}: {_flow(value)}{comma}"
    first = node.value[0][0].start_mark
    indent = newline + " " * first.column
    return first.index, first.index, f"{_block(key, value, indent)}{indent}"


def _block(key: str, value: Any, indent: str) -> str:
    if not isinstance(value, Mapping):
        return f"{key}: {scalar(value)}"
    inner = indent + "  "
    return f"{key}:" + "".join(inner + _block(str(k), v, inner) for k, v in value.items())


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    return scalar(value)


def scalar(value: Any, style: str = "") -> str:
    """A value as YAML, in the quotes that stood there, quoted besides only where it would be read as something else."""
    import json

    import yaml

    text = str(value)
    if not isinstance(value, str):
        return json.dumps(value)
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style != '"':
        try:
            # As it is read in a mapping of the other style too.
            if yaml.load("{a: " + text + "}", Loader=yaml.SafeLoader) == {"a": value}:
                return text
        except yaml.YAMLError:
            pass
    return json.dumps(text, ensure_ascii=False)
