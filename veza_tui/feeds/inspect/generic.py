"""A kind without words of its own, as kubectl's generic describer writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.feeds.fields import mapping
from veza_tui.feeds.inspect.writer import Writer, shown

Raw = Mapping[str, Any]


def generic(w: Writer, obj: Raw) -> None:
    """A kind without words of its own: names, labels, and the rest as a tree (kubectl's generic describer)."""
    meta = mapping(obj.get("metadata"))
    w.pair(0, "Name", meta.get("name"))
    w.pair(0, "Namespace", meta.get("namespace"))
    w.labels("Labels", meta.get("labels"))
    w.annotations("Annotations", meta.get("annotations"))
    w.pair(0, "API Version", obj.get("apiVersion"))
    w.pair(0, "Kind", obj.get("kind"))
    hidden = {"name", "namespace", "labels", "annotations", "managedFields"}
    w.title(0, "Metadata")
    _tree(w, 1, {k: v for k, v in meta.items() if k not in hidden})
    _tree(w, 0, {k: v for k, v in obj.items() if k not in ("apiVersion", "kind", "metadata")})


def _tree(w: Writer, level: int, content: Raw) -> None:
    for key in sorted(content):
        value, title = content[key], _label(key)
        if isinstance(value, dict):
            w.title(level, title)
            _tree(w, level + 1, value)
        elif isinstance(value, list):
            w.title(level, title)
            for item in value:
                if isinstance(item, dict):
                    _tree(w, level + 1, item)
                else:
                    w.plain(f"{'  ' * (level + 1)}{shown(item)}")
        else:
            w.pair(level, title, value)


def _label(field: str) -> str:
    words, word = [], ""
    for i, char in enumerate(field):
        if char.isupper() and word and not (field[i - 1].isupper() and (i + 1 >= len(field) or field[i + 1].isupper())):
            words.append(word)
            word = ""
        word += char
    words.append(word)
    return " ".join(w if w.isupper() else w[:1].upper() + w[1:] for w in words)
