"""Evidence of a failed rollout: events and logs of the failing pods, kept under the operation."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from veza_tui.feeds.last_lines import last_line
from veza_tui.feeds.pods import failing_container
from veza_tui.model.errors import VezaError
from veza_tui.model.text import printable
from veza_tui.model.workload import PodRow
from veza_tui.operations.context import Context
from veza_tui.ports.cluster import EVENTS

_TAIL = 500  # lines kept of each log
_SHOWN = 8  # lines repeated in the journal
_PODS = 10


async def keep_evidence(context: Context, namespace: str, pods: Sequence[PodRow]) -> str:
    """Write ``events.json`` and each failing pod's logs; the first one's last lines go into the journal.

    Returns the line of its log that explains most, empty when there is none. Never raises.
    """
    kept: list[str] = []
    said = ""
    folder = Path(context.evidence)
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        events = await context.cluster.list_all(EVENTS, namespace)
        wanted = {p.name for p in pods}
        mine = [e for e in events if (e.get("involvedObject") or {}).get("name") in wanted]
        kept.append(_write(folder / "events.json", json.dumps(mine or events, indent=1).encode()))
    except VezaError as error:
        context.report.output(f"events could not be kept: {error.message}")
    for pod in pods[:_PODS]:
        container = failing_container(pod) or (pod.containers[0] if pod.containers else None)
        if container is None:
            continue
        for previous in (True, False):
            text = await _log(context, namespace, pod.name, container.name, previous=previous)
            if text is None:
                continue
            word = "previous" if previous else "current"
            kept.append(_write(folder / f"{safe_name(pod.name)}.{safe_name(container.name)}.{word}.log", text))
            if text.strip() and pod is pods[0]:
                said = last_line(text)
                for line in text.decode(errors="replace").splitlines()[-_SHOWN:]:
                    context.report.output(f"{pod.name}: {line}")
                break
    context.report.note("evidence kept", files=kept)
    return said


async def _log(context: Context, namespace: str, pod: str, container: str, *, previous: bool) -> bytes | None:
    stream = context.cluster.logs(namespace, pod, container, previous=previous, tail=_TAIL, limit_bytes=1 << 20)
    try:
        chunks = [chunk async for chunk in stream]
    except VezaError:
        return None  # no previous container, or it never started
    return b"".join(chunks)


def safe_name(name: str) -> str:
    """A name from the cluster as a file name: nothing of it is trusted to be a path."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", printable(name, limit=120)).lstrip(".") or "_"


def _write(path: Path, data: bytes) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path.name
