"""A debug container beside one that has no shell: an ephemeral container that ends by itself.

Source: kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/. One can be added to a running pod, never
removed: ours ends when its shell is left, at the latest after ``LIFETIME``.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, cast

from veza_tui.model.errors import RefusedError, TimedOutError, VezaError
from veza_tui.model.plan import Need
from veza_tui.model.text import printable
from veza_tui.operations.shell.place import Place
from veza_tui.ports.cluster import PODS, Cluster, Synced, Upsert

DEFAULT_IMAGE = "busybox:1.37"
PREFIX = "veza-debug-"
LIFETIME = 4 * 3600
"""Seconds."""
START_SECONDS = 90.0
_MARK = "/tmp/.veza-debug"  # noqa: S108 - inside the debug container
# The API server's variable expansion makes one dollar of two.
_SLEEP = f"echo $$$$ > {_MARK}; trap 'kill $!; exit 0' TERM; sleep {LIFETIME} & wait"
LEAVE = ["sh", "-c", f"kill -TERM $(cat {_MARK})"]
"""Ends the container."""
_STUCK = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError",
          "RunContainerError", "ErrImageNeverPull")  # fmt: skip
_COPIED = ("runAsUser", "runAsGroup", "runAsNonRoot", "allowPrivilegeEscalation", "capabilities", "seccompProfile")


def debug_image(wanted: str = "") -> str:
    """``--debug-image``, else VEZA_DEBUG_IMAGE, else a small image known to have a shell."""
    return wanted or os.environ.get("VEZA_DEBUG_IMAGE", "") or DEFAULT_IMAGE


def debug_need(namespace: str) -> Need:
    """The permission to add one."""
    return Need("patch", "pods", subresource="ephemeralcontainers", namespace=namespace)


def debug_container(place: Place, container: str, image: str) -> dict[str, Any]:
    """Its spec; pure but for the name. It sees the processes of ``container`` and runs as the same user."""
    containers = (place.raw.get("spec") or {}).get("containers") or ()
    target: Mapping[str, Any] = next((c for c in containers if c["name"] == container), {})
    context = {k: v for k, v in (target.get("securityContext") or {}).items() if k in _COPIED}
    return {
        "name": PREFIX + secrets.token_hex(3),
        "image": image,
        "command": ["sh", "-c", _SLEEP],
        "targetContainerName": container,
        "imagePullPolicy": "IfNotPresent",
        **({"securityContext": context} if context else {}),
    }


async def start_debug(cluster: Cluster, place: Place, container: str, image: str) -> str:
    """Add one and wait until it runs; returns its name.

    Raises:
        RefusedError: no permission.
        TimedOutError: it did not run in time.
        VezaError: its image cannot be pulled, or it ended at once.
    """
    if not (await cluster.allowed([debug_need(place.namespace)]))[0]:
        raise RefusedError(
            f"missing permission: patch pods/ephemeralcontainers in {place.namespace}",
            hint="a debug container cannot be added; ask for the permission",
        )
    spec = debug_container(place, container, image)
    await cluster.patch(
        PODS,
        place.pod,
        {"spec": {"ephemeralContainers": [spec]}},
        place.namespace,
        kind="strategic",
        subresource="ephemeralcontainers",
    )
    name = str(spec["name"])
    try:
        async with asyncio.timeout(START_SECONDS):
            await _until_running(cluster, place, name, image)
    except TimeoutError:
        raise TimedOutError(
            f"debug container {name} ({printable(image, limit=80)}) did not start within {START_SECONDS:g} s",
            hint=f"kubectl describe pod {place.pod} says why",
        ) from None
    return name


async def _until_running(cluster: Cluster, place: Place, name: str, image: str) -> None:
    events = cluster.watch(PODS, place.namespace, dict, field_selector=f"metadata.name={place.pod}")
    async with aclosing(cast("Any", events)) as stream:
        async for event in cast("AsyncIterator[Any]", stream):
            pods = list(event.items.values()) if isinstance(event, Synced) else []
            if isinstance(event, Upsert):
                pods = [event.item]
            for pod in pods:
                if _running(pod, name, image):
                    return
            if isinstance(event, Synced) and not pods:
                raise VezaError(f"pod {place.pod} is gone")


def _running(pod: Mapping[str, Any], name: str, image: str) -> bool:
    statuses = (pod.get("status") or {}).get("ephemeralContainerStatuses") or ()
    state = next((s.get("state") or {} for s in statuses if s.get("name") == name), {})
    waiting, ended = state.get("waiting") or {}, state.get("terminated")
    if waiting.get("reason") in _STUCK:
        why = printable(str(waiting.get("message") or waiting["reason"]), limit=200)
        raise VezaError(f"debug image {printable(image, limit=80)}: {why}", hint="choose another with --debug-image")
    if ended is not None:
        why = printable(str(ended.get("message") or ended.get("reason") or ""), limit=200)
        raise VezaError(
            f"debug container {name} ended at once (exit {ended.get('exitCode')}) {why}".rstrip(),
            hint="the debug image needs sh and sleep",
        )
    return "running" in state


async def leave_debug(cluster: Cluster, place: Place, name: str) -> None:
    """Let it end. Best effort: it does so by itself later."""
    try:
        async with asyncio.timeout(5.0):
            session = await cluster.exec(place.namespace, place.pod, name, LEAVE, tty=False, stdin=False)
            try:
                await session.exit_code()
            finally:
                await session.close()
    except (VezaError, TimeoutError):
        pass
