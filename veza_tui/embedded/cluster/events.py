"""Events as client-go records them: folded by count, similar ones aggregated, floods cut, old ones dropped."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.clock import Clock
from veza_tui.embedded.cluster.objects import Object, parse_time, rfc3339

_log = logging.getLogger(__name__)
_BURST, _REFILL = 25, 300.0
"""Spam filter: 25 events per object and source, one more each 300 s (client-go's defaults)."""
_SIMILAR, _WINDOW = 10, 600.0
"""Ten different messages of one reason within 600 s are combined from then on."""
_TTL = 3600.0
"""Seconds an event lives, the API server's --event-ttl."""
_REMEMBERED = 4096


class EventRecorder:
    """Writes events to the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._names: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._similar: OrderedDict[tuple[str, ...], tuple[float, set[str]]] = OrderedDict()
        self._tokens: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()
        self._serial = 0

    def record(
        self,
        obj: Mapping[str, Any],
        kind: str,
        reason: str,
        message: str,
        source: str,
        *,
        host: str = "",
        field: str = "",
    ) -> None:
        """``kind`` is Normal or Warning; a namespace that is going away takes no events, which is not an error."""
        meta, now = obj["metadata"], self._clock.now()
        subject = (source, host, obj["kind"], meta.get("namespace", ""), meta["name"], meta.get("uid", ""), field)
        if not self._take_token(subject[:6], now):
            return
        similar: tuple[str, ...] = (*subject, kind, reason)
        since, messages = self._similar.pop(similar, (now, set()))
        if now - since > _WINDOW:
            since, messages = now, set()
        messages.add(message)
        self._similar[similar] = (since, messages)
        if len(messages) >= _SIMILAR:
            messages.pop()
            message = f"(combined from similar events): {message}"
        else:
            similar = (*similar, message)
        try:
            self._write(similar, obj, kind, reason, message, source, host, field, now)
        except ApiError as error:
            _log.debug("event %s %s: %s", reason, meta["name"], error)
        for table in (self._names, self._similar, self._tokens):
            while len(table) > _REMEMBERED:
                table.popitem(last=False)

    def _take_token(self, subject: tuple[str, ...], now: float) -> bool:
        tokens, last = self._tokens.pop(subject, (float(_BURST), now))
        tokens = min(float(_BURST), tokens + (now - last) / (_REFILL * self._clock.scale or 1.0))
        allowed = tokens >= 1.0
        self._tokens[subject] = (tokens - 1.0 if allowed else tokens, now)
        return allowed

    def _write(
        self,
        key: tuple[str, ...],
        obj: Mapping[str, Any],
        kind: str,
        reason: str,
        message: str,
        source: str,
        host: str,
        field: str,
        now: float,
    ) -> None:
        namespace = obj["metadata"].get("namespace") or "default"
        stamp = rfc3339(now)
        known = self._names.get(key)
        if known is not None:

            def again(event: Object) -> None:
                event["count"] = int(event.get("count") or 1) + 1
                event["lastTimestamp"] = stamp
                event["message"] = message

            if self._store.find("events", namespace, known) is not None:
                self._store.mutate("events", namespace, known, again)
                self._names.move_to_end(key)
                return
        self._serial += 1
        name = f"{obj['metadata']['name']}.{(int(now * 1e6) << 12 | self._serial & 0xFFF):x}"
        involved: Object = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": obj["metadata"]["name"]}
        if obj["metadata"].get("namespace"):
            involved["namespace"] = namespace
        for there, here in (("uid", "uid"), ("resourceVersion", "resourceVersion")):
            if obj["metadata"].get(here):
                involved[there] = obj["metadata"][here]
        if field:
            involved["fieldPath"] = field
        self._store.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": involved,
                "reason": reason,
                "message": message[:1024],
                "source": {"component": source, "host": host} if host else {"component": source},
                "firstTimestamp": stamp,
                "lastTimestamp": stamp,
                "count": 1,
                "type": kind,
                "eventTime": None,
                "reportingComponent": source,
                "reportingInstance": host,
            }
        )
        self._names[key] = name

    def expire(self) -> int:
        """Drop events older than an hour; how many went."""
        limit = self._clock.now() - _TTL
        old = [
            e["metadata"]
            for e in self._store.list("events")
            if parse_time(e.get("lastTimestamp") or e["metadata"].get("creationTimestamp")) < limit
        ]
        for meta in old:
            self._store.delete("events", meta["namespace"], meta["name"])
        return len(old)
