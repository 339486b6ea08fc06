"""``secrets/ENV.env``: KEY=VALUE lines as a shell would read them, without expansion. Messages never show a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from veza_tui.model.secret import Secret
from veza_tui.workspace.yamltree import Problem

_LINE = re.compile(r"(?:export[ \t]+)?(?P<key>[^=\s]+)(?P<space>[ \t]*)=(?P<value>.*)\Z", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ESCAPES = {"\\": "\\", '"': '"', "$": "$", "`": "`", "n": "\n", "r": "\r", "t": "\t"}
_AFTER = re.compile(r"[ \t]*(?:#.*|)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The variables of one file; of two equal keys the last, as in a shell. Lines are 1-based."""

    values: Mapping[str, Secret] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    """Lines that cannot be used."""
    repeated: tuple[Problem, ...] = ()
    """Keys given twice: usable, and likely a mistake."""


def parse_env(text: str) -> EnvFile:
    """Read KEY=VALUE lines. Never raises.

    - empty lines and lines that begin with ``#`` are skipped; ``export`` before a key is allowed; CRLF is a line end;
    - without quotes the value ends before `` #`` and loses spaces at its end; ``$`` is a plain character;
    - in single quotes everything is itself; in double quotes ``\\\\ \\" \\$ \\` \\n \\r \\t`` are escapes;
    - a value is one line: a quote that is not closed on its line is a problem.
    """
    values: dict[str, Secret] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    repeated: list[Problem] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").strip(" \t")
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            problems.append(Problem(number, "", "is not a KEY=VALUE line", "write KEY=VALUE, or # before a comment"))
            continue
        key = match["key"]
        if not _KEY.match(key) or match["space"]:
            # The key itself is not shown: a line such as `postgres://user:password@host/?a=b` begins with a secret.
            todo = "write KEY=VALUE without spaces around =, the key of letters, digits and _"
            problems.append(Problem(number, "", "the name before = is not a variable's name", todo))
            continue
        value, wrong = _value(match["value"])
        if wrong:
            problems.append(Problem(number, key, wrong, "put the value in single quotes, on one line"))
            continue
        if key in values:
            repeated.append(
                Problem(number, key, f"is given twice (first on line {lines[key]}); the last one counts", "keep one")
            )
        values[key] = Secret(value)
        lines[key] = number
    return EnvFile(values, lines, tuple(problems), tuple(repeated))


def _value(text: str) -> tuple[str, str]:
    """The value, and what is wrong with it."""
    if any((ord(c) < 0x20 and c != "\t") or ord(c) == 0x7F for c in text):
        return "", "holds a control character"
    stripped = text.lstrip(" \t")
    if stripped != text and stripped and not stripped.startswith("#"):
        return "", "has a space after ="
    if stripped.startswith("'"):
        end = stripped.find("'", 1)
        return _closed(stripped[1:end], stripped[end + 1 :]) if end > 0 else ("", "has a quote that is not closed")
    if stripped.startswith('"'):
        return _double(stripped)
    if text != stripped:
        return "", ""
    comment = re.search(r"[ \t]#", text)
    value = (text[: comment.start()] if comment else text).rstrip(" \t")
    if value.startswith("#"):
        return value, ""
    return value, ""


def _double(text: str) -> tuple[str, str]:
    out: list[str] = []
    index = 1
    while index < len(text):
        char = text[index]
        if char == '"':
            return _closed("".join(out), text[index + 1 :])
        if char == "\\" and index + 1 < len(text):
            following = text[index + 1]
            out.append(_ESCAPES.get(following, "\\" + following))
            index += 2
            continue
        out.append(char)
        index += 1
    return "", "has a quote that is not closed"


def _closed(value: str, rest: str) -> tuple[str, str]:
    return (value, "") if _AFTER.match(rest) else ("", "goes on after its closing quote")
