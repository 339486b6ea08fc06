"""What every headless command prints with: data on stdout, progress on stderr, JSON, tables; no escapes into a pipe."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TextIO

from veza_tui.model.text import printable

Style = Literal["", "bold", "dim", "red", "yellow", "green", "cyan"]
_CODES: dict[str, str] = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "green": "32", "cyan": "36"}
_NARROWEST = 20


def coloured(stream: TextIO) -> bool:
    """Whether escapes may go to ``stream``: a terminal, not dumb, no NO_COLOR (no-color.org: set and not empty)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except ValueError:
        return False


def paint(text: str, style: Style, stream: TextIO | None = None) -> str:
    """``text`` in a style when ``stream`` (stdout) takes colours; the text must be printable already."""
    code = _CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and coloured(stream or sys.stdout) else text


def data(text: str = "") -> None:
    """One line of data on stdout, made printable."""
    _write(sys.stdout, printable(text))


def data_json(value: Any) -> None:
    """One JSON document on stdout; control characters are escaped by JSON itself, all else stays readable."""
    _write(sys.stdout, json.dumps(value, ensure_ascii=not _unicode(sys.stdout), indent=2))


def event_json(value: Any) -> None:
    """One JSON document on one line of stdout (streams)."""
    _write(sys.stdout, json.dumps(value, ensure_ascii=not _unicode(sys.stdout), separators=(", ", ": ")))


def progress(text: str) -> None:
    """One line on stderr."""
    _write(sys.stderr, printable(text))


def warn(text: str) -> None:
    """One line on stderr that begins with ``warning:``."""
    _write(sys.stderr, f"{paint('warning:', 'yellow', sys.stderr)} {printable(text)}")


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[Sequence[Style]] = (), *, wrap: bool = True
) -> None:
    """Rows under headings on stdout. ``styles`` gives a style a cell, where given.

    On a terminal the last column is wrapped to its width; in a pipe each row is one line.
    """
    made = [[printable(cell) for cell in row] for row in rows]
    widths = [max([cell_width(head), *(cell_width(row[i]) for row in made)]) for i, head in enumerate(columns[:-1])]
    indent = sum(widths) + 2 * len(widths)
    room = 0
    if wrap and is_terminal(sys.stdout):
        room = max(shutil.get_terminal_size().columns - indent, _NARROWEST)
    out = [_row([paint(_pad(h, w), "bold") for h, w in zip(columns, [*widths, 0], strict=True)])]
    for index, row in enumerate(made):
        kinds = list(styles[index]) if index < len(styles) else []
        kinds += [""] * (len(columns) - len(kinds))
        parts = textwrap.wrap(row[-1], room, break_on_hyphens=False) if room else [row[-1]]
        cells = [paint(_pad(cell, w), kind) for cell, w, kind in zip(row[:-1], widths, kinds, strict=False)]
        out.append(_row([*cells, paint(parts[0] if parts else "", kinds[-1])]))
        out += [" " * indent + paint(part, kinds[-1]) for part in parts[1:]]
    _write(sys.stdout, "\n".join(out))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at ``stream``."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def cell_width(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _row(cells: Sequence[str]) -> str:
    return "  ".join(cells).rstrip()


def _pad(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))


def _unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
