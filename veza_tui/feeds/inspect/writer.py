"""Lines as kubectl's describers write them: levels of two blanks, tabs between a name and its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from veza_tui.feeds.fields import mapping, objects, seconds, text
from veza_tui.feeds.inspect.columns import aligned

LONGEST = 140
"""Characters of an annotation before it gets lines of its own (maxAnnotationLen of kubectl describe)."""
_SKIPPED = "kubectl.kubernetes.io/last-applied-configuration"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Writer:
    """Collects lines; ``lines`` aligns them. A tab or a carriage return inside a value never makes a column."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._done: list[str] = []

    def pair(self, level: int, name: str, *values: Any) -> None:
        """``name:`` and one value, or several in columns."""
        first, *more = [shown(v) for v in values] or [""]
        rest = "".join(f"\t{v}" for v in more)
        head, *below = first.split("\n")
        self._open.append(f"{'  ' * level}{name}:\t{head}{rest}")
        self._open += below

    def row(self, level: int, *cells: Any) -> None:
        """Cells in columns; empty first cells continue the line above."""
        self._open += ("  " * level + "\t".join(shown(c) for c in cells)).split("\n")

    def title(self, level: int, name: str, rest: str = "") -> None:
        """``Name:`` over a block; ``rest`` may begin with a tab."""
        self._open.append(f"{'  ' * level}{name}:{rest}")

    def plain(self, line: str = "") -> None:
        """A line as it is."""
        self._open.append(line)

    def flush(self) -> None:
        """What follows is aligned on its own."""
        self._done += aligned(self._open)
        self._open = []

    def lines(self) -> list[str]:
        """Everything, aligned."""
        self.flush()
        return self._done

    def labels(self, title: str, labels: Any, indent: str = "") -> None:
        """``Labels:`` with one ``key=value`` a line, sorted."""
        pairs = mapping(labels)
        if not pairs:
            self.plain(f"{indent}{title}:\t<none>")
        for i, key in enumerate(sorted(pairs)):
            self.plain(f"{f'{indent}{title}:' if not i else ''}\t{shown(key)}={shown(text(pairs[key]))}")

    def annotations(self, title: str, annotations: Any) -> None:
        """``Annotations:``, one ``key: value`` a line, long ones below their key and cut."""
        pairs = {k: text(v) for k, v in mapping(annotations).items() if k != _SKIPPED}
        if not pairs:
            self.plain(f"{title}:\t<none>")
        head = f"{title}:"
        for key in sorted(pairs):
            value = pairs[key].removesuffix("\n")
            if len(value.encode()) + len(key) + 2 > LONGEST or "\n" in value:
                self.plain(f"{head}\t{shown(key)}:")
                for part in value.split("\n"):
                    self.plain(f"\t  {shown(shorten(part, LONGEST - 2))}")
            else:
                self.plain(f"{head}\t{shown(key)}: {shown(value)}")
            head = ""

    def tolerations(self, title: str, tolerations: Any) -> None:
        """``Tolerations:``, one a line, by key."""
        found = sorted(objects(tolerations), key=lambda t: text(t.get("key")))
        if not found:
            self.plain(f"{title}:\t<none>")
        for i, one in enumerate(found):
            self.plain(f"{f'{title}:' if not i else ''}\t{shown(_toleration(one))}")


def _toleration(one: Mapping[str, Any]) -> str:
    key, value, effect = text(one.get("key")), text(one.get("value")), text(one.get("effect"))
    out = key + (f"={value}" if value else "") + (f":{effect}" if effect else "")
    if one.get("operator") == "Exists" and not value:
        out += " op=Exists" if key or effect else "op=Exists"
    if one.get("tolerationSeconds") is not None:
        out += f" for {one['tolerationSeconds']}s"
    return out


def shown(value: Any) -> str:
    """A value as text; its own tabs become blanks, so that they do not shift columns."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return text(value).replace("\t", "    ")


def shorten(value: str, most: int) -> str:
    """The first ``most`` characters and three dots."""
    return value[:most] + "..." if len(value) > most else value


def when(value: Any) -> str:
    """An RFC 3339 time as kubectl shows it, in local time: ``Mon, 02 Jan 2006 15:04:05 +0100`` (RFC 1123)."""
    at = seconds(text(value))
    if at is None:
        return "Mon, 01 Jan 0001 00:00:00 +0000"
    local = datetime.fromtimestamp(at).astimezone()
    return f"{_DAYS[local.weekday()]}, {local:%d} {_MONTHS[local.month - 1]} {local:%Y %H:%M:%S %z}"


def truth(value: Any) -> str:
    """``True`` or ``False``."""
    return "True" if value is True else "False"


def selector(value: Any) -> str:
    """A label selector as its string form: ``a=b,c in (d,e),!f``; ``<none>`` for one that selects all.

    Source: labels.Selector.String of k8s.io/apimachinery.
    """
    wanted = mapping(value)
    parts = [(k, f"{k}={text(v)}") for k, v in mapping(wanted.get("matchLabels")).items()]
    for one in objects(wanted.get("matchExpressions")):
        key, values = text(one.get("key")), one.get("values")
        names = ",".join(sorted(map(text, values))) if isinstance(values, list) else ""
        word = {"In": f"{key} in ({names})", "NotIn": f"{key} notin ({names})", "DoesNotExist": f"!{key}"}
        parts.append((key, word.get(text(one.get("operator")), key)))
    return ",".join(part for _, part in sorted(parts, key=lambda p: p[0])) or "<none>"


def join(parts: Iterable[str], empty: str = "<none>") -> str:
    """``a, b`` or ``empty``."""
    return ", ".join(parts) or empty
