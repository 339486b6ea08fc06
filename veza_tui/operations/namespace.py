"""The namespace that the lock, Events and approvals live in, before the first deploy has made it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from veza_tui.model.errors import RefusedError
from veza_tui.ports.cluster import NAMESPACES, AlreadyExists, Cluster, Denied, NotFound


async def ensure_namespace(cluster: Cluster, namespace: str, *, create: bool, told: Callable[[str], None]) -> None:
    """Create the namespace when it does not exist and ``create`` allows it.

    Raises:
        RefusedError: it does not exist and may not be created.
    """
    try:
        await cluster.get(NAMESPACES, namespace)
        return
    except NotFound:
        pass
    except Denied:
        return  # who may not read namespaces learns from the Lease itself whether it exists
    if not create:
        raise RefusedError(f"namespace {namespace} does not exist", hint="deploy the environment first")
    obj = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": namespace, "labels": {"app.kubernetes.io/managed-by": "veza-tui"}},
    }
    with contextlib.suppress(AlreadyExists):
        await cluster.create(NAMESPACES, obj)
        told(f"namespace {namespace} created, to hold the environment's lock")
