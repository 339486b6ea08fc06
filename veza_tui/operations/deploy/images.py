"""Which images: named on the command line, or taken from what runs in another environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.operations.context import PlanContext
from veza_tui.operations.deploy.live import live_deployments, live_objects
from veza_tui.operations.deploy.touch import chosen_deployments
from veza_tui.ports.cluster import DEPLOYMENTS, NotFound

# name[:port]/path:tag@digest (source: distribution reference grammar), bounded; a registry's refusal says the rest.
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*(:[0-9]+/[A-Za-z0-9._/-]+)?(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?"
                    r"(@sha256:[0-9a-f]{64})?")  # fmt: skip


def parse_images(environment: Environment, texts: Sequence[str]) -> dict[str, str]:
    """``SERVICE=IMAGE`` or ``SERVICE=:TAG`` as deployment -> image, or what ``with_repositories`` makes one of.

    Raises:
        ConfigError: not of that form, or no such service.
    """
    images = {}
    for text in texts:
        service, equals, image = text.partition("=")
        if not equals or not image:
            raise ConfigError(f"{text[:80]!r} is not SERVICE=IMAGE", hint="for example backend-api=:v1.4.3")
        (deployment,) = chosen_deployments(environment, [service])
        whole = f"repository{image}" if image.startswith(":") else image
        if len(image) > 500 or not _IMAGE.fullmatch(whole):
            raise ConfigError(f"{image[:80]!r} is not an image reference", hint="for example veza/backend-api:v1.4.3")
        images[deployment] = image
    return images


def with_repositories(images: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """``images``, where a tag alone stands behind the repository of what runs ``now``.

    Raises:
        ConfigError: nothing runs that the tag could be of.
    """
    whole = {}
    for deployment, image in images.items():
        if image.startswith(":"):
            if deployment not in now:
                raise ConfigError(f"{deployment} does not run: a tag alone says too little", hint="give a whole image")
            image = _repository(now[deployment]) + image
        whole[deployment] = image
    return whole


async def running_images(context: PlanContext, source: str) -> dict[str, str]:
    """Deployment of this environment -> the image that runs in ``source``, service by service.

    Raises:
        ConfigError: the same environment, or a service that the other does not have.
        RefusedError: the other is in the middle of a rollout: which image is then "the" image is not known.
    """
    if source == context.environment.name:
        raise ConfigError("an environment cannot be promoted to itself")
    other = context.world.environment(source)
    cluster = context.world.cluster(other)
    images = {}
    theirs = {s.key: s for s in other.services}
    live_there = await live_deployments(cluster, other)
    for service in context.environment.services:
        if service.key not in theirs:
            raise ConfigError(f"{source} has no service {service.name}")
        name = live_there[theirs[service.key].name]
        try:
            live = await cluster.get(DEPLOYMENTS, name, other.kubernetes.namespace)
        except NotFound:
            raise ConfigError(f"{source} does not run {name}", hint=f"deploy {source} first") from None
        status, spec = live.get("status") or {}, live["spec"]
        if int(status.get("updatedReplicas") or 0) < int(spec.get("replicas", 1)) or int(
            status.get("availableReplicas") or 0
        ) < int(spec.get("replicas", 1)):
            raise RefusedError(f"{name} of {source} is not completely rolled out", hint="wait, or mend it first")
        images[service.deployment] = _first_image(live)
    return images


async def images_now(context: PlanContext) -> dict[str, str]:
    """Deployment -> the image that its pods are made of now; what does not run yet is left out."""
    live = await live_objects(context.cluster, context.environment)
    return {name: _first_image(now) for name, now in live.items()}


def _first_image(deployment: Mapping[str, Any]) -> str:
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


def _repository(image: str) -> str:
    image = image.partition("@")[0]
    head, colon, tail = image.rpartition(":")
    return head if colon and "/" not in tail else image
