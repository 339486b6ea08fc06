"""Waits for an approval."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Plan
from veza_tui.operations.approval import Approvals, Ask, judge
from veza_tui.operations.request import Request
from veza_tui.operations.stopping import WriteEvent
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import ClusterError

POLL_SECONDS = 1.0
FORGOTTEN_SECONDS = 3600.0
"""After its expiry: the runner that asked is dead, or it would have taken the request back."""


async def wait_for_approval(
    approvals: Approvals,
    plan: Plan,
    request: Request,
    needed: int,
    clock: Clock,
    cancelled: asyncio.Event,
    write: WriteEvent,
    began: Callable[[], None],
) -> tuple[str, ...] | None:
    """Who approved it; None when a cancel came first.

    Raises:
        RefusedError: it was denied, or nobody answered in time.
    """
    now = clock.now()
    expires = now + request.approval_seconds
    await retire_old(approvals, now)
    ask = Ask(request.id, plan.to_json(), plan.hash, request.person, needed, now, expires, request.reason)
    await approvals.ask(ask)
    others = "1 other person" if needed == 1 else f"{needed} other people"
    text = f"for the approval of {others}: veza-tui approve {request.id}"
    write("wait", {"for": "approval", "needed": needed, "expires": expires, "reason": text}, sync=True)
    began()
    seen: frozenset[str] = frozenset()
    try:
        while True:
            try:
                grants = await approvals.grants(request.id)
            except ClusterError:
                grants = []  # it is asked again in a moment; the expiry ends it
            verdict = judge(ask, grants, clock.now())
            labels = frozenset(g.label for g in verdict.counted)
            if labels != seen:
                seen = labels
                write(
                    "note", {"text": f"approved by {', '.join(sorted(labels))} ({len(labels)} of {needed})"}, sync=True
                )
            if verdict.refused:
                raise RefusedError(f"not approved: {verdict.refused}", hint="nothing was changed")
            if verdict.approved:
                who = tuple(g.label for g in verdict.approved)
                write("approval", {"approvers": list(who), "plan_hash": plan.hash}, sync=True)
                return who
            if cancelled.is_set():
                return None
            await _nap(clock, cancelled)
    finally:
        await approvals.clear(request.id)


async def retire_old(approvals: Approvals, now: float) -> None:
    """Remove requests that nobody takes back any more: expired for an hour, their runners killed while they waited."""
    with contextlib.suppress(ClusterError):
        for ask in await approvals.asks():
            if now > ask.expires + FORGOTTEN_SECONDS:
                await approvals.clear(ask.id)


async def _nap(clock: Clock, cancelled: asyncio.Event) -> None:
    nap = asyncio.ensure_future(clock.sleep(POLL_SECONDS))
    woken = asyncio.ensure_future(cancelled.wait())
    await asyncio.wait({nap, woken}, return_when=asyncio.FIRST_COMPLETED)
    for task in (nap, woken):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
