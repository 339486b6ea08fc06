"""What is live: the Services in front of our Deployments, and which Deployment (plain, blue, green) each selects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from veza_tui.model.colours import COLOURS, coloured_name, variant_names
from veza_tui.model.environment import Environment, Service
from veza_tui.operations.deploy import server
from veza_tui.operations.deploy.colours import COLOUR, JSONObject, selected
from veza_tui.operations.deploy.objects import name_of
from veza_tui.ports.cluster import DEPLOYMENTS, SERVICES, Cluster, NotFound, Resource


async def live_services(cluster: Cluster, objects: Sequence[JSONObject]) -> dict[str, JSONObject | None]:
    """The Services in front of our Deployments as they are now, by name; None for one that does not exist."""
    deployments = [o for o in objects if o.get("kind") == "Deployment"]
    services = [o for o in objects if o.get("kind") == "Service" and selected(o, deployments)]
    found = await asyncio.gather(*(server.current(cluster, o) for o in services))
    return {name_of(o): now for o, now in zip(services, found, strict=True)}


async def live_deployments(cluster: Cluster, environment: Environment) -> dict[str, str]:
    """Service name -> the Deployment that its traffic goes to now (coloured where blue-green is in use)."""
    namespace = environment.kubernetes.namespace
    services = environment.services
    found = await asyncio.gather(*(get_or_none(cluster, SERVICES, s.name, namespace) for s in services))
    live = {}
    for service, now in zip(services, found, strict=True):
        live[service.name] = selected_by(((now or {}).get("spec") or {}).get("selector") or {}, service)
    return live


def selected_by(selector: Mapping[str, str], service: Service) -> str:
    """Which of the service's Deployments a selector means: the one of its colour, or the plain one."""
    colour = selector.get(COLOUR, "")
    return coloured_name(service.deployment, colour) if colour in COLOURS else service.deployment


async def live_objects(cluster: Cluster, environment: Environment) -> dict[str, JSONObject]:
    """Deployment, as the environment file names it -> the one that its traffic goes to now; those that exist."""
    live = await live_deployments(cluster, environment)
    names = {s.deployment: live[s.name] for s in environment.services}
    namespace = environment.kubernetes.namespace
    found = await asyncio.gather(*(get_or_none(cluster, DEPLOYMENTS, n, namespace) for n in names.values()))
    return {name: obj for name, obj in zip(names, found, strict=True) if obj is not None}


async def variants(cluster: Cluster, namespace: str, deployment: str) -> dict[str, JSONObject]:
    """The plain, blue and green Deployment of one service, those that exist."""
    names = variant_names(deployment)
    found = await asyncio.gather(*(get_or_none(cluster, DEPLOYMENTS, n, namespace) for n in names))
    return {name: obj for name, obj in zip(names, found, strict=True) if obj is not None}


async def get_or_none(cluster: Cluster, resource: Resource, name: str, namespace: str) -> JSONObject | None:
    """The object, None when there is none."""
    try:
        return dict(await cluster.get(resource, name, namespace))
    except NotFound:
        return None


def colour_of(deployment: JSONObject) -> str:
    """``blue``, ``green`` or ``plain``."""
    return str((deployment["metadata"].get("labels") or {}).get(COLOUR, "plain"))


def replicas_of(deployment: JSONObject) -> int:
    """How many pods are wanted."""
    return int(deployment["spec"].get("replicas", 1))


def ready_of(deployment: JSONObject | None) -> int:
    """How many pods are available."""
    return int(((deployment or {}).get("status") or {}).get("availableReplicas") or 0)
