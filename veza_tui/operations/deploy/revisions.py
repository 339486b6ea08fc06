"""Going back where there is no release of ours: to the ReplicaSet before, as `kubectl rollout undo` does."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from veza_tui.feeds.rollouts import REVISION
from veza_tui.model.ages import age
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Change, Need, Plan, Step
from veza_tui.model.release import container_images
from veza_tui.model.text import printable
from veza_tui.operations.context import Context, PlanContext, Result, action
from veza_tui.operations.deploy.live import live_objects
from veza_tui.operations.deploy.objects import JSONObject, complete, refuse_paused
from veza_tui.operations.deploy.touch import touch_needs
from veza_tui.operations.fingerprint import object_digest, object_key
from veza_tui.ports.cluster import DEPLOYMENTS, REPLICA_SETS

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


async def revisions_plan(context: PlanContext) -> Plan:
    """The plan that undoes the newest rollout of what does not run, or of everything when all of it runs.

    Raises:
        ConfigError: there is no earlier revision either.
    """
    environment = context.environment
    namespace = environment.kubernetes.namespace
    present = list((await live_objects(context.cluster, environment)).values())
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
    refuse_paused((w.deployment for w in broken or ways), environment.name)
    return _plan(context, broken or ways, only_broken=bool(broken))


def _why(way: WayBack, now: float) -> str:
    """Which revision, how old, what it runs, and why that one; ``now`` in unix seconds. Pure."""
    then, cause = _revision(way.replica_set), (way.replica_set["metadata"].get("annotations") or {}).get(_CAUSE)
    made = str(way.replica_set["metadata"].get("creationTimestamp") or "")
    when = f", first made {age(now - datetime.fromisoformat(made).timestamp())} ago" if made else ""
    said = f", “{printable(str(cause), limit=80)}”" if cause else ""
    images = ", ".join(printable(i, limit=120) for i in container_images(way.replica_set["spec"]["template"]).values())
    return (
        f"{way.name} goes from revision {_revision(way.deployment)} back to {then} ({images}{when}{said}): "
        "the newest revision before the present one that Kubernetes kept."
    )


def _plan(context: PlanContext, ways: Sequence[WayBack], *, only_broken: bool) -> Plan:
    environment = context.environment
    now = context.clock.now()
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
    return Plan(
        kind="rollback",
        target=context.target,
        title=f"Undo the last rollout of {', '.join(names)} of {environment.name}",
        steps=steps,
        changes=tuple(changes),
        needs=(Need("get", "replicasets", "apps", namespace=namespace), *touch_needs("rollback", namespace)),
        notes=(
            "veza-tui has no good release here to go back to: Kubernetes' own history is used.",
            f"As `kubectl rollout undo` does, the pod template {which} returns to the revision before; "
            "ConfigMaps and Secrets stay as they are.",
            *(_why(w, now) for w in ways),
        ),
        options={"deployments": names},
        fingerprint={object_key(DEPLOYMENTS, w.name): object_digest(w.deployment, without=("replicas",)) for w in ways},
        timeout=900.0,
    )  # fmt: skip


def _changes(way: WayBack) -> list[Change]:
    """Images by container; other differences of the template in one line."""
    label = f"Deployment/{way.name}"
    now, then = _template(way.deployment), _template(way.replica_set)
    old, new = container_images(now), container_images(then)
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
