"""A plan that could not be made because something may not be read: every missing permission is told, not the first."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Need
from veza_tui.operations.checks import lock_needs, missing, need_text
from veza_tui.operations.context import PlanContext
from veza_tui.ports.cluster import ClusterError, Denied


async def all_missing(context: PlanContext, needs: Sequence[Need], denied: Denied) -> RefusedError | Denied:
    """What to raise instead of ``denied``: a refusal that lists what of ``needs`` this user lacks."""
    namespace = context.environment.kubernetes.namespace
    needs = [*needs, *lock_needs(namespace), Need("create", "events", namespace=namespace)]
    try:
        lacked = await missing(context.cluster, needs)
    except ClusterError:
        return denied
    if not lacked:
        return denied
    return RefusedError(f"missing permissions: {', '.join(map(need_text, lacked))}", hint="nothing was changed")
