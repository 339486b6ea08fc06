"""READY, STATUS and RESTARTS of a pod exactly as ``kubectl get pods`` prints them.

The API server computes the columns; the rules here follow its printer for Kubernetes 1.32-1.34
(kubernetes/kubernetes, pkg/printers/internalversion/printers.go, printPod), told in our own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects, seconds, text

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """What the table shows; ``last_restart`` in unix seconds."""

    status: str
    ready: int
    total: int
    restarts: int
    last_restart: float | None


def columns(pod: Raw) -> Columns:
    """The columns of a raw Pod."""
    spec, status, meta = mapping(pod.get("spec")), mapping(pod.get("status")), mapping(pod.get("metadata"))
    conditions = objects(status.get("conditions"))
    phase = text(status.get("phase"))
    word = text(status.get("reason")) or phase
    if any(c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in conditions):
        word = "SchedulingGated"
    init_specs = objects(spec.get("initContainers"))
    sidecars = {text(c.get("name")) for c in init_specs if c.get("restartPolicy") == "Always"}
    total = len(objects(spec.get("containers"))) + sum(1 for c in init_specs if c.get("restartPolicy") == "Always")

    init = _init(objects(status.get("initContainerStatuses")), sidecars, len(init_specs))
    ready, restarts, last = init.ready, init.restarts, init.last
    if init.word is not None:
        word = init.word
    if init.word is None or _is_true(conditions, "Initialized"):
        # Once the main containers run, restarts of the init containers that are over no longer count.
        word, main_ready, main_restarts, main_last = _main(objects(status.get("containerStatuses")), word, conditions)
        ready += main_ready
        restarts = init.sidecar_restarts + main_restarts
        last = _later(init.sidecar_last, main_last)
    if meta.get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            word = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            word = "Terminating"
    return Columns(word, ready, total, restarts, last if restarts else None)


@dataclass(slots=True)
class _Init:
    word: str | None = None
    """STATUS while initialising; None when that is over."""
    ready: int = 0
    restarts: int = 0
    last: float | None = None
    sidecar_restarts: int = 0
    sidecar_last: float | None = None


def _init(statuses: list[Raw], sidecars: set[str], count: int) -> _Init:
    found = _Init()
    for index, container in enumerate(statuses):
        restarts, last = integer(container.get("restartCount")), _last_end(container)
        found.restarts += restarts
        found.last = _later(found.last, last)
        sidecar = text(container.get("name")) in sidecars
        if sidecar:
            found.sidecar_restarts += restarts
            found.sidecar_last = _later(found.sidecar_last, last)
        state = mapping(container.get("state"))
        ended, waiting = state.get("terminated"), text(mapping(state.get("waiting")).get("reason"))
        if isinstance(ended, dict) and not integer(ended.get("exitCode")):
            continue
        if sidecar and container.get("started") is True:
            found.ready += container.get("ready") is True
            continue
        if isinstance(ended, dict):
            found.word = "Init:" + _end_word(ended)
        elif waiting and waiting != "PodInitializing":
            found.word = "Init:" + waiting
        else:
            found.word = f"Init:{index}/{count}"
        break
    return found


def _main(statuses: list[Raw], word: str, conditions: list[Raw]) -> tuple[str, int, int, float | None]:
    ready, restarts, running = 0, 0, False
    last: float | None = None
    # Backwards: the first container's trouble is what stands in the end.
    for container in reversed(statuses):
        restarts += integer(container.get("restartCount"))
        last = _later(last, _last_end(container))
        state = mapping(container.get("state"))
        ended, waiting = state.get("terminated"), text(mapping(state.get("waiting")).get("reason"))
        if waiting:
            word = waiting
        elif isinstance(ended, dict):
            word = _end_word(ended)
        elif container.get("ready") is True and isinstance(state.get("running"), dict):
            running = True
            ready += 1
    if word == "Completed" and running:
        word = "Running" if _is_true(conditions, "Ready") else "NotReady"
    return word, ready, restarts, last


def _end_word(ended: Raw) -> str:
    reason, signal = text(ended.get("reason")), integer(ended.get("signal"))
    return reason or (f"Signal:{signal}" if signal else f"ExitCode:{integer(ended.get('exitCode'))}")


def _is_true(conditions: list[Raw], kind: str) -> bool:
    return next((c.get("status") == "True" for c in conditions if c.get("type") == kind), False)


def _last_end(container: Raw) -> float | None:
    return seconds(mapping(mapping(container.get("lastState")).get("terminated")).get("finishedAt"))


def _later(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
