"""What the engine keeps besides steps: locks, approvals' place, audit records and their Events."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from veza_tui.model.plan import Plan
from veza_tui.operations import audit_events
from veza_tui.operations.approval import Approvals
from veza_tui.operations.approval_cluster import ClusterApprovals
from veza_tui.operations.approval_directory import DirectoryApprovals, approvals_directory
from veza_tui.operations.audit import AuditLog, Record
from veza_tui.operations.checks import may_create_namespace, uses_cluster
from veza_tui.operations.local_lock import LocalLock
from veza_tui.operations.lock import DURATION, Holder, LeaseLock
from veza_tui.operations.namespace import ensure_namespace
from veza_tui.operations.policy import changes_something
from veza_tui.operations.request import Request
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster, ClusterError
from veza_tui.ports.runner import RunnerRecord


class Desk:
    """For one operation."""

    def __init__(
        self,
        state: Path,
        plan: Plan,
        request: Request,
        clock: Clock,
        record: RunnerRecord,
        *,
        duration: float = DURATION,
    ) -> None:
        self._state = state
        self._plan = plan
        self._request = request
        self._clock = clock
        self._record = record
        self._duration = duration
        self._audit = AuditLog(state, clock)
        self._cluster: Cluster | None = None
        self._user = ""
        self._publishing: set[asyncio.Task[bool]] = set()
        self._lease: LeaseLock | None = None
        self._local: LocalLock | None = None
        self.approved_by: tuple[str, ...] = ()

    def process(self) -> dict[str, Any]:
        """Which process runs it, for the journal."""
        return {"pid": self._record.pid, "started": self._record.started, "host": self._record.host}

    async def meet(self, cluster: Cluster) -> None:
        """From now on audit lines go to this cluster too; asks who we are there."""
        self._cluster = cluster
        with contextlib.suppress(ClusterError):
            self._user = await cluster.whoami()

    def audit(self, kind: str, *, outcome: str = "", detail: str = "") -> None:
        """One line, durable when it returns; the Event follows by itself."""
        request = self._request
        reason = f"BREAK-GLASS: {request.break_glass}" if request.break_glass else request.reason
        record = Record.of_plan(
            kind,
            request.person,
            self._plan,
            operation=request.id,
            kube_user=self._user,
            approvers=self.approved_by,
            reason=reason,
            outcome=outcome,
            detail=detail,
            extra={"confirmed": request.confirmed},
        )
        line = self._audit.append(record)
        if self._cluster is not None:
            task = asyncio.create_task(audit_events.publish(self._cluster, self._plan.target.namespace, line))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def approvals(self, cluster: Callable[[], Cluster], plan: Plan) -> Approvals:
        """Where approvals are kept here."""
        directory = approvals_directory(os.environ)
        if directory is not None or not uses_cluster(plan):
            return DirectoryApprovals(directory or self._state / "approvals")
        await self._namespace(cluster(), plan)
        return ClusterApprovals(cluster(), plan.target.namespace)

    async def lock(self, cluster: Callable[[], Cluster], plan: Plan, request: Request, *, again: bool) -> str:
        """Take both locks; returns whom the Lease was taken over from."""
        holder = Holder(request.id, plan.kind, f"{request.person.user}@{request.person.host}", changes_something(plan))
        local = LocalLock(self._state, plan.target.cluster_uid, plan.target.environment)
        local.acquire(holder, self._clock.now())
        self._local = local
        if not uses_cluster(plan):
            return ""
        await self._namespace(cluster(), plan)
        assert self._cluster is not None
        target = plan.target
        lease = LeaseLock(
            self._cluster, self._clock, target.namespace, target.environment, holder, duration=self._duration
        )
        taken_from = await lease.acquire(take_over=request.take_over, again=again)
        self._lease = lease
        return taken_from

    async def ensure_lock(self) -> None:
        """LockLostError when it is not ours any more."""
        if self._lease is not None:
            await self._lease.ensure()

    async def unlock(self) -> None:
        """Give both back."""
        if self._lease is not None:
            await self._lease.release()
            self._lease = None
        if self._local is not None:
            self._local.release()
            self._local = None

    async def close(self) -> None:
        """Wait for the Events that are on their way, a few seconds at most."""
        if self._publishing:
            await asyncio.wait(self._publishing, timeout=audit_events.TIMEOUT)

    async def _namespace(self, cluster: Cluster, plan: Plan) -> None:
        def told(text: str) -> None:
            self.audit("note", detail=text)

        await ensure_namespace(cluster, plan.target.namespace, create=may_create_namespace(plan), told=told)
