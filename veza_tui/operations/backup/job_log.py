"""What the Job of a backup tells by its log, followed to its end through cuts of the line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

from veza_tui.model.errors import VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable
from veza_tui.operations.backup.steps import reporting
from veza_tui.operations.context import Context, Result
from veza_tui.operations.retry import is_transient
from veza_tui.ports.cluster import JOBS, PODS, Cluster, ClusterError, JSONObject, NotFound
from veza_tui.ports.database import TransferProgress

_POLL = 0.3
_PAUSE = 1.0
"""Seconds before a log that ended early is taken up again."""
_AGAIN = 50
"""Its last lines that are read again then: the result is the last thing that the Job says."""
_HOPELESS = ("ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "InvalidImageName")


async def follow(context: Context, name: str, namespace: str) -> Result:
    """The Job's result; its progress and its other lines are reported.

    Raises:
        VezaError: what the Job said, with its exit code; or that it ended without a word.
    """
    pod = await _started(context, name, namespace)
    report_progress = reporting(context)
    last = ""
    async for line, again in _told(context, namespace, pod):
        try:
            told = json.loads(line)
            kind = told.pop("is")
        except (ValueError, KeyError, AttributeError, TypeError):
            last = printable(line, limit=200) or last
            if not again:
                context.report.output(last)
            continue
        if kind == "progress":
            report_progress(TransferProgress(**told))
        elif kind == "done":
            return dict(told)
        elif kind == "failed":
            error = VezaError(printable(str(told["message"])), hint=printable(str(told.get("hint", ""))))
            error.exit = Exit(told.get("exit", Exit.FAILED))
            raise error
    why = "; ".join(filter(None, (last, await _why(context.cluster, namespace, pod))))
    raise VezaError(f"the Job {name} ended without a result: {why or 'its pod is gone'}")


async def _started(context: Context, name: str, namespace: str) -> str:
    """The pod's name once its container has started; what holds it up is told."""
    told = ""
    while True:
        pods = await context.cluster.list_all(PODS, namespace, label_selector=f"job-name={name}")
        for pod in pods:
            status = pod.get("status", {})
            states = [c.get("state", {}) for c in status.get("containerStatuses") or ()]
            if status.get("phase") in ("Running", "Succeeded", "Failed") and any("waiting" not in s for s in states):
                return str(pod["metadata"]["name"])
            reason = _waits(status, states)
            if reason.startswith(_HOPELESS):
                raise VezaError(f"the Job {name} cannot start: {reason}")
            if reason != told:
                told = reason
                context.report.progress(None, f"the Job's pod waits: {reason}" if reason else "the Job's pod starts")
        if not pods:
            await _alive(context.cluster, name, namespace)
        await context.clock.sleep(_POLL)


def _waits(status: JSONObject, states: list[JSONObject]) -> str:
    """Why a pod does not run yet: its container's reason, or the scheduler's."""
    waiting: JSONObject = next((s["waiting"] for s in states if "waiting" in s), {})
    unplaced: JSONObject = next(
        (c for c in status.get("conditions") or () if c.get("type") == "PodScheduled" and c.get("status") == "False"),
        {},
    )
    found = waiting or unplaced
    return printable(f"{found.get('reason', '')} {found.get('message', '')}".strip(), limit=200)


async def _alive(cluster: Cluster, name: str, namespace: str) -> None:
    """Without a pod: the Job has given up, or somebody removed it."""
    try:
        job = await cluster.get(JOBS, name, namespace)
    except NotFound:
        raise VezaError(f"the Job {name} was removed before its pod started") from None
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            why = printable(f"{condition.get('reason', '')} {condition.get('message', '')}".strip(), limit=200)
            raise VezaError(f"the Job {name} cannot start: {why}")


async def _told(context: Context, namespace: str, pod: str) -> AsyncIterator[tuple[str, bool]]:
    """Lines until the container has ended, and whether they may have been read before.

    An API server, a proxy or a node that goes cuts a log in the middle; the dump goes on meanwhile.
    """
    again = False
    while True:
        # Asked before it is read: what is read after its end is all that there is.
        ended = await _ended(context.cluster, namespace, pod)
        try:
            async for line in _lines(context.cluster, namespace, pod, _AGAIN if again else None):
                yield line, again
        except NotFound:
            return
        except ClusterError as error:
            if not is_transient(error):
                raise
            ended = False
            context.report.progress(None, f"the Job's log is cut: {error}")
        if ended:
            return
        again = True
        await context.clock.sleep(_PAUSE)


async def _ended(cluster: Cluster, namespace: str, pod: str) -> bool:
    try:
        found = await cluster.get(PODS, pod, namespace)
    except NotFound:
        return True
    except ClusterError as error:
        if not is_transient(error):
            raise
        return False
    return (found.get("status") or {}).get("phase") in ("Succeeded", "Failed")


async def _lines(cluster: Cluster, namespace: str, pod: str, tail: int | None) -> AsyncIterator[str]:
    rest = b""
    async for chunk in cluster.logs(namespace, pod, "backup", follow=True, tail=tail):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


async def _why(cluster: Cluster, namespace: str, pod: str) -> str:
    with contextlib.suppress(ClusterError):
        found = await cluster.get(PODS, pod, namespace)
        for status in (found.get("status") or {}).get("containerStatuses") or ():
            ended = status.get("state", {}).get("terminated") or {}
            if ended:
                return printable(f"{ended.get('reason', '')}, exit code {ended.get('exitCode')}", limit=100)
    return ""
