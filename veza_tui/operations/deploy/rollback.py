"""`veza-tui rollback ENV` and the key u: to a release of ours; without one, to Kubernetes' own revision before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Need, Plan
from veza_tui.model.release import Release, container_images
from veza_tui.model.text import printable
from veza_tui.operations.context import PlanContext, Planner
from veza_tui.operations.deploy import releases
from veza_tui.operations.deploy.denied import all_missing
from veza_tui.operations.deploy.live import live_objects
from veza_tui.operations.deploy.plan import planned
from veza_tui.operations.deploy.revisions import revisions_plan
from veza_tui.operations.deploy.touch import touch_needs
from veza_tui.ports.cluster import Denied


def rollback_planner(to: str = "") -> Planner:
    """A planner that applies a release again: ``to`` (its number), or the newest good one that does not run now."""

    async def planner(context: PlanContext) -> Plan:
        namespace = context.environment.kubernetes.namespace
        try:
            history = await releases.list_releases(context.cluster, namespace)
        except Denied as denied:
            needs = [Need(verb, "secrets", namespace=namespace) for verb in ("list", "create", "patch")]
            raise await all_missing(context, [*needs, *touch_needs("rollback", namespace)], denied) from None
        if not to and releases.last_good(history) is None:
            return await revisions_plan(context)
        live = {} if to else await _live_images(context)
        running = next((r for r in history if _runs(r, live)), None)
        wanted = choose_release(history, to, running)
        notes = [] if wanted.good else [f"Release {wanted.number} was never seen healthy."]
        if not to and running is not None:
            notes.append(
                f"Release {wanted.number} is the newest good one besides release {running.number}, which runs now."
            )
        if not to and running is None:
            notes.append(f"What runs is no release of veza-tui: {_differences(history[0], live)}.")
        return await planned(
            context, [dict(o) for o in wanted.objects], history,
            kind="rollback", images={}, origin=f"release {wanted.number}", release=wanted.number,
            # Beside what is live a failure is taken back at no cost; a rolling rollback that fails is a person's.
            rollback=context.environment.policy.blue_green, notes=tuple(notes), files={},
        )  # fmt: skip

    return planner


def choose_release(history: Sequence[Release], to: str, running: Release | None) -> Release:
    """The release to go back to: the newest good one before the one that runs, or the newest good one when what runs
    is none of them (set by hand), or when the newest failed.

    Raises:
        ConfigError: it does not exist, or there is nothing to go back to.
    """
    if to:
        return releases.find(history, to)
    before = running.number if running is not None and history[0].good else None
    chosen = releases.last_good(history, before=before)
    if chosen is None:
        raise ConfigError("there is no good release to go back to", hint="`veza-tui releases ENV` lists them")
    return chosen


async def _live_images(context: PlanContext) -> dict[str, dict[str, str]]:
    """Deployment, as the environment file names it -> container -> image, of the pods that get the traffic."""
    live = await live_objects(context.cluster, context.environment)
    return {name: container_images(now["spec"]["template"]) for name, now in live.items()}


def _runs(release: Release, live: Mapping[str, Mapping[str, str]]) -> bool:
    return all(dict(release.images.get(name, images)) == images for name, images in live.items())


def _differences(release: Release, live: Mapping[str, Mapping[str, str]]) -> str:
    return "; ".join(
        f"{name} has {printable(image, limit=120)}"
        for name, images in live.items()
        for container, image in images.items()
        if release.images.get(name, {}).get(container, image) != image
    )
