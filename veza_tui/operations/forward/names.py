"""The names that there are, for a proposal to somebody who mistyped one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from veza_tui.ports.cluster import Cluster, ClusterError, Resource


async def names_of(cluster: Cluster, resources: Iterable[Resource], namespace: str) -> list[str]:
    """Of all objects of these resources; none where they may not be listed."""
    names: list[str] = []
    for resource in resources:
        with contextlib.suppress(ClusterError):
            names += [str(obj["metadata"]["name"]) for obj in await cluster.list_all(resource, namespace)]
    return names
