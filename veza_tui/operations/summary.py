"""Finished operations in short: what a list shows without reading whole journals; which ones are removed in time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.model.journal import JournalEvent, OperationState, OperationStatus
from veza_tui.model.text import printable
from veza_tui.operations.journal import decode, encode, read_journal
from veza_tui.operations.settings import write_private

KEEP_VARIABLE = "VEZA_KEEP_OPERATIONS"
"""How many finished operations are kept, or for how long: ``1000`` (the default), ``90d``, or ``all``."""
KEEP = 1000
GRACE_SECONDS = 30 * 86400.0
"""A failed or cancelled operation so young may still be resumed or taken back."""

_NAME = "summary.jsonl"
_TYPES = frozenset(("plan", "wait", "start", "undo", "cancel", "approval", "step", "end"))


@dataclass(frozen=True, slots=True)
class Limit:
    """What is kept: a number of operations, or those younger than some seconds; both None: all."""

    number: int | None = None
    seconds: float | None = None


def kept_limit(environ: Mapping[str, str]) -> Limit:
    """The limit that the variable sets.

    Raises:
        ConfigError: it is neither a number, days, nor ``all``.
    """
    text = environ.get(KEEP_VARIABLE, "").strip().lower()
    if not text:
        return Limit(KEEP)
    if text == "all":
        return Limit()
    if text.isdecimal() and int(text) > 0:
        return Limit(int(text))
    if text.endswith("d") and text[:-1].isdecimal() and int(text[:-1]) > 0:
        return Limit(seconds=int(text[:-1]) * 86400.0)
    raise ConfigError(
        f"{KEEP_VARIABLE} is {printable(text, limit=40)!r}", hint="a number of operations, days as 90d, or all"
    )


def old_ones(ids: Sequence[str], limit: Limit, now: float) -> list[str]:
    """Ids, oldest first, beyond the limit. Pure."""
    if limit.number is not None:
        return list(ids[: max(len(ids) - limit.number, 0)])
    if limit.seconds is not None:
        edge = f"{datetime.fromtimestamp(now - limit.seconds, UTC):%Y%m%dt%H%M%S}"
        return [i for i in ids if i < edge]
    return []


def prunable(status: OperationStatus, now: float) -> bool:
    """Whether nobody will want to go on with it or take it back. Pure."""
    if not status.state.ended:
        return False
    if status.state in (OperationState.FAILED, OperationState.CANCELLED):
        return now - (status.ended or now) > GRACE_SECONDS
    return True


def write_summary(directory: Path) -> None:
    """Keep the events that a list needs, with the journal's size: a journal that grows again makes it void."""
    journal = directory / "journal.jsonl"
    try:
        size = journal.stat().st_size
        events = list(_in_short(read_journal(journal)))
        head = json.dumps({"journal": size}).encode() + b"\n"
        write_private(directory / _NAME, head + b"".join(map(encode, events)))
    except OSError:
        return  # a list that cannot write is only slower


def _in_short(events: Iterable[JournalEvent]) -> Iterator[JournalEvent]:
    """The steps' and the operation's own events, and of the progress of each step the last word."""
    last: dict[str, JournalEvent] = {}
    for event in events:
        if event.type == "progress":
            last[event.step] = event
        elif event.type in _TYPES:
            if event.step in last:
                yield last.pop(event.step)
            yield event


def read_summary(directory: Path) -> list[JournalEvent] | None:
    """The events, None when there is no summary or the journal has changed since."""
    try:
        lines = (directory / _NAME).read_bytes().splitlines()
        size = (directory / "journal.jsonl").stat().st_size
        if not lines or json.loads(lines[0]) != {"journal": size}:
            return None
    except (OSError, ValueError):
        return None
    events = [decode(line) for line in lines[1:]]
    return None if any(e is None for e in events) else [e for e in events if e is not None]
