"""Raw Pods as rows: the columns, a state, and the cause of a failure in one line. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects, seconds, text
from veza_tui.feeds.pod_status import Columns, columns
from veza_tui.model.text import printable
from veza_tui.model.workload import ContainerRow, EventRow, PodRow, State

Raw = Mapping[str, Any]
CAUSE_LIMIT = 240
"""Characters."""

_STARTING = frozenset(("", "ContainerCreating", "PodInitializing"))
_IMAGE = frozenset(
    (
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    )
)
_NEVER_STARTED = frozenset(("ContainerCannotRun", "StartError", "RunContainerError"))
# What the scheduler adds about ways that are none (the first since 1.34, which tries devices' claims as well).
_SCHEDULER_ASIDE = re.compile(r" (no new claims to deallocate|preemption:)")
_SIGNALS = {130: "SIGINT", 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM"}


def project_pod(obj: Raw) -> PodRow:
    """The row of a raw Pod."""
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    shown = columns(obj)
    containers = _containers(spec, status, ("initContainer", "container"))
    owner = next((o for o in objects(meta.get("ownerReferences")) if o.get("controller") is True), None)
    state, cause = _judge(meta, spec, status, shown, containers)
    return PodRow(
        uid=text(meta.get("uid")),
        name=text(meta.get("name")),
        namespace=text(meta.get("namespace")),
        status=shown.status,
        ready=shown.ready,
        total=shown.total,
        restarts=shown.restarts,
        last_restart=shown.last_restart,
        created=seconds(meta.get("creationTimestamp")) or 0.0,
        node=text(spec.get("nodeName")),
        ip=text(status.get("podIP")),
        owner=text(owner.get("name")) if owner else "",
        owner_kind=text(owner.get("kind")) if owner else "",
        labels=tuple(sorted((str(k), str(v)) for k, v in mapping(meta.get("labels")).items())),
        containers=containers,
        state=state,
        cause=printable(cause, limit=CAUSE_LIMIT),
        deleting=bool(meta.get("deletionTimestamp")),
        ephemeral=_containers(spec, status, ("ephemeralContainer",)) if spec.get("ephemeralContainers") else (),
    )


def failing_container(row: PodRow) -> ContainerRow | None:
    """The container whose log explains the failure: the first that is in trouble, init containers first."""
    for container in row.containers:
        if _in_trouble(container) and not (container.init and container.ready):
            return container
    if row.state in (State.FAILED, State.DEGRADED):
        return next((c for c in row.containers if not c.init and not c.ready and c.state == "running"), None)
    return None


def with_events(row: PodRow, events: Iterable[EventRow]) -> PodRow:
    """``row`` with the cause that only the pod's warning events tell: a probe's failure, the registry's answer."""
    if row.state is State.OK or row.deleting:
        return row
    newest: dict[str, EventRow] = {}
    for event in events:
        known = newest.get(event.reason)
        if known is None or event.last >= known.last:
            newest[event.reason] = event
    unhealthy = newest.get("Unhealthy")
    # A probe that fails right after a kill says less than the kill.
    killed = "out of memory" in row.cause and unhealthy is not None and unhealthy.last - (row.last_restart or 0) < 120
    if (
        unhealthy is not None
        and not killed
        and row.status == "Running"
        and row.ready < row.total
        and _probed_enough(row, unhealthy)
    ):
        return replace(row, state=State.DEGRADED, cause=_line(_lower(unhealthy.message)))
    if row.cause.endswith("cannot be pulled") and "Failed" in newest:
        container = failing_container(row)
        detail = _registry_error(newest["Failed"].message, container.image if container else "")
        if detail:
            return replace(row, cause=_line(row.cause.removesuffix("cannot be pulled") + detail))
    if row.status in ("ContainerCreating", "PodInitializing") or row.status.startswith("Init:"):
        for reason in ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"):
            if reason in newest:
                return replace(row, state=State.DEGRADED, cause=_line(_lower(newest[reason].message)))
    return row


def _probed_enough(row: PodRow, event: EventRow) -> bool:
    """Every slow start fails some probes: only a pod that was well, or one that fails on and on, is called failing."""
    return row.state is not State.PROGRESSING or event.count >= (6 if event.message.startswith("Startup") else 2)


def _line(message: str) -> str:
    return printable(" ".join(message.split()), limit=CAUSE_LIMIT)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:] if message[1:2].islower() else message


def _containers(spec: Raw, status: Raw, kinds: tuple[str, ...]) -> tuple[ContainerRow, ...]:
    rows: list[ContainerRow] = []
    for kind in kinds:
        by_name = {text(s.get("name")): s for s in objects(status.get(f"{kind}Statuses"))}
        for container in objects(spec.get(f"{kind}s")):
            name = text(container.get("name"))
            rows.append(_container(name, container, mapping(by_name.get(name)), kind == "initContainer"))
    return tuple(rows)


def _container(name: str, spec: Raw, status: Raw, init: bool) -> ContainerRow:
    state = mapping(status.get("state"))
    kind = next((k for k in ("running", "terminated", "waiting") if isinstance(state.get(k), dict)), "waiting")
    now = mapping(state.get(kind))
    last = now if kind == "terminated" else mapping(mapping(status.get("lastState")).get("terminated"))
    said, before = text(now.get("message")), text(last.get("message")) if kind == "waiting" else ""
    if before and now.get("reason") == "CrashLoopBackOff" and last.get("reason") in _NEVER_STARTED:
        said = before  # kubelet's own words then ("back-off 10s restarting failed container") tell nothing
    limits = mapping(mapping(spec.get("resources")).get("limits"))
    return ContainerRow(
        name=name,
        image=text(spec.get("image")),
        ready=status.get("ready") is True,
        state=kind,
        reason=text(now.get("reason")),
        message=said or before,
        restarts=integer(status.get("restartCount")),
        last_exit_code=integer(last.get("exitCode")) if last else None,
        last_reason=text(last.get("reason")),
        last_finished=seconds(last.get("finishedAt")),
        memory_limit=text(limits.get("memory")),
        cpu_limit=text(limits.get("cpu")),
        init=init,
    )


def _in_trouble(container: ContainerRow) -> bool:
    if container.state == "waiting":
        return container.reason not in _STARTING
    return container.state == "terminated" and container.last_exit_code != 0


def _judge(
    meta: Raw, spec: Raw, status: Raw, shown: Columns, containers: tuple[ContainerRow, ...]
) -> tuple[State, str]:
    phase = text(status.get("phase"))
    conditions = {text(c.get("type")): c for c in objects(status.get("conditions"))}
    if meta.get("deletionTimestamp"):
        if shown.status == "Unknown":
            return State.FAILED, f"its node {text(spec.get('nodeName'))} does not answer"
        return State.PROGRESSING, ""
    if phase == "Succeeded":
        return State.OK, ""
    troubled = next((c for c in containers if _in_trouble(c)), None)
    several = len(containers) > 1
    if phase == "Failed":
        message, reason = text(status.get("message")), text(status.get("reason"))
        if reason:
            return State.FAILED, f"{reason}: {message}" if message else reason
        return State.FAILED, _cause(troubled, several) if troubled else "failed"
    if troubled is not None:
        return State.FAILED, _cause(troubled, several)
    if phase == "Pending":
        return _pending(mapping(conditions.get("PodScheduled")))
    if phase != "Running":
        return State.UNKNOWN, text(status.get("message"))
    return _running(mapping(conditions.get("Ready")), status, shown, containers, several)


def _pending(scheduled: Raw) -> tuple[State, str]:
    if scheduled.get("status") == "False":
        message = text(scheduled.get("message"))
        if scheduled.get("reason") == "SchedulingGated":
            return State.PROGRESSING, message or "held back by a scheduling gate"
        message = _SCHEDULER_ASIDE.split(message)[0].rstrip("., ")
        return State.FAILED, f"unschedulable: {message}" if message else "unschedulable"
    return State.PROGRESSING, ""


def _running(
    ready: Raw, status: Raw, shown: Columns, containers: tuple[ContainerRow, ...], several: bool
) -> tuple[State, str]:
    if ready.get("status") == "True":
        return State.OK, ""
    if shown.ready == shown.total and ready.get("reason") == "ReadinessGatesNotReady":
        return State.DEGRADED, text(ready.get("message")) or "a readiness gate is closed"
    ended = next((c for c in containers if not c.init and c.state == "terminated"), None)
    if ended is not None:
        return State.DEGRADED, _cause(ended, several)
    crashed = next((c for c in containers if not c.ready and not c.init and c.last_exit_code), None)
    if crashed is not None:
        return State.DEGRADED, f"restarted after {_cause(crashed, several)}"
    # It was ready once if the condition changed after its containers had started.
    changed = seconds(ready.get("lastTransitionTime"))
    started = [
        seconds(mapping(mapping(c.get("state")).get("running")).get("startedAt"))
        for c in objects(status.get("containerStatuses"))
    ]
    latest = max((s for s in started if s is not None), default=None)
    if ready.get("status") == "False" and changed is not None and latest is not None and changed > latest + 1:
        return State.DEGRADED, "lost its readiness"
    return State.PROGRESSING, ""


def _cause(container: ContainerRow, several: bool) -> str:
    prefix = f"init container {container.name}: " if container.init else f"{container.name}: " if several else ""
    if container.state == "waiting" and container.reason in _IMAGE:
        detail = _registry_error(container.message, container.image)
        if container.reason == "InvalidImageName":
            detail = "is no valid image name"
        elif container.reason == "ErrImageNeverPull":
            detail = "is not on the node, and its pull policy is Never"
        return f"{prefix}image {container.image} {detail or 'cannot be pulled'}"
    code, last = container.last_exit_code, container.last_reason
    crashed = container.state == "terminated" or container.reason == "CrashLoopBackOff" or container.state == "running"
    if crashed and last == "OOMKilled":
        limit = (
            f"its limit of {container.memory_limit}"
            if container.memory_limit
            else "no limit of its own: the node ran out"
        )
        return (
            f"{prefix}out of memory: killed at {limit}" if container.memory_limit else f"{prefix}out of memory: {limit}"
        )
    if crashed and code is not None:
        if last in _NEVER_STARTED and container.message:
            return f"{prefix}cannot start: {_runtime_error(container.message)}"
        signal = f" ({_SIGNALS[code]})" if code in _SIGNALS else ""
        return f"{prefix}exit {code}{signal}"
    message = _runtime_error(container.message)
    return f"{prefix}{container.reason}: {message}" if message else f"{prefix}{container.reason or 'failed'}"


def _runtime_error(message: str) -> str:
    """What the runtime met, out of its layers of wrapping (containerd, shim, runc)."""
    said = " ".join(message.split())
    return said.rpartition("unable to start container process: ")[2].removesuffix(": unknown") or said


_RPC = re.compile(r"rpc error: code = (\w+) desc = ")


def _registry_error(message: str, image: str) -> str:
    """What the registry said, out of kubelet's and the runtime's wrapping; empty when the message does not tell."""
    text_ = " ".join(message.split())
    if not _RPC.search(text_) and "ErrImagePull:" not in text_ and "failed to" not in text_.lower():
        return ""
    text_ = _RPC.split(text_)[-1]
    text_ = text_.split("ErrImagePull:")[-1].strip()
    # The runtime repeats the image at each layer of wrapping; the end of the chain is the reason.
    for name in (image, image.split("/")[-1]):
        if name and name in text_:
            text_ = text_[text_.rfind(name) + len(name) :]
    text_ = text_.strip(" :\"'")
    return text_ or "cannot be pulled"
