"""Production's database: who forwards to it types its name, for a time, on the record. And permissions, for all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from veza_tui.model.environment import Environment
from veza_tui.model.errors import RefusedError
from veza_tui.model.forward import ForwardSpec, ForwardStatus
from veza_tui.operations.audit import AuditLog, Record
from veza_tui.operations.audit_events import publish
from veza_tui.operations.checks import missing, need_text, stream_needs
from veza_tui.operations.who import current_person
from veza_tui.operations.world import World
from veza_tui.ports.cluster import Cluster

EXPIRES_AFTER = 30 * 60.0
"""Seconds a guarded forward lasts unless told otherwise."""
LONGEST = 12 * 3600.0


class Guard:
    """Checks and records; the question itself is asked by the command or the screen."""

    def __init__(self, world: World, state: Path) -> None:
        self._world = world
        self._audit = AuditLog(state, world.clock)

    async def check(
        self, environment: Environment, cluster: Cluster, spec: ForwardSpec, *, confirmed: str, reason: str
    ) -> None:
        """Whether it may begin.

        Raises:
            RefusedError: a permission is missing, or nobody confirmed it (audited when it is guarded).
        """
        lacked = await missing(cluster, stream_needs(spec.target.namespace, "portforward"))
        why = ""
        if lacked:
            why = f"missing permission: {', '.join(map(need_text, lacked))}"
        elif spec.guarded and not confirmed:
            why = f"a forward to {environment.name}'s database must be confirmed"
        elif spec.guarded and not 0 < (spec.expires_after or 0) <= LONGEST:
            why = f"a forward to {environment.name}'s database expires after at most {LONGEST / 3600:g} hours"
        if not why:
            return
        if spec.guarded:
            await self._write("denial", environment, spec, detail=why, reason=reason)
        raise RefusedError(why, hint="nothing is forwarded")

    async def began(
        self, environment: Environment, cluster: Cluster, status: ForwardStatus, *, confirmed: str, reason: str
    ) -> None:
        """Record the beginning, here and (best effort) as an Event in the cluster."""
        spec = status.spec
        detail = (
            f"{status.local} to {spec.target.label} in {spec.target.namespace}, "
            f"for {(spec.expires_after or 0) / 60:g} min, {confirmed}"
        )
        user = await cluster.whoami()
        line = await self._write("intent", environment, spec, detail=detail, reason=reason, kube_user=user)
        await publish(cluster, environment.kubernetes.namespace, line)

    async def extended(self, environment: Environment, status: ForwardStatus, seconds: float) -> None:
        """Record that it lasts longer, or less.

        Raises:
            RefusedError: longer than it may last.
        """
        if not 0 < seconds <= LONGEST:
            raise RefusedError(f"a forward to {environment.name}'s database lasts at most {LONGEST / 3600:g} hours")
        detail = f"{status.local} to {status.spec.target.label}: ends in {seconds / 60:g} min from now"
        await self._write("intent", environment, status.spec, detail=detail)

    async def ended(self, environment: Environment, status: ForwardStatus) -> None:
        """Record the end."""
        seconds = round(max(0.0, self._world.clock.now() - status.started), 1)
        extra = {
            "seconds": seconds,
            "connections": status.served,
            "bytes_in": status.received,
            "bytes_out": status.sent,
        }
        detail = f"{status.local} to {status.spec.target.label}"
        await self._write("outcome", environment, status.spec, detail=detail, outcome=str(status.state), extra=extra)

    async def _write(self, kind: str, environment: Environment, spec: ForwardSpec, **more: object) -> dict[str, object]:
        record = Record(kind, current_person(), environment=environment.name, kind="forward-database", **more)  # type: ignore[arg-type]
        return await asyncio.to_thread(self._audit.append, record)
