"""The objects that a deploy applies: the workspace's manifests rendered, with chosen images laid over them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.operations.cluster_values import kubernetes_secret
from veza_tui.ports.cluster import (
    AUTOSCALERS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    JOBS,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Cluster,
    Resource,
)
from veza_tui.workspace.load import Workspace
from veza_tui.workspace.manifests import load_manifests, render
from veza_tui.workspace.variables import Variables

_KNOWN = {
    (r.api_version, r.kind): r
    for r in (
        NAMESPACES, SERVICE_ACCOUNTS, CONFIG_MAPS, SECRETS, SERVICES, DEPLOYMENTS, AUTOSCALERS, DISRUPTION_BUDGETS,
        JOBS,
        Resource("networking.k8s.io", "v1", "ingresses", "Ingress"),
        Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
        Resource("rbac.authorization.k8s.io", "v1", "roles", "Role"),
        Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
        Resource("apps", "v1", "statefulsets", "StatefulSet"),
        Resource("apps", "v1", "daemonsets", "DaemonSet"),
        Resource("batch", "v1", "cronjobs", "CronJob"),
        Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
        Resource("", "v1", "resourcequotas", "ResourceQuota"),
        Resource("", "v1", "limitranges", "LimitRange"),
    )
}  # fmt: skip

JSONObject = dict[str, Any]


def resource_of(obj: Mapping[str, Any]) -> Resource:
    """The API resource of an object.

    Raises:
        ConfigError: a kind that deploy does not apply.
    """
    key = (str(obj.get("apiVersion")), str(obj.get("kind")))
    if key not in _KNOWN:
        raise ConfigError(f"deploy does not know {key[1]} of {key[0]}", hint="apply it by kubectl, once")
    return _KNOWN[key]


def namespace_of(obj: Mapping[str, Any]) -> str | None:
    """Its namespace; None for cluster-wide kinds."""
    return str(obj["metadata"]["namespace"]) if resource_of(obj).namespaced else None


def name_of(obj: Mapping[str, Any]) -> str:
    """Its name."""
    return str(obj["metadata"]["name"])


def variables_of(workspace: Workspace, environment: Environment, cluster: Cluster) -> Variables:
    """Variables that look, last, into the environment's Kubernetes Secret."""

    return Variables(workspace, environment.name, cluster=lambda: kubernetes_secret(cluster, environment))


async def workspace_objects(workspace: Workspace, environment: Environment, cluster: Cluster) -> list[JSONObject]:
    """The manifests of ``k8s/ENV/`` in apply order, secrets filled.

    Raises:
        ConfigError: a file cannot be read, or a variable is nowhere.
    """
    manifests, problems = load_manifests(workspace.path, workspace.manifests_path(environment.name))
    if problems:
        first = problems[0]
        line = f":{first.problem.line}" if first.problem.line else ""
        raise ConfigError(f"{first.file}{line} {first.problem.message}", hint=first.problem.todo)
    variables = variables_of(workspace, environment, cluster)
    await variables.preload()
    objects = [r.object for r in render(manifests, environment, variables)]
    for obj in objects:
        # Known kinds only, and found out before anything is asked of the server.
        resource_of(obj)
    return objects


def with_images(objects: Sequence[JSONObject], images: Mapping[str, str]) -> list[JSONObject]:
    """Copies of the objects in which the first container of each named deployment has the given image.

    Raises:
        ConfigError: a deployment of that name is not among the objects.
    """
    copies = [copy.deepcopy(o) for o in objects]
    deployments = {name_of(o): o for o in copies if o.get("kind") == "Deployment"}
    for deployment, image in images.items():
        if deployment not in deployments:
            known = ", ".join(sorted(deployments)) or "none"
            raise ConfigError(
                f"there is no deployment {deployment[:60]!r} to set an image on", hint=f"there are: {known}"
            )
        deployments[deployment]["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return copies


def deployments_of(objects: Sequence[Mapping[str, Any]], environment: Environment) -> list[str]:
    """Names of the deployments among the objects, the environment's services first and in their order."""
    present = [name_of(o) for o in objects if o.get("kind") == "Deployment"]
    order = [s.deployment for s in environment.services]
    return sorted(present, key=lambda n: (order.index(n) if n in order else len(order), n))


def kept(objects: Sequence[JSONObject]) -> list[JSONObject]:
    """What a release holds: all but the Namespace, which the release itself lives in."""
    return [o for o in objects if resource_of(o) is not NAMESPACES]


def complete(deployment: Mapping[str, Any]) -> bool:
    """Whether its newest revision is rolled out and available. Pure."""
    status = deployment.get("status") or {}
    wanted = int(deployment["spec"].get("replicas", 1))
    return (
        int(status.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation") or 0)
        and int(status.get("updatedReplicas") or 0) >= wanted
        and int(status.get("availableReplicas") or 0) >= wanted
        and int(status.get("replicas") or 0) <= int(status.get("updatedReplicas") or 0)
    )


def refuse_paused(live: Iterable[Mapping[str, Any] | None], environment: str) -> None:
    """As kubectl does: what is paused rolls nothing out, and waiting for it would last until the timeout.

    Raises:
        RefusedError: one of the live Deployments is paused.
    """
    paused = sorted(name_of(d) for d in live if d and d.get("kind", "Deployment") == "Deployment" and _paused(d))
    if paused:
        one = "is" if len(paused) == 1 else "are"
        raise RefusedError(
            f"{', '.join(paused)} {one} paused: nothing would roll out",
            hint=f"nothing was changed; `veza-tui resume {environment}` first",
        )


def _paused(deployment: Mapping[str, Any]) -> bool:
    return (deployment.get("spec") or {}).get("paused") is True
