"""The steps of a deploy. Each is idempotent: after a crash it is run again from its start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.plan import Step
from veza_tui.model.release import Release, images_of, objects_digest
from veza_tui.operations.commit import head
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.deploy import releases, server
from veza_tui.operations.deploy.colours import beside
from veza_tui.operations.deploy.kept import size_like_live
from veza_tui.operations.deploy.live import live_services
from veza_tui.operations.deploy.objects import (
    JSONObject,
    complete,
    deployments_of,
    kept,
    name_of,
    namespace_of,
    resource_of,
    with_images,
    workspace_objects,
)
from veza_tui.operations.deploy.waiting import roll_out
from veza_tui.ports.cluster import NAMESPACES, Denied
from veza_tui.workspace.load import Workspace


def first_error(workspace: Workspace, name: str) -> str:
    """The first validation error of an environment as one line, empty when there is none."""
    from veza_tui.model.finding import Severity
    from veza_tui.workspace.validate import validate

    errors = [f for f in validate(workspace, [name]) if f.severity is Severity.ERROR]
    if not errors:
        return ""
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    key = f"{first.key}: " if first.key else ""
    return f"{first.file}:{first.line}: {key}{first.message}{more}"


@action("deploy.validate")
async def validate_step(context: Context, step: Step) -> Result:
    """The same checks as `veza-tui validate ENV`."""
    problem = first_error(context.workspace, context.environment.name)
    if problem:
        raise RefusedError(problem)
    return {}


@action("deploy.vars")
async def write_vars_step(context: Context, step: Step) -> Result:
    """Write ``.env.ENV`` as the guide's script does."""
    from veza_tui.workspace.varsfile import write_vars

    path = write_vars(context.workspace, context.environment.name)
    return {"path": str(path)}


async def objects_for(context: Context, args: Mapping[str, Any]) -> list[JSONObject]:
    """The objects that the plan names: those of a release, or the workspace's with images laid over."""
    namespace = context.environment.kubernetes.namespace
    if args.get("release") is not None:
        history = await releases.list_releases(context.cluster, namespace)
        return [dict(o) for o in releases.find(history, str(args["release"])).objects]
    objects = await workspace_objects(context.workspace, context.environment, context.cluster)
    return with_images(objects, args.get("images") or {})


async def _to_apply(context: Context, args: Mapping[str, Any], objects: list[JSONObject]) -> list[JSONObject]:
    """The same, in the plan's colour where it is blue-green."""
    if not args.get("colour"):
        return objects
    live = await live_services(context.cluster, objects)
    return beside(objects, str(args["colour"]), live)


@action("deploy.check")
async def check_step(context: Context, step: Step) -> Result:
    """Dry-run all objects: what the server refuses is found before the first write."""
    objects = await _to_apply(context, step.args, await objects_for(context, step.args))
    preview = await server.preview(context.cluster, objects)
    return {"changes": len(preview.changes), "unchecked": list(preview.unchecked)}


@action("deploy.apply")
async def apply_step(context: Context, step: Step) -> Result:
    """Apply in order, after writing down what a rollback needs: the baseline, or the release as it will be."""
    wanted = await objects_for(context, step.args)
    await _record_baseline(context, wanted)
    objects = await _to_apply(context, step.args, wanted)
    applied = []
    for number, obj in enumerate(objects, 1):
        context.report.progress(number / len(objects), f"{obj['kind']}/{name_of(obj)}")
        await _apply(context, obj)
        applied.append(f"{obj['kind']}/{name_of(obj)}")
        if resource_of(obj) is NAMESPACES:
            # What could not be dry-run without its namespace is dry-run now, before the rest is written.
            await server.preview(context.cluster, [o for o in objects if namespace_of(o) == name_of(obj)])
    if step.args.get("colour"):
        await size_like_live(context, str(step.args["colour"]))
    release = await _record(context, wanted, str(step.args.get("kind") or "deploy"))
    return {"applied": applied, "release": release.number}


async def _apply(context: Context, obj: JSONObject) -> None:
    try:
        await context.cluster.apply(obj, force=True)
    except Denied:
        if resource_of(obj) is NAMESPACES and await server.current(context.cluster, obj) is not None:
            return
        raise


@action("deploy.rollout", stops=True)
async def rollout_step(context: Context, step: Step) -> Result:
    """Wait until every rollout is complete; keep evidence of the failing pods when one cannot be."""
    rows = await roll_out(context, list(step.args["deployments"]))
    return {"deployments": {n: {"revision": r.revision, "images": list(r.images)} for n, r in rows.items()}}


@action("deploy.record")
async def record_step(context: Context, step: Step) -> Result:
    """The release was seen healthy: it is one to go back to."""
    namespace = context.environment.kubernetes.namespace
    number = context.result("apply").get("release")
    history = await releases.list_releases(context.cluster, namespace)
    release = releases.find(history, str(number))
    await releases.mark_good(context.cluster, namespace, release)
    return {"release": release.number, "images": {d: dict(c) for d, c in release.images.items()}}


@action("deploy.back_to_good")
async def back_to_good(context: Context, step: Step) -> Result:
    """The undo of apply: the last good release (or the baseline) is applied again and waited for."""
    namespace = context.environment.kubernetes.namespace
    history = await releases.list_releases(context.cluster, namespace)
    failed = context.result("apply").get("release")
    good = releases.last_good(history, before=int(failed) if failed else None)
    if good is None:
        raise VezaError(
            "there is no good release to go back to: no deploy was healthy yet",
            hint=f"what was applied is still in {namespace}; mend it and deploy again",
        )
    context.report.output(f"going back to release {good.number}")
    objects = [dict(o) for o in good.objects]
    for obj in objects:
        await _apply(context, obj)
    await roll_out(context, deployments_of(objects, context.environment), most=600.0)
    return {"release": good.number}


async def _record_baseline(context: Context, objects: list[JSONObject]) -> None:
    """Before our first deploy: what is there now becomes release 1; a good one when all of it runs, and only then."""
    namespace = context.environment.kubernetes.namespace
    if await releases.list_releases(context.cluster, namespace):
        return
    found = []
    live_complete = []
    for obj in objects:
        live = await server.current(context.cluster, obj)
        if live is not None and resource_of(obj) is not NAMESPACES:
            found.append(_as_manifest(live))
            if live["kind"] == "Deployment":
                live_complete.append(complete(live))
    if any(o["kind"] == "Deployment" for o in found):
        stored = await releases.record(context.cluster, namespace, await _release(context, found, "baseline"))
        if all(live_complete):
            await releases.mark_good(context.cluster, namespace, stored)
        else:
            context.report.output(
                f"release {stored.number} keeps what was there; it did not run: nothing to go back to"
            )


async def _record(context: Context, objects: list[JSONObject], kind: str) -> Release:
    namespace = context.environment.kubernetes.namespace
    return await releases.record(context.cluster, namespace, await _release(context, kept(objects), kind))


async def _release(context: Context, objects: list[JSONObject], kind: str) -> Release:
    return Release(
        number=1,
        at=context.clock.now(),
        who=context.who,
        reason=context.reason,
        operation=context.operation_id,
        images=images_of(objects),
        digest=objects_digest(objects),
        kind=kind,
        commit=await head(str(context.directory)),
        note=str(context.plan.options.get("origin") or ""),
        objects=tuple(objects),
    )


def _as_manifest(live: JSONObject) -> JSONObject:
    """A live object as it could be applied again: without what only the server writes."""
    metadata = live["metadata"]
    kept = {k: metadata[k] for k in ("name", "namespace", "labels", "annotations") if k in metadata}
    body = {k: v for k, v in live.items() if k not in ("status", "metadata")}
    if live["kind"] == "Service":
        body["spec"] = {k: v for k, v in body["spec"].items() if k not in ("clusterIP", "clusterIPs")}
    return {**body, "metadata": kept}
