"""Plans that apply objects: deploy, set-image, promote, rollback. The pure functions stand below their planners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Change, Plan, Step, Target
from veza_tui.model.release import Release, images_of, objects_digest
from veza_tui.model.text import printable
from veza_tui.operations.context import PlanContext, Planner
from veza_tui.operations.deploy import releases, server
from veza_tui.operations.deploy.bluegreen import blue_green_plan, look_beside
from veza_tui.operations.deploy.denied import all_missing
from veza_tui.operations.deploy.objects import (
    JSONObject,
    complete,
    deployments_of,
    kept,
    name_of,
    refuse_paused,
    resource_of,
    with_images,
    workspace_objects,
)
from veza_tui.operations.deploy.server import Preview
from veza_tui.operations.fingerprint import file_digest, file_key, object_digest, object_key
from veza_tui.ports.cluster import Denied

TIMEOUT = 900.0
"""Seconds for all rollouts together, unless --timeout says otherwise."""
_DRIFT_SHOWN = 8


def deploy_planner(
    *,
    images: Mapping[str, str] | None = None,
    kind: str = "deploy",
    origin: str = "",
    rollback: bool = True,
    keep: float | None = None,
) -> Planner:
    """A planner that applies the workspace's manifests, with ``images`` (deployment -> image) laid over them."""

    async def planner(context: PlanContext) -> Plan:
        _require_valid(context)
        objects = await workspace_objects(context.workspace, context.environment, context.cluster)
        objects = with_images(objects, images or {})
        history, notes = await _history(context)
        return await planned(
            context, objects, history, kind=kind, images=images or {}, origin=origin, notes=notes, rollback=rollback,
            files=workspace_files(context, context.environment.name), keep=keep,
        )  # fmt: skip

    return planner


async def planned(
    context: PlanContext,
    objects: Sequence[JSONObject],
    history: Sequence[Release],
    *,
    keep: float | None = None,
    **options: Any,
) -> Plan:
    """The plan for these objects: rolling, or blue-green where the policy says so."""
    try:
        return await _planned(context, objects, history, keep, options)
    except Denied as denied:
        raise await all_missing(context, server.needs(objects), denied) from None


async def _planned(
    context: PlanContext, objects: Sequence[JSONObject], history: Sequence[Release], keep: float | None, options: Any
) -> Plan:
    environment = context.environment
    if not environment.policy.blue_green:
        preview = await server.preview(context.cluster, objects)
        return deploy_plan(environment, context.target, objects, preview, history, **options)
    at = await look_beside(context.cluster, objects)
    preview = await server.preview(context.cluster, at.objects)
    plan = deploy_plan(environment, context.target, objects, preview, history, beside=at.objects, **options)
    if at.live is not None:
        # What a person changed by hand in the live colour voids the plan as well.
        plan = replace(plan, fingerprint={**plan.fingerprint, **_fingerprint(at.here, at.live)})
    return blue_green_plan(plan, at, environment.policy.keep_old_minutes if keep is None else keep, history)


def deploy_plan(
    environment: Environment,
    target: Target,
    objects: Sequence[JSONObject],
    preview: Preview,
    history: Sequence[Release],
    *,
    kind: str,
    images: Mapping[str, str],
    origin: str = "",
    release: int | None = None,
    notes: Sequence[str] = (),
    rollback: bool = True,
    files: Mapping[str, str] | None = None,
    beside: Sequence[JSONObject] | None = None,
) -> Plan:
    """The plan; no steps when the server would change nothing and every rollout of the last release was good.

    ``beside`` are the objects of the colour that is not live, which ``preview`` is about then.
    """
    names = deployments_of(objects, environment)
    source = {"release": release} if release is not None else {"images": dict(images)}
    rolled = {c.object for c in preview.changes if c.path.startswith("spec.template.")}
    refuse_paused((obj for key, obj in preview.live.items() if key in rolled), environment.name)
    wanted = rollback and environment.policy.rollback_enabled
    may_roll_back = wanted and (beside is not None or _way_back(preview, history))
    steps: tuple[Step, ...] = ()
    same = bool(history) and history[0].good and history[0].digest == objects_digest(kept(objects))
    if beside is not None or not same or preview.changes:
        steps = _steps(environment, names, source, kind, preview.changes, may_roll_back)
    return Plan(
        kind=kind,
        target=target,
        title=_title(kind, environment, origin),
        steps=steps,
        changes=preview.changes,
        needs=tuple(server.needs(objects, preview.unchecked)),
        notes=(*_notes(environment, objects, preview, history, wanted, beside is not None), *notes),
        options={"deployments": names, "origin": origin, "images": images_of(objects), **source},
        fingerprint={**(files or {}), **_fingerprint(beside if beside is not None else objects, preview)},
        timeout=TIMEOUT,
        rollback_on_failure=may_roll_back,
    )


def _fingerprint(objects: Sequence[JSONObject], preview: Preview) -> dict[str, str]:
    return {
        object_key(resource_of(o), name_of(o)): _digest_now(preview, o) for o in objects if _fingerprinted(preview, o)
    }


def _fingerprinted(preview: Preview, obj: Mapping[str, Any]) -> bool:
    key = f"{obj['kind']}/{name_of(obj)}"
    # A namespace that is missing is made by the lock, before the fingerprint is looked at again.
    return key in preview.live and not (obj["kind"] == "Namespace" and preview.live[key] is None)


def _digest_now(preview: Preview, obj: Mapping[str, Any]) -> str:
    from veza_tui.operations.fingerprint import ABSENT

    live = preview.live.get(f"{obj['kind']}/{name_of(obj)}")
    if live is None:
        return ABSENT
    return object_digest(live, without=("replicas",) if obj["kind"] == "Deployment" else ())


def _steps(
    environment: Environment,
    names: Sequence[str],
    source: Mapping[str, Any],
    kind: str,
    changes: Sequence[Change],
    may_roll_back: bool,
) -> tuple[Step, ...]:
    objects = sorted({c.object for c in changes})
    steps = []
    if kind != "rollback":
        steps += [
            Step("validate", f"Validate {environment.name}", "deploy.validate", mutates=False),
            Step("vars", f"Write .env.{environment.name}", "deploy.vars",
                 changes=(f"writes .env.{environment.name} (0600)",)),
        ]  # fmt: skip
    steps += [
        Step("check", "Dry-run every object on the server", "deploy.check", dict(source), mutates=False),
        Step("apply", _apply_title(objects),
             "deploy.apply", {**source, "kind": kind}, changes=tuple(f"applies {o}" for o in objects),
             undo="deploy.back_to_good" if may_roll_back else ""),
        Step("rollout", f"Wait for {', '.join(names)}", "deploy.rollout", {"deployments": list(names)}, mutates=False),
        Step("record", "Record the release as good", "deploy.record", mutates=True),
    ]  # fmt: skip
    return tuple(steps)


def _apply_title(objects: Sequence[str]) -> str:
    if not objects:
        return "Apply (nothing differs)"
    return f"Apply {objects[0]}" if len(objects) == 1 else f"Apply {len(objects)} changed objects"


def _title(kind: str, environment: Environment, origin: str) -> str:
    words = {
        "deploy": f"Deploy {environment.name}",
        "rollback": f"Roll {environment.name} back to {origin}",
        "promote": f"Promote {origin} to {environment.name}",
        "set-image": f"Set images of {environment.name}",
    }
    return words.get(kind, f"{kind} {environment.name}")


def _removed(objects: Sequence[JSONObject], history: Sequence[Release]) -> list[str]:
    """What the newest release had and the manifests have no more: told, never pruned (a deploy deletes nothing)."""
    now = {(o["kind"], name_of(o)) for o in objects}
    gone = [f"{o['kind']}/{name_of(o)}" for o in (history[0].objects if history else ()) if
            (o["kind"], name_of(o)) not in now]  # fmt: skip
    return (
        [f"Not in the manifests any more, and left running: {', '.join(gone)} (kubectl delete removes it)"]
        if gone
        else []
    )


def _unread(preview: Preview) -> list[str]:
    """Changed configuration without a changed pod template: Kubernetes restarts nothing for it."""
    changed = {
        c.object for c in preview.changes if c.old is not None and c.object.startswith(("ConfigMap/", "Secret/"))
    }
    templates = any(c.path.startswith("spec.template.") for c in preview.changes)
    if not changed or templates:
        return []
    return [f"Pods read {', '.join(sorted(changed))} when they start: veza-tui restart brings it to those that run."]


def _notes(
    environment: Environment,
    objects: Sequence[JSONObject],
    preview: Preview,
    history: Sequence[Release],
    roll_back: bool,
    beside: bool,
) -> list[str]:
    notes = []
    if not preview.changes and not beside:
        notes.append("The server would change nothing: what is there is what the manifests say.")
    if preview.unchecked:
        notes.append(f"{environment.kubernetes.namespace} does not exist yet: its objects are checked once it does.")
    if beside and roll_back:
        notes.append("On failure before the switch nothing live has changed; after it, traffic is switched back.")
    elif roll_back:
        if good := releases.last_good(history):
            notes.append(f"On failure it goes back to release {good.number}.")
        elif _way_back(preview, history):
            notes.append("On failure it goes back to what is there now (recorded first).")
        else:
            broken = [name_of(o) for o in preview.live.values() if o and o["kind"] == "Deployment" and not complete(o)]
            why = f": {', '.join(broken)} does not run as it is" if broken and not history else ""
            notes.append(
                f"There is nothing good to go back to{why}; on failure what was applied stays, for you to mend."
            )
    elif environment.policy.rollback_enabled is False:
        notes.append("On failure nothing is rolled back: the pipeline file sets rollback_enabled: false.")
    notes += _removed(objects, history) + ([] if beside else _unread(preview))
    notes += [
        f"Set by hand ({printable(change.by, limit=40)}) and left alone: {change.object} {change.path}"
        for change in preview.drift[:_DRIFT_SHOWN]
    ]
    if len(preview.drift) > _DRIFT_SHOWN:
        notes.append(f"… and {len(preview.drift) - _DRIFT_SHOWN} more fields set by hand")
    return notes


def _way_back(preview: Preview, history: Sequence[Release]) -> bool:
    """Whether a failed deploy has something to go back to: a good release, or what runs before our first one."""
    live = [obj for key, obj in preview.live.items() if obj is not None and key.startswith("Deployment/")]
    return releases.last_good(history) is not None or (not history and bool(live) and all(map(complete, live)))


async def _history(context: PlanContext) -> tuple[list[Release], tuple[str, ...]]:
    namespace = context.environment.kubernetes.namespace
    try:
        return await releases.list_releases(context.cluster, namespace), ()
    except Denied:
        return [], ("You may not list Secrets: releases cannot be seen.",)


def workspace_files(context: PlanContext, name: str) -> dict[str, str]:
    """Digests of every file that the objects are made of: edited between confirmation and run, the plan is void."""
    root = Path(context.workspace.path)
    paths = [root / "environments" / "deployment-pipeline.yaml"]
    paths += [context.workspace.environment_path(name), context.workspace.secrets_path(name)]
    folder = Path(context.workspace.manifests_path(name))
    if folder.is_dir():
        paths += sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml", ".json"))
    return {file_key(root, Path(p)): file_digest(Path(p)) for p in paths}


def _require_valid(context: PlanContext) -> None:
    from veza_tui.operations.deploy.steps import first_error

    problem = first_error(context.workspace, context.environment.name)
    if problem:
        raise RefusedError(problem, hint=f"nothing was changed; `veza-tui validate {context.environment.name}`")
