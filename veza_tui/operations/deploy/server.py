"""Asking the server what an apply would do, and doing it: every object is dry-run before the first write."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Change, Need
from veza_tui.operations.deploy.diff import changes, drift, label
from veza_tui.operations.deploy.objects import JSONObject, name_of, namespace_of, resource_of
from veza_tui.ports.cluster import NAMESPACES, Cluster, ClusterError, Denied, Invalid, NotFound

_AT_ONCE = 6
"""Dry runs under way at the same time."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying would change; ``unchecked`` are objects whose namespace does not exist yet."""

    changes: tuple[Change, ...]
    drift: tuple[Change, ...]
    unchecked: tuple[str, ...]
    live: Mapping[str, JSONObject | None]


async def preview(cluster: Cluster, objects: Sequence[JSONObject]) -> Preview:
    """Dry-run every object on the server and compare.

    Raises:
        RefusedError: the server refuses an object; all refusals are named, nothing was written.
    """
    found: list[Change] = []
    drifted: list[Change] = []
    unchecked: list[str] = []
    refused: list[str] = []
    immutable: str | bool = False
    live: dict[str, JSONObject | None] = {}
    missing = await _missing_namespaces(cluster, objects)
    gate = asyncio.Semaphore(_AT_ONCE)
    asked = [o for o in objects if namespace_of(o) not in missing]
    # A dry run writes nothing, so that no order is needed; the answers are told in the manifests' order.
    answers = dict(zip(map(label, asked), await asyncio.gather(*(_ask(cluster, o, gate) for o in asked)), strict=True))
    for obj in objects:
        if namespace_of(obj) in missing:
            # A dry run cannot make the namespace: the server would answer 404 for all that is in it.
            unchecked.append(label(obj))
            found.append(Change(label(obj), "", None, "created"))
            live[label(obj)] = None
            continue
        now, result, error = answers[label(obj)]
        live[label(obj)] = now
        if isinstance(error, Denied) and resource_of(obj) is NAMESPACES and now is not None:
            continue  # an ordinary deployer may not write namespaces, and need not while it is there
        if error is not None:
            refused.append(f"{label(obj)}: {error.message}")
            immutable = immutable or ("field is immutable" in error.message and label(obj))
        if result is not None:
            found += changes(now, result)
            drifted += drift(now, result, obj) if now is not None else []
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        hint = f"kubectl delete {immutable} first, or give it a new name" if immutable else "run veza-tui validate"
        if "is being terminated" in refused[0]:
            hint = "the namespace is being deleted: wait until it is gone, then deploy again"
        raise RefusedError(f"the server refuses {refused[0]}{more}", hint=f"nothing was changed; {hint}")
    return Preview(tuple(found), tuple(drifted), tuple(unchecked), live)


async def _ask(
    cluster: Cluster, obj: JSONObject, gate: asyncio.Semaphore
) -> tuple[JSONObject | None, JSONObject | None, ClusterError | None]:
    """The object as it is, what an apply would make of it, and why the server refuses that."""
    async with gate:
        now = await current(cluster, obj)
        try:
            return now, await cluster.apply(obj, force=True, dry_run=True), None
        except (Denied, Invalid, NotFound) as error:
            return now, None, error


async def current(cluster: Cluster, obj: Mapping[str, Any]) -> JSONObject | None:
    """The object as it stands on the server, None when it does not."""
    try:
        return await cluster.get(resource_of(obj), name_of(obj), namespace_of(obj))
    except NotFound:
        return None


async def _missing_namespaces(cluster: Cluster, objects: Sequence[JSONObject]) -> set[str]:
    missing = set()
    for name in {n for o in objects if (n := namespace_of(o))}:
        try:
            await cluster.get(NAMESPACES, name)
        except NotFound:
            missing.add(name)
        except Denied:
            continue  # may not look: then the dry run itself tells
    return missing


def watch_needs(namespace: str) -> list[Need]:
    """The permissions to see what becomes of rollouts: what ``rollout.wait_rollouts`` watches."""
    watched = (("deployments", "apps"), ("replicasets", "apps"), ("pods", ""), ("events", ""))
    return [Need(verb, plural, group, namespace=namespace) for verb in ("list", "watch") for plural, group in watched]


def needs(objects: Sequence[JSONObject], unchecked: Sequence[str] = ()) -> list[Need]:
    """The permissions that applying the objects and watching the outcome needs.

    A namespace that exists is left as it is by those who may not write it; ``unchecked`` objects have none yet.
    """
    wanted: dict[tuple[str, ...], Need] = {}
    for obj in objects:
        resource, namespace = resource_of(obj), namespace_of(obj) or ""
        verbs = ("get", "create", "patch") if resource is not NAMESPACES or unchecked else ()
        for verb in verbs:
            need = Need(verb, resource.plural, resource.group, namespace=namespace)
            wanted[(verb, resource.group, resource.plural, namespace)] = need
        if resource.namespaced:
            wanted |= {(n.verb, n.group, n.resource, namespace): n for n in watch_needs(namespace)}
            for verb in ("list", "create", "patch"):
                wanted[(verb, "", "secrets", namespace)] = Need(verb, "secrets", "", namespace=namespace)
    return list(wanted.values())
