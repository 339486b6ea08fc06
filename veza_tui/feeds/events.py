"""Raw Events as rows; core/v1 both forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.feeds.fields import integer, mapping, seconds, text
from veza_tui.model.workload import EventRow

_LIMIT = 1024
"""Characters kept of a message; Kubernetes allows 1,024 bytes in events.k8s.io."""


def project_event(obj: Mapping[str, Any]) -> EventRow:
    """The row of a raw Event; ``eventTime`` and ``series`` are the newer form, counts and timestamps the older one."""
    meta, about = mapping(obj.get("metadata")), mapping(obj.get("involvedObject"))
    series = mapping(obj.get("series"))
    created = seconds(meta.get("creationTimestamp"))
    first = seconds(obj.get("firstTimestamp")) or seconds(obj.get("eventTime")) or created or 0.0
    last = seconds(series.get("lastObservedTime")) or seconds(obj.get("lastTimestamp")) or first
    return EventRow(
        uid=text(meta.get("uid")),
        type=text(obj.get("type")),
        reason=text(obj.get("reason")),
        message=text(obj.get("message"))[:_LIMIT],
        object_kind=text(about.get("kind")),
        object_name=text(about.get("name")),
        object_uid=text(about.get("uid")),
        count=integer(series.get("count")) or integer(obj.get("count")) or 1,
        first=first,
        last=last,
        source=text(mapping(obj.get("source")).get("component")) or text(obj.get("reportingComponent")),
    )
