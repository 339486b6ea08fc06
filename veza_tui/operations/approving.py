"""The approver's side: what waits, and giving one's word on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace

from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.plan import Plan, plan_from_json
from veza_tui.operations.approval import Approvals, Ask, Grant, same_person
from veza_tui.operations.approval_cluster import ClusterApprovals
from veza_tui.operations.approval_directory import DirectoryApprovals, approvals_directory
from veza_tui.operations.audit import AuditLog, Record
from veza_tui.operations.audit_events import publish
from veza_tui.operations.ids import resolve_id
from veza_tui.operations.policy import read_only_reason
from veza_tui.operations.waiting import FORGOTTEN_SECONDS
from veza_tui.operations.who import current_person
from veza_tui.operations.world import World
from veza_tui.ports.cluster import ClusterError


async def waiting(world: World) -> Sequence[Ask]:
    """Every plan that waits for an approval: in the shared directory, or in the environments' clusters."""
    directory = approvals_directory(os.environ)
    if directory is not None:
        return [ask for ask in await DirectoryApprovals(directory).asks() if _fits(world, ask)]
    found: dict[str, Ask] = {}
    problems: list[VezaError] = []
    # All at once: a cluster that is down must not keep the others waiting one after the other.
    for answer in await asyncio.gather(*(_asks(world, n) for n in world.environments()), return_exceptions=True):
        if isinstance(answer, VezaError):
            problems.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found.update({ask.id: ask for ask in answer if _fits(world, ask)})
    if problems and not found:
        raise problems[0]
    return [found[key] for key in sorted(found)]


async def _asks(world: World, name: str) -> list[Ask]:
    env = world.environment(name)
    return await ClusterApprovals(world.cluster(env), env.kubernetes.namespace).asks()


def find_ask(asks: Sequence[Ask], text: str) -> Ask:
    """By operation id or its beginning; ConfigError when nothing such waits."""
    wanted = resolve_id(text, [ask.id for ask in asks])
    return next(ask for ask in asks if ask.id == wanted)


async def approve(world: World, audit: AuditLog, ask: Ask, *, yes: bool) -> Grant:
    """Give one's word on exactly this plan.

    Raises:
        RefusedError: it is one's own, it is too late, its text does not fit its hash, or read-only.
    """
    person, now = current_person(), world.clock.now()
    plan = plan_of(ask)
    env = world.environment(plan.target.environment)
    cluster = world.cluster(env)
    directory = approvals_directory(os.environ)
    grant = Grant(ask.id, plan.hash, person, yes, now, proof="file owner" if directory else "claimed in the cluster")
    why = read_only_reason(env, world.read_only)
    if same_person(person, ask.starter):
        why = f"{person.user} started it: somebody else must approve it"
    elif now > ask.expires:
        why = "it is too late: the request has expired"
    if why:
        line = audit.append(Record.of_plan("denial", person, plan, operation=ask.id, detail=f"approve: {why}"))
        if not read_only_reason(env, world.read_only):
            await publish(cluster, env.kubernetes.namespace, line)
        raise RefusedError(f"operation {ask.id} was not approved: {why}")
    with contextlib.suppress(ClusterError):
        grant = replace(grant, kube_user=await cluster.whoami())
    place: Approvals = (
        DirectoryApprovals(directory) if directory else ClusterApprovals(cluster, env.kubernetes.namespace)
    )
    await place.grant(grant)
    word = "approved" if yes else "denied"
    record = Record.of_plan("approval", person, plan, operation=ask.id, kube_user=grant.kube_user, detail=word)
    line = audit.append(record)
    await publish(cluster, env.kubernetes.namespace, line)
    return grant


def _fits(world: World, ask: Ask) -> bool:
    """Whether the plan is for one of our environments, has the hash that it claims, and is not long forgotten."""
    if world.clock.now() > ask.expires + FORGOTTEN_SECONDS:
        return False
    try:
        return plan_of(ask).target.environment in world.environments()
    except VezaError:
        return False


def plan_of(ask: Ask) -> Plan:
    """The plan that is asked about; RefusedError when it is not what its hash says."""
    try:
        plan = plan_from_json(ask.plan)
    except (ValueError, AttributeError) as error:
        raise RefusedError(f"operation {ask.id}: {error}") from error
    if plan.hash != ask.plan_hash:
        raise RefusedError(f"operation {ask.id}: the plan shown is not the plan that waits")
    return plan
