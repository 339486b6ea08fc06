"""Showing a Secret's values: only to who may read it, and never without a line in the audit log."""

from __future__ import annotations

import asyncio

from veza_tui.model.environment import Environment
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.plan import Need
from veza_tui.operations.audit import AuditLog, Record
from veza_tui.operations.who import current_person
from veza_tui.ports.cluster import Cluster


async def reveal_secret(cluster: Cluster, audit: AuditLog, environment: Environment, name: str) -> None:
    """Returns when the values may be shown and the audit log says so.

    Raises:
        RefusedError: this user may not read the Secret (audited as a denial).
        VezaError: the audit log cannot be written; then nothing may be shown.
    """
    namespace = environment.kubernetes.namespace
    (allowed,) = await cluster.allowed([Need("get", "secrets", namespace=namespace, name=name)])
    what = f"Secret/{name} in {namespace}"
    record = Record(
        "reveal" if allowed else "denial",
        current_person(),
        environment=environment.name,
        kind="reveal",
        detail=what if allowed else f"may not read {what}",
    )
    try:
        await asyncio.to_thread(audit.append, record)
    except OSError as error:
        raise VezaError(
            f"the audit log cannot be written: {error.strerror or 'disk'}", hint="nothing is shown without it"
        ) from None
    if not allowed:
        raise RefusedError(f"you may not read {what}", hint="ask for get on secrets there")
