"""What a plan rests on, as digests: recomputed when the run starts, so that drift voids the plan.

Keys are ``object:API_VERSION/PLURAL/NAME`` (``object:apps/v1/deployments/backend-api``), ``file:PATH`` (relative to the
workspace) or belong to an operation's own ``@verifier("prefix")``. Values are digests, or ``absent``.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from veza_tui.operations.context import Context, verifier
from veza_tui.ports.cluster import Cluster, NotFound, Resource

ABSENT = "absent"

# Written by controllers, not by people: they move without anybody deciding anything.
_METADATA = ("name", "namespace", "uid", "labels", "annotations")
_CONTROLLER_ANNOTATIONS = ("deployment.kubernetes.io/", "autoscaling.alpha.kubernetes.io/")


def object_key(resource: Resource, name: str) -> str:
    """The fingerprint key of an object in the plan's namespace (or cluster-wide for such kinds)."""
    return f"object:{resource.api_version}/{resource.plural}/{name}"


def object_digest(obj: Mapping[str, Any], *, without: Iterable[str] = ()) -> str:
    """SHA-256 of what people decide in an object: no status, managedFields or controllers' annotations.

    ``without`` names keys of ``spec`` to leave out (``replicas`` where an autoscaler owns it).
    """
    metadata = {k: v for k, v in obj.get("metadata", {}).items() if k in _METADATA}
    metadata["annotations"] = {
        k: v for k, v in (metadata.get("annotations") or {}).items() if not k.startswith(_CONTROLLER_ANNOTATIONS)
    }
    body = {k: v for k, v in obj.items() if k not in ("status", "metadata", "apiVersion", "kind")}
    if isinstance(body.get("spec"), dict):
        skip = set(without)
        body["spec"] = {k: v for k, v in body["spec"].items() if k not in skip}
    text = json.dumps([metadata, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_key(directory: Path, path: Path) -> str:
    """The fingerprint key of a file of the workspace."""
    return f"file:{path.relative_to(directory)}"


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, ``absent`` when it is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT


async def fingerprint_objects(
    cluster: Cluster, namespace: str, objects: Iterable[tuple[Resource, str]]
) -> dict[str, str]:
    """Key and digest of each object as it stands now."""
    wanted = list(objects)
    digests = await asyncio.gather(*(_digest_of(cluster, namespace, resource, name) for resource, name in wanted))
    return {object_key(resource, name): digest for (resource, name), digest in zip(wanted, digests, strict=True)}


async def _digest_of(cluster: Cluster, namespace: str, resource: Resource, name: str) -> str:
    try:
        obj = await cluster.get(resource, name, namespace if resource.namespaced else None)
    except NotFound:
        return ABSENT
    # Deployments under an autoscaler: replicas move by themselves.
    return object_digest(obj, without=("replicas",) if resource.plural == "deployments" else ())


@verifier("object")
async def verify_objects(context: Context, keys: Sequence[str]) -> Mapping[str, str]:
    """Digests of the named objects in the plan's namespace."""
    objects = [parse_object_key(key) for key in keys]
    return await fingerprint_objects(context.cluster, context.plan.target.namespace, objects)


@verifier("file")
async def verify_files(context: Context, keys: Sequence[str]) -> Mapping[str, str]:
    """Digests of the named files of the workspace."""
    directory = Path(context.directory)
    return {key: file_digest(directory / key.removeprefix("file:")) for key in keys}


def parse_object_key(key: str) -> tuple[Resource, str]:
    """The resource and the name of an ``object:`` key.

    Raises:
        ValueError: it is not one.
    """
    parts = key.removeprefix("object:").split("/")
    if len(parts) == 3:
        parts = ["", *parts]
    if len(parts) != 4:
        raise ValueError(f"not an object's key: {key}")
    group, version, plural, name = parts
    return Resource(group, version, plural, "", plural not in ("namespaces", "nodes")), name
