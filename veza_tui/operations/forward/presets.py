"""Presets: what an environment's file says one would want to forward to, and the lines to paste."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.forward import ForwardSpec, ForwardStatus, ForwardTarget
from veza_tui.model.nearest import did_you_mean
from veza_tui.model.text import printable
from veza_tui.operations.forward.guard import EXPIRES_AFTER
from veza_tui.operations.forward.names import names_of
from veza_tui.operations.forward.targets import parse_target, service_face
from veza_tui.ports.cluster import DEPLOYMENTS, PODS, SERVICES, Cluster, NotFound

MONITORING = "monitoring"
_POSTGRES = 5432


@dataclass(frozen=True, slots=True)
class Preset:
    """Something to forward to by name; ``target`` None means that it cannot be, and ``why`` says so plainly."""

    name: str
    title: str
    target: ForwardTarget | None
    use: str = ""
    guarded: bool = False
    why: str = ""
    paste: str = ""
    """How it is reached directly, where it stands outside the cluster."""


def in_cluster(host: str, namespace: str) -> tuple[str, str] | None:
    """(Service, namespace) when ``host`` can only be a name inside the cluster.

    ``name``, ``name.ns.svc`` and ``name.ns.svc.DOMAIN`` are; ``name.ns`` may be (see ``find_service``).
    Source: kubernetes.io/docs/concepts/services-networking/dns-pod-service/.
    """
    parts = host.rstrip(".").split(".")
    if not parts[0] or host == "localhost" or parts[-1].isdigit() or ":" in host:
        return None
    if len(parts) == 1:
        return parts[0], namespace
    if len(parts) >= 3 and parts[2] == "svc":
        return parts[0], parts[1]
    return None


def is_database(environment: Environment, target: ForwardTarget) -> bool:
    """Whether this leads to the environment's database: by its Service's name, or by its port."""
    if target.port in (str(environment.database.port), str(_POSTGRES), "postgres", "postgresql"):
        return True
    found = in_cluster(environment.database.host, environment.kubernetes.namespace)
    return found is not None and found == (target.name, target.namespace)


def static_presets(environment: Environment) -> list[Preset]:
    """Those that need no look at the cluster: monitoring and the services."""
    presets = []
    if environment.monitoring.enabled:
        for name, port in (
            ("prometheus", environment.monitoring.prometheus_port),
            ("grafana", environment.monitoring.grafana_port),
        ):
            presets.append(
                Preset(name, name.capitalize(), ForwardTarget("service", name, MONITORING, str(port)), "http")
            )
    namespace = environment.kubernetes.namespace
    for service in environment.services:
        target = ForwardTarget("service", service.name, namespace, str(service.port))
        presets.append(Preset(service.name, service.name, target, "http"))
    return presets


async def find_service(cluster: Cluster, host: str, namespace: str) -> tuple[str, str] | None:
    """The Service that ``host`` names, also as ``name.namespace`` or by its cluster IP; None when it is outside."""
    found = in_cluster(host, namespace)
    parts = host.rstrip(".").split(".")
    if found is None and len(parts) == 2 and not parts[1].isdigit():
        found = (parts[0], parts[1])
    if found is not None:
        try:
            face = service_face(await cluster.get(SERVICES, found[0], found[1]))
        except VezaError:
            return None
        return found if face.selector and not face.external else None
    if not parts[-1].isdigit() or host.startswith("127."):
        return None
    try:
        services = await cluster.list_all(SERVICES, namespace)
    except VezaError:
        return None
    for service in services:
        if host in ((service.get("spec") or {}).get("clusterIPs") or ()):
            return str(service["metadata"]["name"]), namespace
    return None


async def store_preset(cluster: Cluster, environment: Environment, name: str) -> Preset:
    """``database`` or ``cache``: through the cluster where its host is a Service there, else said plainly."""
    store = environment.database if name == "database" else environment.cache
    title, use = ("Database", "psql") if name == "database" else ("Cache", "redis")
    guarded = name == "database" and environment.production
    found = await find_service(cluster, store.host, environment.kubernetes.namespace)
    if found is not None:
        target = ForwardTarget("service", found[0], found[1], str(store.port))
        return Preset(name, title, target, use, guarded)
    host = printable(store.host, limit=100)
    return Preset(
        name, title, None, use, guarded,
        why=f"{host}:{store.port} is outside the cluster",
        paste=store_line(environment, use, "", 0),
    )  # fmt: skip


async def presets(cluster: Cluster, environment: Environment) -> Sequence[Preset]:
    """All of them; asks the cluster whether database and cache are Services there."""
    stores = await asyncio.gather(*(store_preset(cluster, environment, name) for name in ("database", "cache")))
    return [*static_presets(environment), *stores]


async def resolve(cluster: Cluster, environment: Environment, text: str, port: str = "") -> ForwardSpec:
    """What TARGET means: a preset's name, ``kind/name``, or the bare name of a service, deployment or pod.

    Raises:
        ConfigError: there is nothing of that name.
        RefusedError: it is outside the cluster; the hint says how it is reached.
    """
    kind, name = parse_target(text)
    namespace = environment.kubernetes.namespace
    preset = None
    if not kind:
        if name in ("database", "cache"):
            preset = await store_preset(cluster, environment, name)
        else:
            preset = next((p for p in static_presets(environment) if p.name == name), None)
    if preset is not None:
        if preset.target is None:
            raise RefusedError(preset.why, hint=f"from here: {preset.paste}")
        target = replace(preset.target, port=port) if port else preset.target
        return spec_of(environment, target, preset.name, preset.use, guarded=preset.guarded)
    if not kind:
        kind = await _kind_of(cluster, name, namespace)
    return spec_of(environment, ForwardTarget(kind, name, namespace, port), name, "")


def spec_of(
    environment: Environment, target: ForwardTarget, name: str, use: str = "", *, guarded: bool = False
) -> ForwardSpec:
    """A spec with its guard: whatever leads to production's database is guarded, however it was named."""
    guarded = guarded or (environment.production and is_database(environment, target))
    if not use and is_database(environment, target):
        use = "psql"
    return ForwardSpec(
        environment.name, target, name, use=use, guarded=guarded, expires_after=EXPIRES_AFTER if guarded else None
    )


async def _kind_of(cluster: Cluster, name: str, namespace: str) -> str:
    for kind, resource in (("service", SERVICES), ("deployment", DEPLOYMENTS), ("pod", PODS)):
        try:
            await cluster.get(resource, name, namespace)
        except NotFound:
            continue
        return kind
    known = await names_of(cluster, [SERVICES, DEPLOYMENTS, PODS], namespace)
    near = did_you_mean(name, [*known, "prometheus", "grafana", "database", "cache"])
    raise ConfigError(
        f"there is no service, deployment or pod {printable(name, limit=80)} in {namespace}",
        hint=f"{near}presets: prometheus, grafana, database, cache and the services' names",
    )


def paste_line(environment: Environment, status: ForwardStatus) -> str:
    """The line that uses a running forward; empty when nothing is known of what speaks there."""
    spec = status.spec
    if spec.use in ("psql", "redis"):
        return store_line(environment, spec.use, _reachable(spec.address), status.local_port)
    if spec.use == "http":
        host = _reachable(spec.address)
        return f"http://{f'[{host}]' if ':' in host else host}:{status.local_port}/"
    return ""


def _reachable(address: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared, not bound


def store_line(environment: Environment, use: str, address: str, port: int) -> str:
    """``psql`` or ``redis-cli`` to a forwarded address, or to the store itself when ``address`` is empty.

    No password is in it: both ask for one. With a verifying sslmode the certificate is held against the true host:
    libpq takes ``host`` for that and connects to ``hostaddr``.
    """
    if use == "psql":
        database = environment.database
        where = f"host={_quoted(address or database.host)} port={port or database.port}"
        if address and database.ssl_mode in ("verify-ca", "verify-full"):
            where = f"host={_quoted(database.host)} hostaddr={address} port={port}"
        words = f"{where} dbname={_quoted(database.name)} user={_quoted(database.user)} sslmode={database.ssl_mode}"
        return f"psql {shlex.quote(words)}"
    cache = environment.cache
    line = f"redis-cli -h {shlex.quote(address or cache.host)} -p {port or cache.port}"
    if cache.password:
        line += " --askpass"
    if cache.cluster_mode and not address:
        line += " -c"
    return line


def _quoted(value: str) -> str:
    """A value of a libpq connection string; source: postgresql.org/docs/current/libpq-connect.html."""
    if value and not set(value) & set(" '\\\t\n"):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
