"""What a target means: its spelling, its ports, and which pods stand behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.text import printable

_KINDS = {
    "pod": "pod", "pods": "pod", "po": "pod",
    "service": "service", "services": "service", "svc": "service",
    "deployment": "deployment", "deployments": "deployment", "deploy": "deployment",
    "deployment.apps": "deployment", "deployments.apps": "deployment",
}  # fmt: skip
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodFace:
    """What a forward needs to know of a pod."""

    uid: str
    name: str
    running: bool
    """Its phase is Running and it is not being deleted."""
    ready: bool
    """Running, and its condition Ready is True."""
    created: float
    ports: tuple[tuple[str, int], ...] = ()
    """Named TCP container ports."""
    numbers: tuple[int, ...] = ()
    """All TCP container ports, in order."""


@dataclass(frozen=True, slots=True)
class ServiceFace:
    """What a forward needs to know of a Service."""

    selector: str
    """As a label selector; empty when it selects nothing."""
    ports: tuple[tuple[str, int, int | str, str], ...]
    """(name, port, target port as number or name, protocol)."""
    external: str = ""
    """ExternalName: the host outside."""


def parse_target(text: str) -> tuple[str, str]:
    """(kind, name) of ``pod/NAME``, ``svc/NAME``, ``deploy/NAME``; kind is empty for a bare name.

    Raises:
        ConfigError: another kind, or no name.
    """
    head, slash, name = text.partition("/")
    if not slash:
        head, name = "", text
    kind = _KINDS.get(head.casefold(), "") if slash else ""
    if (slash and not kind) or not name or "/" in name:
        raise ConfigError(
            f"cannot forward to {printable(text, limit=80)!r}",
            hint="write pod/NAME, service/NAME or deployment/NAME, a service's name, prometheus, grafana, "
            "database or cache",
        )
    return kind, name


def parse_ports(text: str) -> tuple[int | None, str]:
    """(local, remote) of ``[LOCAL:]REMOTE``; ``:REMOTE`` asks for any free local port (0), no LOCAL gives None.

    Raises:
        ConfigError: no such ports.
    """
    local, colon, remote = text.rpartition(":")
    if not remote or (remote.isdigit() and not 0 < int(remote) < 65536):
        raise _bad_ports(text)
    if not colon:
        return None, remote
    if not local:
        return 0, remote
    if not local.isdigit() or not 0 <= int(local) < 65536:
        raise _bad_ports(text)
    return int(local), remote


def _bad_ports(text: str) -> ConfigError:
    return ConfigError(
        f"{printable(text, limit=40)!r} is no pair of ports", hint="write REMOTE, LOCAL:REMOTE or :REMOTE, 1 to 65535"
    )


def selector_text(selector: Object | None) -> str:
    """A LabelSelector, or a Service's plain map, as a query; empty when it selects nothing.

    Source: kubernetes.io/docs/concepts/overview/working-with-objects/labels/.
    """
    selector = selector or {}
    plain = not ({"matchLabels", "matchExpressions"} & selector.keys())
    parts = [f"{k}={v}" for k, v in (selector if plain else selector.get("matchLabels") or {}).items()]
    for term in [] if plain else selector.get("matchExpressions") or ():
        key, values = term["key"], ",".join(term.get("values") or ())
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[term["operator"]]
        )
    return ",".join(parts)


def pod_face(obj: Object) -> PodFace:
    """Out of a raw pod."""
    meta, status, spec = obj["metadata"], obj.get("status") or {}, obj.get("spec") or {}
    running = status.get("phase") == "Running" and not meta.get("deletionTimestamp")
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
    named: list[tuple[str, int]] = []
    numbers: list[int] = []
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        for port in container.get("ports") or ():
            if port.get("protocol", "TCP") == "TCP":
                numbers.append(port["containerPort"])
                if port.get("name"):
                    named.append((port["name"], port["containerPort"]))
    return PodFace(
        uid=str(meta.get("uid") or meta["name"]),
        name=str(meta["name"]),
        running=running,
        ready=running and ready,
        created=_unix(meta.get("creationTimestamp")),
        ports=tuple(named),
        numbers=tuple(dict.fromkeys(numbers)),
    )


def _unix(stamp: str | None) -> float:
    try:
        return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0
    except ValueError:
        return 0.0


def service_face(obj: Object) -> ServiceFace:
    """Out of a raw Service."""
    spec = obj.get("spec") or {}
    ports = tuple(
        (str(p.get("name") or ""), int(p["port"]), p.get("targetPort") or p["port"], str(p.get("protocol") or "TCP"))
        for p in spec.get("ports") or ()
    )
    external = str(spec.get("externalName") or "") if spec.get("type") == "ExternalName" else ""
    return ServiceFace(selector_text(spec.get("selector")), ports, external)


def service_port(face: ServiceFace, wanted: str, label: str) -> tuple[int, int | str]:
    """(the Service's port, the pods' port) for a number, a name or nothing where there is one port only.

    Raises:
        RefusedError: it is UDP or SCTP.
        ConfigError: the Service has no such port, or several and none was chosen.
    """
    matching = [p for p in face.ports if not wanted or wanted == p[0] or wanted == str(p[1])]
    tcp = [p for p in matching if p[3] == "TCP"]
    if len(tcp) == 1 or (tcp and wanted):
        return tcp[0][1], tcp[0][2]
    known = ", ".join(f"{p[1]}" + (f" ({printable(p[0], limit=20)})" if p[0] else "") for p in face.ports) or "none"
    if matching and not tcp:
        raise RefusedError(f"{label} is {matching[0][3]}: Kubernetes forwards TCP only")
    if wanted:
        raise ConfigError(f"{label}: the service has no such port", hint=f"it has {known}")
    raise ConfigError(f"{label}: which port?", hint=f"the service has {known}")


def pod_port(pod: PodFace, wanted: int | str) -> int | None:
    """The container's port: a number as it is, a name as the pod's containers name it; None when none does."""
    if isinstance(wanted, int) or wanted.isdigit():
        return int(wanted)
    return dict(pod.ports).get(wanted)


def only_port(pods: Iterable[PodFace], label: str) -> str:
    """The only port that the pods' containers declare.

    Raises:
        ConfigError: none, or several.
    """
    numbers = sorted({n for pod in pods for n in pod.numbers})
    if len(numbers) == 1:
        return str(numbers[0])
    known = f"its containers declare {', '.join(map(str, numbers))}" if numbers else "its containers declare none"
    raise ConfigError(f"{label}: which port?", hint=f"write it after the target; {known}")


def choose(pods: Sequence[PodFace], current: str = "", named: str = "") -> PodFace | None:
    """The pod for the next connection: the one named while it runs, else the current one while it is ready, else the
    newest that is ready (after a rollout that is the new version)."""
    for pod in pods:
        if named and pod.name == named and pod.running:
            return pod
    ready = [pod for pod in pods if pod.ready]
    for pod in ready:
        if pod.uid == current:
            return pod
    return max(ready, key=lambda pod: (pod.created, pod.name), default=None)


def why_none(pods: Sequence[PodFace], named: str = "") -> str:
    """Why ``choose`` found nothing, one line."""
    if named and not pods:
        return f"pod {named} is gone"
    running = sum(pod.running for pod in pods)
    if running:
        return f"no pod is ready ({running} running, not ready)"
    return f"no pod is running ({len(pods)} there)" if pods else "there is no pod"
