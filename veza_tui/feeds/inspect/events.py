"""Events: at the end of a description as kubectl writes them, and the namespace's own, folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects, seconds, text
from veza_tui.feeds.inspect.writer import Writer, shown
from veza_tui.model.ages import age
from veza_tui.model.workload import EventRow

Raw = Mapping[str, Any]


def describe_events(w: Writer, events: Sequence[Raw], now: float) -> None:
    """The block ``Events:``, oldest first; ages as of ``now`` (unix seconds)."""
    if not events:
        w.plain("Events:\t<none>")
        return
    w.flush()
    w.plain("Events:")
    w.row(1, "Type", "Reason", "Age", "From", "Message")
    w.row(1, "----", "------", "----", "----", "-------")
    for event in sorted(events, key=lambda e: seconds(text(e.get("lastTimestamp"))) or 0.0):
        source = text(mapping(event.get("source")).get("component")) or text(event.get("reportingComponent"))
        message = text(event.get("message")).strip()
        w.row(1, event.get("type"), event.get("reason"), _interval(event, now), source, message)


def _interval(event: Raw, now: float) -> str:
    first = _since(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if isinstance(series, dict):
        return f"{_since(series.get('lastObservedTime'), now)} (x{integer(series.get('count'))} over {first})"
    if integer(event.get("count")) > 1:
        return f"{_since(event.get('lastTimestamp'), now)} (x{integer(event.get('count'))} over {first})"
    return first


def _since(value: Any, now: float) -> str:
    at = seconds(text(value))
    return "<unknown>" if at is None else age(now - at)


@dataclass(frozen=True, slots=True)
class FoldedEvent:
    """The same thing said of the same object, once or often."""

    row: EventRow
    """The newest of them; ``count`` and ``first`` are of all together."""
    objects: int = 1
    """Event objects folded into it."""

    @property
    def warning(self) -> bool:
        """Whether it tells of trouble."""
        return self.row.type == "Warning"


def fold(events: Iterable[EventRow]) -> list[FoldedEvent]:
    """Warnings first, then the newest; equal reason and message about one object are one row with their counts."""
    found: dict[tuple[str, ...], FoldedEvent] = {}
    for row in events:
        key = (row.type, row.reason, row.object_kind, row.object_name, row.message)
        old = found.get(key)
        if old is None:
            found[key] = FoldedEvent(row)
            continue
        newer = row if row.last >= old.row.last else old.row
        both = replace(newer, count=row.count + old.row.count, first=min(row.first, old.row.first))
        found[key] = FoldedEvent(both, old.objects + 1)
    return sorted(found.values(), key=lambda e: (not e.warning, -e.row.last, e.row.object_name, e.row.reason))


def about(events: Iterable[Raw], uid: str, kind: str) -> list[Raw]:
    """The events of one object: by uid, as kubectl asks for them (of pods whatever kind the event says)."""
    out = []
    for event in events:
        ref = mapping(event.get("involvedObject"))
        if ref.get("uid") == uid and (kind == "Pod" or ref.get("kind") == kind):
            out.append(event)
    return out


def slim_event(obj: Raw) -> dict[str, Any]:
    """What a description needs of a raw Event."""
    keep = ("type", "reason", "message", "count", "firstTimestamp", "lastTimestamp", "eventTime", "series", "source",
            "reportingComponent", "involvedObject")  # fmt: skip
    out = {key: obj[key] for key in keep if key in obj}
    out["uid"] = text(mapping(obj.get("metadata")).get("uid"))
    out["message"] = shown(out.get("message"))[:4096]
    return out


def names(owners: Any) -> list[str]:
    """``Kind/name`` of each owner."""
    return [f"{text(o.get('kind'))}/{text(o.get('name'))}" for o in objects(owners)]
