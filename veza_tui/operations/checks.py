"""What must be true before a plan runs, asked again in the runner: read-only, cluster, permissions, no drift."""

from __future__ import annotations

import os
from collections.abc import Sequence

from veza_tui.model.environment import Environment
from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Need, Plan
from veza_tui.model.text import printable
from veza_tui.operations.approval_directory import approvals_directory
from veza_tui.operations.context import Context, find_action, find_verifier
from veza_tui.operations.policy import approvers_needed, changes_something, read_only_reason
from veza_tui.ports.cluster import Cluster

ABSENT = "absent"


def uses_cluster(plan: Plan) -> bool:
    """A plan without a server touches no cluster: no Lease, no permissions, no Events."""
    return bool(plan.target.server)


def all_needs(plan: Plan, *, approved_there: bool = False) -> tuple[Need, ...]:
    """The plan's permissions with those of its lock, its audit Events and, ``approved_there``, its approvals."""
    if not uses_cluster(plan):
        return plan.needs
    namespace = plan.target.namespace
    more = []
    if plan.options.get("lock") is not False:
        more += lock_needs(namespace)
    more.append(Need("create", "events", namespace=namespace))
    if approved_there:
        verbs = ("get", "list", "create", "update", "delete")
        more += [Need(verb, "configmaps", namespace=namespace) for verb in verbs]
    return (*plan.needs, *(need for need in more if need not in plan.needs))


def lock_needs(namespace: str) -> list[Need]:
    """What the lock of an environment in ``namespace`` needs."""
    return [Need(v, "leases", "coordination.k8s.io", namespace=namespace) for v in ("get", "create", "update")]


def stream_needs(namespace: str, subresource: str) -> tuple[Need, ...]:
    """What the API server asks for a WebSocket into a pod (exec, portforward): get, from Kubernetes 1.35 on create."""
    return tuple(Need(verb, "pods", subresource=subresource, namespace=namespace) for verb in ("create", "get"))


def may_create_namespace(plan: Plan) -> bool:
    """Whether the plan creates its namespace, so that its lock may do it first."""
    return any(n.resource == "namespaces" and n.verb in ("create", "patch") for n in plan.needs)


def check_read_only(environment: Environment, plan: Plan, read_only: bool, *, undo: bool = False) -> None:
    """RefusedError when a plan that changes something meets any of the three read-only switches.

    Taking back changes something too, even what changed nothing that exists: it removes a backup, for example.
    """
    why = read_only_reason(environment, read_only)
    if why and (changes_something(plan) or (undo and any(step.undo for step in plan.steps))):
        raise RefusedError(why, hint="nothing was changed")


def check_actions(plan: Plan) -> None:
    """RefusedError when a step's action, or its undo, is not known to this version."""
    for name in (name for step in plan.steps for name in (step.action, step.undo) if name):
        try:
            find_action(name)
        except KeyError:
            raise RefusedError(
                f"this version of veza-tui does not know the action {printable(name, limit=60)}",
                hint="make the plan again",
            ) from None


async def check_target(cluster: Cluster, environment: Environment, plan: Plan) -> None:
    """RefusedError when the environment leads to another cluster or namespace than when the plan was made."""
    target = plan.target
    if environment.kubernetes.namespace != target.namespace:
        raise RefusedError(
            f"the plan is for namespace {target.namespace}, {environment.name} is now in "
            f"{environment.kubernetes.namespace}",
            hint="make it again",
        )
    identity = await cluster.identity()
    if (identity.server, identity.uid) != (target.server, target.cluster_uid):
        raise RefusedError(
            f"the plan is for the cluster at {target.server} ({target.cluster_uid or 'no uid'}), "
            f"{environment.name} is now at {identity.server} ({identity.uid or 'no uid'})",
            hint="make it again",
        )


def check_database(environment: Environment, plan: Plan) -> None:
    """RefusedError when the environment names another database than when the plan was made, and typed for."""
    settings = environment.database
    now = f"{settings.host}:{settings.port}/{settings.name}"
    if plan.target.database and plan.target.database != now:
        raise RefusedError(
            f"the plan is for the database {plan.target.database}, {environment.name} now names {now}",
            hint="nothing was changed; make it again",
        )


async def missing(cluster: Cluster, needs: Sequence[Need]) -> tuple[Need, ...]:
    """Which of these permissions this user has not: one SelfSubjectAccessReview each."""
    answers = await cluster.allowed(needs)
    return tuple(need for need, yes in zip(needs, answers, strict=True) if not yes)


async def missing_permissions(cluster: Cluster, environment: Environment, plan: Plan) -> tuple[Need, ...]:
    """What the plan needs and this user has not; with it what an approval needs, where the cluster keeps it."""
    if not uses_cluster(plan):
        return ()
    approved_there = approvers_needed(environment, plan) > 0 and approvals_directory(os.environ) is None
    return await missing(cluster, all_needs(plan, approved_there=approved_there))


def need_text(need: Need) -> str:
    """A permission as a person reads it: ``patch apps/deployments/scale in veza-production``."""
    kind = "/".join(filter(None, (need.group, need.resource, need.subresource)))
    name = f" {need.name}" if need.name else ""
    return f"{need.verb} {kind}{name}" + (f" in {need.namespace}" if need.namespace else "")


async def check_permissions(cluster: Cluster, environment: Environment, plan: Plan) -> None:
    """RefusedError listing every missing one."""
    lacked = await missing_permissions(cluster, environment, plan)
    if lacked:
        raise RefusedError(f"missing permissions: {', '.join(map(need_text, lacked))}", hint="nothing was changed")


async def check_drift(context: Context, plan: Plan) -> None:
    """RefusedError when anything that the plan's fingerprint names is not as it was."""
    by_prefix: dict[str, list[str]] = {}
    for key in plan.fingerprint:
        by_prefix.setdefault(key.partition(":")[0], []).append(key)
    drifted = []
    for prefix, keys in sorted(by_prefix.items()):
        recompute = find_verifier(prefix)
        if recompute is None:
            raise RefusedError(f"the plan rests on {keys[0]}, which this version cannot check", hint="make it again")
        now = await recompute(context, keys)
        drifted += [key for key in keys if now.get(key, ABSENT) != plan.fingerprint[key]]
    if drifted:
        names = ", ".join(printable(key.partition(":")[2] or key, limit=80) for key in sorted(drifted)[:5])
        more = f" and {len(drifted) - 5} more" if len(drifted) > 5 else ""
        raise RefusedError(
            f"the plan is void: changed since it was made: {names}{more}", hint="nothing was changed; make it again"
        )
