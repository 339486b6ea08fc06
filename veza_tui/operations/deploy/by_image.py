"""Deploys that differ by their images alone: set-image and promote, as the command line and the screens plan them."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.plan import Plan
from veza_tui.operations.context import PlanContext, Planner
from veza_tui.operations.deploy.denied import all_missing
from veza_tui.operations.deploy.images import images_now, parse_images, running_images, with_repositories
from veza_tui.operations.deploy.plan import deploy_planner
from veza_tui.operations.deploy.touch import touch_needs
from veza_tui.ports.cluster import Denied


def set_image_planner(texts: Sequence[str]) -> Planner:
    """A planner that deploys with the images named as ``SERVICE=IMAGE`` or ``SERVICE=:TAG``."""

    async def planner(context: PlanContext) -> Plan:
        named = parse_images(context.environment, texts)
        try:
            now = await images_now(context)
        except Denied as denied:
            needs = touch_needs("set-image", context.environment.kubernetes.namespace)
            raise await all_missing(context, needs, denied) from None
        # What is not named keeps what runs, whatever its manifest says: nobody asked for another image there.
        images = {**now, **with_repositories(named, now)}
        return await deploy_planner(images=images, kind="set-image")(context)

    return planner


def promote_planner(source: str) -> Planner:
    """A planner that deploys with exactly the images that run in the environment ``source``."""

    async def planner(context: PlanContext) -> Plan:
        images = await running_images(context, source)
        return await deploy_planner(images=images, kind="promote", origin=source)(context)

    return planner
