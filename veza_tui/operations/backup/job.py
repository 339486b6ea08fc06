"""A backup made inside the cluster: a Job of the tools' image dumps straight to a claim or a bucket.

The bastion sends what only it has (configuration, secrets, manifests) in a Secret of its own, which goes with the Job;
the database's password comes from the environment's own Secret by secretKeyRef and is in no argument list. The Job
writes one JSON document a line to its log: progress, then its result.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.plan import Need, Step
from veza_tui.model.sizes import finer_size_text
from veza_tui.operations.backup.inside import CREDENTIALS, PASSWORD_VARIABLE
from veza_tui.operations.backup.job_log import follow
from veza_tui.operations.backup.steps import backup_job, require_storage, until_cancelled
from veza_tui.operations.context import Context, Result, action
from veza_tui.ports.cluster import (
    JOBS,
    SECRETS,
    AlreadyExists,
    Cluster,
    ClusterError,
    JSONObject,
    NotFound,
    Resource,
)

CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LARGEST = 900_000
"""Bytes; a Secret holds 1 MiB (source: Kubernetes documentation, Secrets)."""
_LONGEST = 24 * 3600
"""Seconds that a Job may run: as long as the operation."""


def needs(namespace: str) -> tuple[Need, ...]:
    """The permissions of the step."""
    return (
        Need("create", "jobs", "batch", namespace=namespace),
        Need("delete", "jobs", "batch", namespace=namespace),
        Need("create", "secrets", namespace=namespace),
        Need("delete", "secrets", namespace=namespace),
        Need("get", "secrets", namespace=namespace),
        Need("get", "jobs", "batch", namespace=namespace),
        Need("list", "pods", namespace=namespace),
        Need("get", "pods", namespace=namespace),
        Need("get", "pods", subresource="log", namespace=namespace),
    )


@action("backup.job", retry=False, stops=True)
async def job(context: Context, step: Step) -> Result:
    """Create the Job, follow its log, take its result; the Job and its Secret are removed at the end."""
    args = dict(step.args)
    namespace = context.plan.target.namespace
    name = _name(context.operation_id)
    key = await _password_key(context.cluster, context.environment, namespace)
    if args["claim"]:
        await _require_claim(context.cluster, namespace, args["claim"])
    else:
        require_storage(context, context.environment.backup.storage)
    data = await _payload(context, args)
    try:
        made = await _create(
            context.cluster, JOBS, _job(name, namespace, context.environment.name, key, args), namespace
        )
        # The pod waits for the Secret, and the Secret goes with its Job: also when this process is killed.
        await _create(context.cluster, SECRETS, _secret(name, namespace, data, made), namespace)
        result = await until_cancelled(context, follow(context, name, namespace))
    finally:
        await asyncio.shield(_remove(context.cluster, name, namespace))
    where = f"claim {args['claim']}" if args["claim"] else context.environment.backup.storage
    context.report.output(f"backup {result['name']}: {finer_size_text(result['size'])} in {where}")
    return {**result, "where": where}


def _name(operation: str) -> str:
    # A DNS label, at most 63 characters (RFC 1123).
    return f"veza-backup-{re.sub('[^a-z0-9-]', '', operation.lower())}"[:63].rstrip("-")


async def _password_key(cluster: Cluster, environment: Environment, namespace: str) -> str:
    match = _REFERENCE.fullmatch(environment.database.password)
    secret = f"veza-{environment.name}-secrets"
    if match is None:
        raise RefusedError(
            "the database's password is not a reference to a variable: the Job cannot read it from a Secret",
            hint="write password: ${DB_PASSWORD} and keep it in the Secret " + secret,
        )
    try:
        keys = set((await cluster.get(SECRETS, secret, namespace)).get("data") or {})
    except NotFound:
        raise RefusedError(f"there is no Secret {secret} in {namespace} for the Job to read {match[1]} from") from None
    for key in (match[1], match[1].lower()):
        if key in keys:
            return key
    raise RefusedError(f"the Secret {secret} in {namespace} has no {match[1]}")


async def _require_claim(cluster: Cluster, namespace: str, claim: str) -> None:
    try:
        await cluster.get(CLAIMS, claim, namespace)
    except NotFound:
        raise ConfigError(f"there is no PersistentVolumeClaim {claim} in {namespace}") from None


async def _payload(context: Context, args: Mapping[str, Any]) -> dict[str, bytes]:
    """The Secret's contents: spec.json and the files it names."""
    work = backup_job(context, dict(args))
    data: dict[str, bytes] = {}
    files, releases = [], []
    for index, (path, source, secret) in enumerate(work.files):
        data[f"file{index}"] = await asyncio.to_thread(source.read_bytes)
        files.append([path, f"file{index}", secret])
    for index, (release, text) in enumerate(await work.releases() if work.releases else []):
        data[f"release{index}"] = text.encode()
        releases.append([release, f"release{index}"])
    # Old releases are the first to be left at home: the newest is what was applied.
    while releases and sum(map(len, data.values())) > _LARGEST:
        context.report.note(f"release {releases[-1][0]} is left out: a Secret holds 1 MiB")
        del data[releases.pop()[1]]
    if sum(map(len, data.values())) > _LARGEST:
        raise ConfigError("the manifests are too large for the Job's Secret (1 MiB)", hint="use --runner local")
    database = context.environment.database
    spec = {
        "environment": work.environment,
        "who": work.who,
        "reason": work.reason,
        "format": work.format,
        "jobs": work.jobs,
        "compression": work.compression,
        "cluster": dict(work.cluster),
        "storage": "" if args["claim"] else context.environment.backup.storage,
        "encrypt_to": list(context.environment.backup.encrypt_to),
        "database": {k: v for k, v in asdict(database).items() if k not in ("password", "connection_pool")},
        "files": files,
        "releases": releases,
    }
    return {**data, "spec.json": json.dumps(spec).encode()}


def _meta(name: str, namespace: str) -> JSONObject:
    return {
        "name": name,
        "namespace": namespace,
        "labels": {"app.kubernetes.io/managed-by": "veza-tui", "app.kubernetes.io/component": "backup"},
    }


def _secret(name: str, namespace: str, data: Mapping[str, bytes], job: JSONObject) -> JSONObject:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
    meta = {**_meta(name, namespace), "ownerReferences": [owner]}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta,
        "type": "Opaque",
        "immutable": True,
        "data": encoded,
    }


def _job(name: str, namespace: str, environment: str, key: str, args: Mapping[str, Any]) -> JSONObject:
    claim = args["claim"]
    volumes: list[JSONObject] = [{"name": "spec", "secret": {"secretName": name, "defaultMode": 0o400}}]
    mounts: list[JSONObject] = [{"name": "spec", "mountPath": "/veza-spec", "readOnly": True}]
    if claim:
        volumes.append({"name": "backups", "persistentVolumeClaim": {"claimName": claim}})
        mounts.append({"name": "backups", "mountPath": "/veza-backups"})
    container: JSONObject = {
        "name": "backup",
        "image": args["image"],
        "command": ["veza-tui", "_backup-job", "/veza-spec", *(["/veza-backups"] if claim else [])],
        "env": [
            {
                "name": PASSWORD_VARIABLE,
                "valueFrom": {"secretKeyRef": {"name": f"veza-{environment}-secrets", "key": key}},
            }
        ],
        "envFrom": [{"secretRef": {"name": CREDENTIALS, "optional": True}}],
        "volumeMounts": mounts,
    }
    pod = {
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": volumes,
        "automountServiceAccountToken": False,
        # Stopped, it takes back what it uploaded: that may take longer than the usual 30 s.
        "terminationGracePeriodSeconds": 120,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _meta(name, namespace),
        "spec": {
            "backoffLimit": 0,
            # With nobody left to remove it, it ends and goes by itself, and its Secret with it.
            "activeDeadlineSeconds": _LONGEST,
            "ttlSecondsAfterFinished": 3600,
            "template": {"metadata": {"labels": _meta(name, namespace)["labels"]}, "spec": pod},
        },
    }


async def _create(cluster: Cluster, resource: Resource, obj: JSONObject, namespace: str) -> JSONObject:
    try:
        return await cluster.create(resource, obj, namespace)
    except AlreadyExists:
        # There already after a crash of the runner: the same operation goes on with it.
        return await cluster.get(resource, obj["metadata"]["name"], namespace)


async def _remove(cluster: Cluster, name: str, namespace: str) -> None:
    for resource in (SECRETS, JOBS):
        with contextlib.suppress(ClusterError):
            await cluster.delete(resource, name, namespace)
