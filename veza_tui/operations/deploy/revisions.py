"""Going back where there is no release of ours: to the ReplicaSet before, as `kubectl rollout undo` does."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.feeds.rollouts import REVISION
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Change, Need, Plan, Step
from veza_tui.operations.context import Context, PlanContext, Result, action
from veza_tui.operations.deploy.live import get_or_none, live_deployments, replicas_of
from veza_tui.operations.fingerprint import object_digest, object_key
from veza_tui.ports.cluster import DEPLOYMENTS, REPLICA_SETS

JSONObject = dict[str, Any]

_HASH = "pod-template-hash"
_CAUSE = "kubernetes.io/change-cause"


@dataclass(frozen=True, slots=True)
class WayBack:
    """One Deployment and the ReplicaSet of the revision before."""

    deployment: JSONObject
    replica_set: JSONObject

    @property
    def name(self) -> str:
        """The Deployment's."""
        return str(self.deployment["metadata"]["name"])


def previous(deployment: Mapping[str, Any], replica_sets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The ReplicaSet of the newest revision before the present one, None when there is none (kept). Pure."""
    uid, now = deployment["metadata"].get("uid"), _revision(deployment)
    mine = [
        r
        for r in replica_sets
        if any(o.get("uid") == uid and o.get("controller") for o in r["metadata"].get("ownerReferences") or [])
        and 0 < _revision(r) < now
    ]
    return max(mine, key=_revision, default=None)


def complete(deployment: Mapping[str, Any]) -> bool:
    """Whether its newest revision is rolled out and available. Pure."""
    status = deployment.get("status") or {}
    wanted = replicas_of(dict(deployment))
    return (
        int(status.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation") or 0)
        and int(status.get("updatedReplicas") or 0) >= wanted
        and int(status.get("availableReplicas") or 0) >= wanted
        and int(status.get("replicas") or 0) <= int(status.get("updatedReplicas") or 0)
    )


async def revisions_plan(context: PlanContext) -> Plan:
    """The plan that undoes the newest rollout of what does not run, or of everything when all of it runs.

    Raises:
        ConfigError: there is no earlier revision either.
    """
    environment = context.environment
    namespace = environment.kubernetes.namespace
    live = await live_deployments(context.cluster, environment)
    found = [await get_or_none(context.cluster, DEPLOYMENTS, name, namespace) for name in dict.fromkeys(live.values())]
    present = [d for d in found if d is not None]
    sets = await context.cluster.list_all(REPLICA_SETS, namespace)
    ways = [WayBack(d, dict(r)) for d in present if (r := previous(d, sets)) is not None]
    broken = [w for w in ways if not complete(w.deployment)]
    stuck = [str(d["metadata"]["name"]) for d in present if not complete(d)]
    if not ways or (stuck and not broken):
        what = f" of {', '.join(stuck)}" if stuck else ""
        raise ConfigError(
            f"there is nothing to go back to in {environment.name}: no release of veza-tui, no earlier revision{what}",
            hint=f"`veza-tui deploy {environment.name}` or `set-image` goes forward",
        )
    return _plan(context, broken or ways, only_broken=bool(broken))


def _plan(context: PlanContext, ways: Sequence[WayBack], *, only_broken: bool) -> Plan:
    environment = context.environment
    namespace = environment.kubernetes.namespace
    names = [w.name for w in ways]
    changes = [change for w in ways for change in _changes(w)]
    which = "of what does not run" if only_broken else "of every service, since all of them run,"
    steps = (
        Step("undo", f"Return {', '.join(names)} to the revision before", "deploy.undo_revision",
             {"replica_sets": {w.name: w.replica_set["metadata"]["name"] for w in ways}},
             changes=tuple(f"Deployment/{w.name}: revision {_revision(w.deployment)} → {_revision(w.replica_set)}"
                           for w in ways)),
        Step("rollout", f"Wait for {', '.join(names)}", "deploy.rollout", {"deployments": names}, mutates=False),
    )  # fmt: skip
    watched = (("deployments", "apps"), ("replicasets", "apps"), ("pods", ""), ("events", ""))
    watches = [
        Need(verb, plural, group, namespace=namespace) for verb in ("list", "watch") for plural, group in watched
    ]
    return Plan(
        kind="rollback",
        target=context.target,
        title=f"Undo the last rollout of {', '.join(names)} of {environment.name}",
        steps=steps,
        changes=tuple(changes),
        needs=(
            *(Need("get", plural, group, namespace=namespace) for plural, group in
              (("services", ""), ("deployments", "apps"), ("replicasets", "apps"))),
            Need("patch", "deployments", "apps", namespace=namespace),
            *watches,
        ),
        notes=(
            "veza-tui has deployed nothing here: there is no release to go back to. Kubernetes' own history is used.",
            f"As `kubectl rollout undo` does, the pod template {which} returns to the revision before; "
            "ConfigMaps and Secrets stay as they are.",
        ),
        options={"deployments": names},
        fingerprint={object_key(DEPLOYMENTS, w.name): object_digest(w.deployment, without=("replicas",)) for w in ways},
        timeout=900.0,
    )  # fmt: skip


def _changes(way: WayBack) -> list[Change]:
    """Images by container; other differences of the template in one line."""
    label = f"Deployment/{way.name}"
    now, then = _template(way.deployment), _template(way.replica_set)
    old, new = ({c["name"]: str(c.get("image", "")) for c in t["spec"].get("containers") or []} for t in (now, then))
    changes = [
        Change(label, f"spec.template.spec.containers[{name}].image", old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    for template in (now, then):
        for container in template["spec"].get("containers") or []:
            container.pop("image", None)
    if now != then:
        changes.append(
            Change(
                label,
                "spec.template",
                f"revision {_revision(way.deployment)}",
                f"revision {_revision(way.replica_set)}",
            )
        )
    return changes


@action("deploy.undo_revision")
async def undo_revision(context: Context, step: Step) -> Result:
    """The ReplicaSet's pod template becomes the Deployment's; one that is there already is left alone."""
    namespace = context.environment.kubernetes.namespace
    returned = []
    for name, replica_set in dict(step.args["replica_sets"]).items():
        live = await context.cluster.get(DEPLOYMENTS, name, namespace)
        before = await context.cluster.get(REPLICA_SETS, str(replica_set), namespace)
        template = _template(before)
        if template == _template(live):
            continue
        patch = [{"op": "replace", "path": "/spec/template", "value": template}]
        cause = (before["metadata"].get("annotations") or {}).get(_CAUSE)
        if cause and live["metadata"].get("annotations"):
            patch.append({"op": "add", "path": f"/metadata/annotations/{_CAUSE.replace('/', '~1')}", "value": cause})
        await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="json")
        returned.append(name)
    return {"returned": returned}


def _template(obj: Mapping[str, Any]) -> JSONObject:
    """A copy of the pod template, without the label that the controller adds."""
    template: JSONObject = copy.deepcopy(dict(obj["spec"]["template"]))
    ((template.get("metadata") or {}).get("labels") or {}).pop(_HASH, None)
    return template


def _revision(obj: Mapping[str, Any]) -> int:
    text = str((obj["metadata"].get("annotations") or {}).get(REVISION, ""))
    return int(text) if text.isdecimal() else 0
