"""security_scan: what the guide's rules forbid and a machine can see in the manifests and files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Step
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.pipeline.steps import run
from veza_tui.workspace.manifests import load_manifests

MUTABLE_TAGS = ("latest", "main", "master", "dev", "develop", "edge", "nightly", "stable")
_SECRET_NAME = re.compile(r"(password|passwd|secret|token|api_?key|private_?key)", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(ttl|expiry|expires|expiration|seconds|minutes|length|file|path|name|header|policy|enabled|required|rounds)$",
    re.I,
)
_MEASURE = re.compile(r"true|false|yes|no|on|off|\d+(\.\d+)?\s*(ms|s|m|h|d)?", re.I)
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@", re.I)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_POWERS = frozenset(("ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "DAC_READ_SEARCH"))


@action("pipeline.security_scan", retry=False)
async def security_scan(context: Context, step: Step) -> Result:
    """Our own scan, then the workspace's scanner when it has one."""
    root = Path(context.workspace.path)
    found: list[str] = []
    objects = 0
    # Everything that this pipeline deploys, staging on the way to production too.
    for name in dict.fromkeys([*(step.args.get("environments") or ()), context.environment.name]):
        manifests, problems = load_manifests(root, context.workspace.manifests_path(name))
        found += [f"{p.file}: {p.problem.message}" for p in problems]
        objects += len(manifests)
        for manifest in manifests:
            found += [f"{manifest.file}:{manifest.line}: {line}" for line in scan_object(manifest.object)]
    for line in found:
        context.report.output(line)
    if step.args.get("command"):
        await run(context, step, list(step.args["command"]))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise RefusedError(f"{found[0]}{more}")
    return {"objects": objects}


def scan_object(obj: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one object, one line each. Pure."""
    kind = obj.get("kind")
    name = f"{kind}/{(obj.get('metadata') or {}).get('name')}"
    if kind == "Secret":
        for key in [*(obj.get("data") or {}), *_plain(obj.get("stringData") or {})]:
            yield f"{name}: {key} holds a value in the file: keep it in secrets/ENV.env"
    if kind == "ConfigMap":
        for key, value in (obj.get("data") or {}).items():
            if is_secret(str(key), value):
                yield f"{name}: {key} looks like a secret in plain text"
    pod = _pod(obj)
    if pod is None:
        return
    for word in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(word):
            yield f"{name}: {word} is on"
    for volume in pod.get("volumes") or []:
        if volume.get("hostPath") is not None:
            yield f"{name}: volume {volume.get('name')} is a directory of the node (hostPath)"
    for container in [*(pod.get("containers") or []), *(pod.get("initContainers") or [])]:
        init = container not in (pod.get("containers") or [])
        for line in _container(container, init=init, job=kind in ("Job", "CronJob")):
            yield f"{name}: container {container.get('name')}: {line}"


def is_secret(name: str, value: object) -> bool:
    """Whether a name and what stands beside it give a secret away: by the name, or by a URL or key in the value."""
    text = str(value if value is not None else "").strip()
    if _PRIVATE_KEY.search(text) or any("${" not in m for m in _URL_PASSWORD.findall(text)):
        return True
    if not text or re.fullmatch(r"(\$\{[^}]+\}|\$\([^)]+\))+", text) or not _SECRET_NAME.search(name):
        return False
    # TOKEN_TTL: 3600 and PASSWORD_FILE: /run/x name no secret.
    return not (_HARMLESS.search(name) or _MEASURE.fullmatch(text))


def _container(container: Mapping[str, Any], *, init: bool, job: bool) -> Iterator[str]:
    image = str(container.get("image") or "")
    tag = image.rpartition(":")[2] if ":" in image.rpartition("/")[2] else ""
    if "@sha256:" not in image and (not tag or tag in MUTABLE_TAGS):
        yield f"image {image or '(none)'} has no tag that stays what it is"
    security = container.get("securityContext") or {}
    if security.get("privileged"):
        yield "is privileged"
    added = {str(c).upper() for c in (security.get("capabilities") or {}).get("add") or ()} & _POWERS
    if added:
        yield f"has the capability {', '.join(sorted(added))}, which is as good as privileged"
    if security.get("allowPrivilegeEscalation"):
        yield "may gain privileges"
    limits = (container.get("resources") or {}).get("limits") or {}
    for resource in ("cpu", "memory"):
        if resource not in limits:
            yield f"has no {resource} limit"
    if not init and not job:
        for probe in ("readinessProbe", "livenessProbe"):
            if container.get(probe) is None:
                yield f"has no {probe}"
    for variable in container.get("env") or []:
        if is_secret(str(variable.get("name")), variable.get("value")):
            yield f"variable {variable.get('name')} holds a secret in plain text"


def _pod(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Pod":
        return dict(spec)
    if obj.get("kind") == "CronJob":
        spec = ((spec.get("jobTemplate") or {}).get("spec")) or {}
    if obj.get("kind") in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"):
        return dict(((spec.get("template") or {}).get("spec")) or {})
    return None


def _plain(data: Mapping[str, Any]) -> list[str]:
    return [k for k, v in data.items() if str(v) and not re.fullmatch(r"\$\{[^}]+\}", str(v))]
