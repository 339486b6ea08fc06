"""Denials: a line of the audit log, and an Event where anything may be written at all."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from veza_tui.model.errors import VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.plan import Plan
from veza_tui.operations.audit import AuditLog, Record
from veza_tui.operations.audit_events import publish
from veza_tui.operations.policy import read_only_reason
from veza_tui.operations.who import current_person
from veza_tui.operations.world import World


async def deny(world: World, audit: AuditLog, plan: Plan, why: str, *, reason: str = "") -> None:
    """A plan that is not run."""
    record = Record.of_plan("denial", current_person(), plan, reason=reason, detail=why)
    await _write(world, audit, record, plan.target.namespace, cluster=bool(plan.target.server))


@contextlib.asynccontextmanager
async def unplanned(
    world: World, audit: AuditLog, environment: str, meant: str, *, cluster: bool = True
) -> AsyncIterator[None]:
    """Around the making of a plan: what is refused there has no plan, and is a denial all the same.

    ``meant``: the command's name; empty when nobody meant to run anything (a dry run, a look).
    """
    try:
        yield
    except VezaError as error:
        if meant and error.exit is Exit.REFUSED:
            record = Record("denial", current_person(), environment=environment, kind=meant, detail=str(error))
            with contextlib.suppress(VezaError):  # what is to be read is why it was refused
                namespace = world.environment(environment).kubernetes.namespace
                await _write(world, audit, record, namespace, cluster=cluster)
        raise


async def _write(world: World, audit: AuditLog, record: Record, namespace: str, *, cluster: bool) -> None:
    line = audit.append(record)
    environment = world.environment(record.environment)
    if cluster and not read_only_reason(environment, world.read_only):
        await publish(world.cluster(environment), namespace, line)
