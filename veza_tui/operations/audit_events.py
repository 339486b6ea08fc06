"""Audit lines as Kubernetes Events: a second copy, out of reach of whoever can write the local file. Best effort."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from veza_tui.model.text import printable
from veza_tui.operations.lock import lease_name
from veza_tui.ports.cluster import EVENTS, Cluster, ClusterError

TIMEOUT = 3.0
_LOUD = frozenset({"denial", "break-glass", "skipped-gates", "take-over", "recovered"})


async def publish(cluster: Cluster, namespace: str, line: Mapping[str, Any]) -> bool:
    """Create the Event; False when the cluster did not take it in time. Never raises for the cluster's sake."""
    with contextlib.suppress(ClusterError, TimeoutError):
        async with asyncio.timeout(TIMEOUT):
            await cluster.create(EVENTS, event_of(namespace, line), namespace)
            return True
    return False


def event_of(namespace: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """The Event of one audit line, about the environment's Lease (Events need a namespaced object); pure.

    Its note carries the line's hash: the local log can be held against it.
    """
    environment = str(line.get("environment", ""))
    at = datetime.fromtimestamp(float(line["at"]), UTC)
    who = f"{line.get('user')}@{line.get('host')}"
    keys = ("outcome", "operation", "approvers", "reason", "detail", "plan_hash", "hash")
    words = [f"{line['type']}: {line.get('kind', '')} {environment} by {who}"]
    words += [f"{key} {line[key]}" for key in keys if line.get(key)]
    failed = line["type"] in _LOUD or line.get("outcome") in ("failed", "rolled-back")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{lease_name(environment)}.{secrets.token_hex(8)}", "namespace": namespace},
        "involvedObject": {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "name": lease_name(environment),
            "namespace": namespace,
        },
        "reason": "".join(part.capitalize() for part in str(line["type"]).split("-")),
        "message": printable("; ".join(words), limit=1000),
        "type": "Warning" if failed else "Normal",
        "source": {"component": "veza-tui"},
        "firstTimestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lastTimestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "count": 1,
    }
