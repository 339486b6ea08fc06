"""What a container's log is to the program. Lines stay bytes until somebody looks at them.

A *stamped line* is ``2026-05-01T10:00:00.123456789Z payload``: 30 bytes of UTC time, always in this form, a blank, the
payload as the container wrote it. It is the API server's own form with ``timestamps=true`` (source: Kubernetes,
PodLogOptions), brought to UTC and nine digits.

A *tagged line* has three bytes more at its end: two that number the source and one that says what the line is (TAG_*).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

STAMP = 31
"""Bytes before the payload of a stamped line."""
TAG = 3
"""Bytes behind the payload of a tagged line."""
TAG_LINE, TAG_MORE, TAG_NOTE = 0x20, 0x21, 0x22
"""A line; the continuation of the one before (a trace); a word of ours about the source."""
_FIRST, _BASE = 0x20, 0xC0
MOST_SOURCES = _BASE * _BASE


def tag(source: int, kind: int = TAG_LINE) -> bytes:
    """The three bytes at the end of a tagged line; none of them is a newline."""
    high, low = divmod(source % MOST_SOURCES, _BASE)
    return bytes((_FIRST + high, _FIRST + low, kind))


def source_of(line: bytes) -> int:
    """Number of the source of a tagged line."""
    return (line[-3] - _FIRST) * _BASE + line[-2] - _FIRST


def payload_of(line: bytes) -> bytes:
    """What the container wrote, of a tagged line."""
    return line[STAMP:-TAG]


class Level(IntEnum):
    """How grave a line is; UNKNOWN where it does not say."""

    UNKNOWN = 0
    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6


class Format(StrEnum):
    """How a line is written."""

    TEXT = "text"
    LOGFMT = "logfmt"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line as somebody reads it. All text is hostile still."""

    level: Level
    format: Format
    message: str
    fields: tuple[tuple[str, str], ...] = ()
    """What a JSON line says besides level, time and message, in its order."""


@dataclass(frozen=True, slots=True)
class Source:
    """One container of one pod. ``number`` is its place in this session."""

    number: int
    uid: str
    namespace: str
    pod: str
    container: str
    init: bool = False
    short: str = ""
    """A name as short as it can be among the others, for example ``backend-api·x2x9z``."""


class Scope(StrEnum):
    """What is followed."""

    POD = "pod"
    SERVICE = "service"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Target:
    """Which pods. ``name`` is a pod's or a deployment's, empty for the environment; ``uid`` pins one very pod."""

    scope: Scope
    name: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a log is begun: everything kept, unless one of these says less."""

    tail: int | None = None
    """Lines per container."""
    since_seconds: int | None = None
    since_time: str = ""
    """RFC 3339."""
