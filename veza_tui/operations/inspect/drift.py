"""Environment file, manifests and the live cluster, field by field: who says what, differences first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.feeds.fields import mapping, objects, text
from veza_tui.feeds.inspect.masking import without_defaults
from veza_tui.model.environment import Environment, Service
from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable
from veza_tui.operations.deploy.diff import drift, label, same_amount
from veza_tui.operations.deploy.flatten import flatten, list_key
from veza_tui.operations.deploy.live import live_deployments
from veza_tui.operations.deploy.objects import name_of, resource_of, workspace_objects
from veza_tui.ports.cluster import Cluster, Denied, NotFound
from veza_tui.workspace.expected import expected_config
from veza_tui.workspace.load import Workspace

Raw = Mapping[str, Any]
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One field; None where a place has no say. Values of Secrets are replaced by what may be said of them."""

    object: str
    """Kind/name."""
    path: str
    """Dotted, empty for the whole object."""
    file: str | None
    manifest: str | None
    live: str | None
    same: bool
    by: str = ""
    """Field manager that set the live value by hand."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Everything; ``problem`` says what could not be compared."""

    environment: str
    rows: tuple[DriftRow, ...]
    problem: str = ""

    @property
    def different(self) -> int:
        """How many rows differ."""
        return sum(not row.same for row in self.rows)

    @property
    def exit(self) -> Exit:
        """0 no drift, 1 drift."""
        return Exit.FAILED if self.different else Exit.DONE


async def read_drift(workspace: Workspace, environment: Environment, cluster: Cluster) -> Drift:
    """Read all three and compare.

    Raises:
        ConfigError: the manifests cannot be read.
        ClusterError: the cluster does not answer.
    """
    problem = ""
    try:
        wanted = await workspace_objects(workspace, environment, cluster)
    except ConfigError as error:
        # Without the secrets' values everything else can still be compared.
        problem = f"Secrets are not compared: {error.message}"
        wanted = []
        for manifest in workspace.manifests(environment.name):
            if manifest.kind != "Secret":
                obj = dict(manifest.object)
                if resource_of(obj).namespaced:
                    meta = dict(mapping(obj.get("metadata")))
                    meta.setdefault("namespace", environment.kubernetes.namespace)
                    obj["metadata"] = meta
                wanted.append(obj)
    names = await live_deployments(cluster, environment)
    live = await asyncio.gather(*(_get(cluster, obj, environment, names) for obj in wanted))
    denied = sorted({text(obj.get("kind")) for obj, found in zip(wanted, live, strict=True) if found is _DENIED})
    if denied:
        problem = problem or f"may not be read: {', '.join(denied)}"
    pairs = [(obj, found) for obj, found in zip(wanted, live, strict=True) if found is not _DENIED]
    return Drift(environment.name, tuple(drift_rows(environment, pairs)), printable(problem, limit=300))


_DENIED: Raw = {}


async def _get(cluster: Cluster, obj: Raw, environment: Environment, names: Mapping[str, str]) -> Raw | None:
    name = name_of(obj)
    if obj.get("kind") == "Deployment":
        service = next((s.name for s in environment.services if s.deployment == name), "")
        name = names.get(service, name)
    try:
        namespace = text(mapping(obj.get("metadata")).get("namespace")) or None
        return await cluster.get(resource_of(obj), name, namespace)
    except NotFound:
        return None
    except Denied:
        return _DENIED


def drift_rows(environment: Environment, pairs: Sequence[tuple[Raw, Raw | None]]) -> list[DriftRow]:
    """The rows of (manifest, live) pairs, differences first, then in the order of the manifests."""
    said = dict(_file(environment, [obj for obj, _ in pairs]))
    scaled = {
        text(mapping(mapping(obj.get("spec")).get("scaleTargetRef")).get("name"))
        for obj, live in pairs
        if obj.get("kind") == "HorizontalPodAutoscaler" and live is not None
    }
    rows: list[DriftRow] = []
    for obj, live in pairs:
        rows += _object(obj, live, said, scaled)
    return sorted(rows, key=lambda row: row.same)


def _object(obj: Raw, live: Raw | None, said: Mapping[tuple[str, str], str], scaled: set[str]) -> Iterator[DriftRow]:
    name = label(obj)
    if live is None:
        yield DriftRow(name, "", None, "present", MISSING, False)
        return
    secret = obj.get("kind") == "Secret"
    wanted, found = flatten(obj), flatten(live)
    from_file = {path: value for (of, path), value in said.items() if of == name}
    suffix = text(mapping(live.get("metadata")).get("name")).removeprefix(name_of(obj))
    for path in sorted(wanted.keys() | from_file.keys()):
        file, manifest, now = from_file.get(path), wanted.get(path), found.get(path)
        values = [v for v in (file, manifest, now if now is not None else MISSING) if v is not None]
        same = all(_equal(path, values[0], v, suffix) for v in values[1:])
        if path == "spec.replicas" and name_of(obj) in scaled:
            same = True  # the autoscaler decides
        if secret and path.startswith("data."):
            shown = "secret, equal" if same else "secret, differs" if now is not None else MISSING
            yield DriftRow(name, path, None, "secret", shown, same)
            continue
        if secret:
            manifest, now = (None if v is None else without_defaults(v) for v in (manifest, now))
        yield DriftRow(name, path, _cut(file), _cut(manifest), _cut(now) if now is not None else MISSING, same)
    for change in drift(live, live, obj):
        if change.path not in from_file:
            new = without_defaults(change.new) if secret and change.new else change.new
            yield DriftRow(name, change.path, None, None, new, False, change.by)


def _equal(path: str, a: str, b: str, suffix: str) -> bool:
    if a == b:
        return True
    if same_amount(path, a, b):
        return True
    # A blue-green Deployment reads ConfigMaps and Secrets of its own colour.
    return bool(suffix) and (a + suffix == b or b + suffix == a)


def _cut(value: str | None) -> str | None:
    return None if value is None else printable(value, limit=300)


def _file(environment: Environment, manifests: Sequence[Raw]) -> Iterator[tuple[tuple[str, str], str]]:
    """What the environment's file says, at the places where the manifests say it."""
    config = expected_config(environment)
    for obj in manifests:
        kind, name = text(obj.get("kind")), name_of(obj)
        service = next((s for s in environment.services if name in (s.deployment, s.name)), None)
        if kind == "ConfigMap" and name == f"veza-{environment.name}-config":
            for key, value in config.items():
                yield (label(obj), f"data.{key}"), value
        elif kind == "Deployment" and service is not None:
            yield from (((label(obj), path), value) for path, value in _deployment(service, obj))
        elif kind == "HorizontalPodAutoscaler" and service is not None and service.autoscaling is not None:
            bounds = service.autoscaling
            yield (label(obj), "spec.minReplicas"), str(bounds.min_replicas)
            yield (label(obj), "spec.maxReplicas"), str(bounds.max_replicas)
            path = next((p for p in flatten(obj) if p.endswith(".target.averageUtilization")), "")
            if path:
                yield (label(obj), path), str(bounds.target_cpu_utilization)
        elif kind == "Service" and service is not None:
            ports = objects(mapping(obj.get("spec")).get("ports"))
            if ports:
                yield (label(obj), f"spec.ports[{_name(ports, 0)}].port"), str(service.port)


def _deployment(service: Service, obj: Raw) -> Iterator[tuple[str, str]]:
    if service.autoscaling is None:
        yield "spec.replicas", str(service.replicas)
    spec = mapping(mapping(mapping(obj.get("spec")).get("template")).get("spec"))
    found = objects(spec.get("containers"))
    if not found:
        return
    path = f"spec.template.spec.containers[{_name(found, 0)}]"
    for part in ("requests", "limits"):
        yield f"{path}.resources.{part}.cpu", service.resources.cpu
        yield f"{path}.resources.{part}.memory", service.resources.memory


def _name(items: Sequence[Raw], index: int) -> str:
    key = list_key(list(items))
    return text(items[index][key]) if key else str(index)


def drift_json(found: Drift) -> dict[str, Any]:
    """For ``--json``."""
    return {
        "environment": found.environment,
        "different": found.different,
        "problem": found.problem,
        "rows": [
            {
                "object": row.object,
                "path": row.path,
                "file": row.file,
                "manifest": row.manifest,
                "live": row.live,
                "same": row.same,
                "by": row.by,
            }
            for row in found.rows
        ],
    }
