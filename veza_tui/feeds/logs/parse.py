"""What a line says of itself: level, and of a JSON line message and fields. Only for lines that are looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from veza_tui.model.log import Entry, Format, Level

MOST_PARSED = 64 << 10
"""Characters of a JSON line that are parsed."""
_NAMES: dict[str, Level] = {
    "trace": Level.TRACE, "trc": Level.TRACE, "verbose": Level.TRACE, "finest": Level.TRACE, "finer": Level.TRACE,
    "debug": Level.DEBUG, "dbg": Level.DEBUG, "debg": Level.DEBUG, "fine": Level.DEBUG,
    "info": Level.INFO, "inf": Level.INFO, "information": Level.INFO, "notice": Level.INFO, "log": Level.INFO,
    "warn": Level.WARN, "warning": Level.WARN, "wrn": Level.WARN,
    "error": Level.ERROR, "err": Level.ERROR, "eror": Level.ERROR, "severe": Level.ERROR, "exception": Level.ERROR,
    "fatal": Level.FATAL, "ftl": Level.FATAL, "critical": Level.FATAL, "crit": Level.FATAL, "panic": Level.FATAL,
    "alert": Level.FATAL, "emerg": Level.FATAL, "emergency": Level.FATAL, "dpanic": Level.FATAL,
}  # fmt: skip
_LOGFMT = re.compile(r"(?:^|[\s|])(?:level|lvl|severity|loglevel|log\.level)=\"?([A-Za-z]+)")
_PAIR = re.compile(r"(?:^|\s)[A-Za-z_][\w.\-/]*=(?:\"|\S|$)")
_WORDS = "|".join(sorted((n for n in _NAMES if n not in ("fine", "log", "alert", "exception")), key=len, reverse=True))
# A word in capitals, or in brackets, near the line's beginning: "12:00 ERROR ...", "[warn] ...", "info: ...".
_TEXT = re.compile(rf"(?:^|[\s\[(|<])(?:({_WORDS.upper()})(?=[\s\])|:>,]|$)|\[({_WORDS})\]|({_WORDS}):\s)", re.ASCII)
_BRACKET = re.compile(rf"[\[<(]\s*({_WORDS})\s*[\])>]|^({_WORDS}):?\s", re.IGNORECASE | re.ASCII)
# klog: I0501 12:00:00.000000       1 file.go:12] message. Source: k8s.io/klog.
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ ")
_TRACE = re.compile(
    r"(?:Traceback \(most recent call last\)|Exception in thread|panic: |fatal error: |thread '.*' panicked)"
)
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_KLOG_LEVELS = {"I": Level.INFO, "W": Level.WARN, "E": Level.ERROR, "F": Level.FATAL}
# pino and bunyan write numbers: 10 trace ... 60 fatal.
_NUMBERS = {10: Level.TRACE, 20: Level.DEBUG, 30: Level.INFO, 40: Level.WARN, 50: Level.ERROR, 60: Level.FATAL}

_LEVEL_KEYS = ("level", "severity", "lvl", "loglevel", "log.level", "levelname", "@level", "Level", "LogLevel")
_MESSAGE_KEYS = ("msg", "message", "@message", "@m", "event", "text", "Message", "MessageTemplate", "log")
_TIME_KEYS = ("time", "timestamp", "ts", "@timestamp", "@t", "t", "date", "datetime", "asctime", "Timestamp")


def level_named(word: object) -> Level:
    """The level that a word or a number means."""
    if isinstance(word, str):
        found = _NAMES.get(word.strip().lower())
        if found is None and word.strip().isdigit():
            found = _NUMBERS.get(int(word) // 10 * 10) if len(word) < 4 else None
        return found or Level.UNKNOWN
    if isinstance(word, (int, float)) and not isinstance(word, bool):
        return _NUMBERS.get(int(word) // 10 * 10, Level.UNKNOWN) if 0 <= word < 100 else Level.UNKNOWN
    return Level.UNKNOWN


def level_of(text: str) -> Level:
    """The level of a line in any of the three formats."""
    head = text.lstrip()[:1]
    if head == "{":
        fields = _object(text.strip())
        if fields is not None:
            return _level_in(fields)
    return _plain_level(text)


def _plain_level(text: str) -> Level:
    head = _COLOUR.sub("", text[:400])
    found = _LOGFMT.search(head)
    if found:
        return level_named(found.group(1))
    head = head[:160]
    klog = _KLOG.match(head)
    if klog:
        return _KLOG_LEVELS[klog.group(1)]
    if _TRACE.match(head):
        return Level.ERROR
    found = _TEXT.search(head) or _BRACKET.search(head[:60])
    return level_named(next(g for g in found.groups() if g)) if found else Level.UNKNOWN


def entry_of(text: str) -> Entry:
    """The line read; a JSON object's message and fields are taken apart."""
    stripped = text.strip()
    if stripped.startswith("{"):
        fields = _object(stripped)
        if fields is not None:
            return _json_entry(fields)
    if len(_PAIR.findall(text[:400])) >= 2:
        return Entry(_plain_level(text), Format.LOGFMT, text)
    return Entry(_plain_level(text), Format.TEXT, text)


def _json_entry(fields: Mapping[str, Any]) -> Entry:
    message, used = "", set(_TIME_KEYS)
    used.update(key for key in _LEVEL_KEYS if level_named(fields.get(key)) is not Level.UNKNOWN)
    for key in _MESSAGE_KEYS:
        if isinstance(fields.get(key), str) and fields[key]:
            message = fields[key]
            used.add(key)
            break
    rest = tuple((str(key), _value(value)) for key, value in fields.items() if key not in used)
    return Entry(_level_in(fields), Format.JSON, message, rest)


def _level_in(fields: Mapping[str, Any]) -> Level:
    for key in _LEVEL_KEYS:
        value = fields.get(key)
        if isinstance(value, Mapping):
            value = value.get("name") or value.get("level")
        found = level_named(value)
        if found is not Level.UNKNOWN:
            return found
    log = fields.get("log")
    return level_named(log.get("level")) if isinstance(log, Mapping) else Level.UNKNOWN


def _value(value: object) -> str:
    if isinstance(value, str):
        return value if value and not any(c in value for c in ' "=') else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object(text: str) -> Mapping[str, Any] | None:
    if len(text) > MOST_PARSED or not text.endswith("}"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def pretty(text: str) -> list[str]:
    """A line for reading at leisure: JSON indented, everything else as it is."""
    fields = _object(text.strip())
    if fields is None:
        return text.split("\n")
    return json.dumps(fields, ensure_ascii=False, indent=2).split("\n")
