"""Which pods a wish means, in which order they are followed, and what they are called in short. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from veza_tui.model.colours import variant_names
from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.log import Scope, Source, Target
from veza_tui.model.nearest import did_you_mean
from veza_tui.model.text import printable
from veza_tui.model.workload import ContainerRow, PodRow, State

HASH = "pod-template-hash"


def deployment_of(pod: PodRow) -> str:
    """The Deployment behind a pod, by its ReplicaSet's name; empty for a pod of another kind."""
    if pod.owner_kind != "ReplicaSet":
        return ""
    template = dict(pod.labels).get(HASH, "")
    if template and pod.owner.endswith(f"-{template}"):
        return pod.owner[: -len(template) - 1]
    return pod.owner.rpartition("-")[0]


def wanted(pod: PodRow, targets: Sequence[Target]) -> bool:
    """Whether one of the targets means the pod."""
    for target in targets:
        if target.scope is Scope.ENVIRONMENT:
            return True
        if target.scope is Scope.POD:
            if pod.name == target.name and target.uid in ("", pod.uid):
                return True
            continue
        name = deployment_of(pod) or pod.owner or pod.name
        if name in variant_names(target.name):
            return True
    return False


def resolve(names: Sequence[str], environment: Environment, pods: Collection[PodRow]) -> list[Target]:
    """What somebody typed: services by key, name or deployment, owners, pods, ``deployment/NAME``, ``pod/NAME``.

    Raises:
        ConfigError: a name is none of these.
    """
    if not names:
        return [Target(Scope.ENVIRONMENT)]
    found: list[Target] = []
    for name in names:
        kind, _, plain = name.rpartition("/")
        service = next((s for s in environment.services if plain in (s.key, s.name, s.deployment)), None)
        if kind in ("", "deployment", "deploy", "deployments", "service", "svc") and service is not None:
            found.append(Target(Scope.SERVICE, service.deployment or service.name))
        elif kind in ("", "pod", "pods", "po") and any(p.name == plain for p in pods):
            found.append(Target(Scope.POD, plain))
        elif kind not in ("pod", "pods", "po") and any(wanted(p, [Target(Scope.SERVICE, plain)]) for p in pods):
            found.append(Target(Scope.SERVICE, plain))
        else:
            some = ", ".join(s.name for s in environment.services)
            known = [name for p in pods for name in (p.name, deployment_of(p))]
            near = did_you_mean(plain, [*(s.name for s in environment.services), *known])
            raise ConfigError(
                f"{environment.name} has no service, deployment or pod {printable(name, limit=80)!r}",
                hint=f"{near}its services: {some}; its pods: veza-tui status {environment.name}",
            )
    return found


def check_containers(names: Collection[str], pods: Iterable[PodRow], targets: Sequence[Target]) -> None:
    """Each of ``names`` is a container of one of the pods that are meant, as far as there are any.

    Raises:
        ConfigError: none has it.
    """
    known = {c.name for pod in pods if wanted(pod, targets) for c in containers_of(pod)}
    for name in names:
        if known and name not in known:
            raise ConfigError(
                f"none of these pods has a container {printable(name, limit=80)!r}",
                hint=f"{did_you_mean(name, known)}theirs: {printable(', '.join(sorted(known)), limit=200)}",
            )


def ordered(pods: Iterable[PodRow]) -> list[PodRow]:
    """The ones in trouble first, then the newest: what is followed when there are too many.

    Before them all stand those that have a log: a container that never started has none yet.
    """
    trouble = {State.FAILED: 0, State.DEGRADED: 1}
    return sorted(pods, key=lambda p: (not _began(p), trouble.get(p.state, 2), p.deleting, -p.created, p.name))


def _began(pod: PodRow) -> bool:
    containers = (*pod.containers, *pod.ephemeral)
    return any(c.state != "waiting" or c.restarts or c.last_exit_code is not None for c in containers)


def containers_of(pod: PodRow, names: Collection[str] = ()) -> list[ContainerRow]:
    """The containers to follow: all, init and debug containers included, or those named."""
    return [c for c in (*pod.containers, *pod.ephemeral) if not names or c.name in names]


def crash_loop(pods: Iterable[PodRow]) -> tuple[PodRow, ContainerRow] | None:
    """The first pod with a container whose run before would tell more than this one."""
    for pod in pods:
        for container in pod.containers:
            if container.reason == "CrashLoopBackOff":
                return pod, container
    for pod in pods:
        for container in pod.containers:
            if container.restarts and not container.ready and container.last_exit_code and not container.init:
                return pod, container
    return None


def followed_words(pods: Sequence[PodRow], unfollowed: Sequence[str]) -> str:
    """``following 40 of 500 pods, ...``: said where not all are."""
    total = len(pods) + len(unfollowed)
    groups = Counter(deployment_of(pod) or pod.owner or pod.name for pod in pods)
    some = ", ".join(f"{name} ({count})" for name, count in groups.most_common(4))
    more = f" and {len(groups) - 4} more" if len(groups) > 4 else ""
    return printable(
        f"following {len(pods)} of {total} pods, those in trouble and the newest first: {some}{more}", limit=300
    )


def short_names(sources: Sequence[Source]) -> dict[int, str]:
    """A name a source, as short as it can be: the owner and the pod's random end, the container where it matters."""
    pods = {s.pod for s in sources}
    containers: dict[str, set[str]] = {}
    for source in sources:
        containers.setdefault(source.pod, set()).add(source.container)
    stems = Counter(_stem(pod)[0] for pod in pods)
    out: dict[int, str] = {}
    for source in sources:
        stem, end = _stem(source.pod)
        name = stem if stems[stem] == 1 and len(pods) > 1 else f"{stem}·{end}" if end else source.pod
        several = len(containers[source.pod]) > 1
        if len(pods) == 1:
            name = source.container if several else name
        elif several:
            name = f"{name}/{source.container}"
        out[source.number] = printable(name)
    return out


def _stem(pod: str) -> tuple[str, str]:
    """``backend-api-7d9f8b6c5-x2x9z`` -> (``backend-api``, ``x2x9z``)."""
    parts = pod.split("-")
    if len(parts) >= 3 and len(parts[-1]) == 5 and 5 <= len(parts[-2]) <= 10 and any(c.isdigit() for c in parts[-2]):
        return "-".join(parts[:-2]), parts[-1]
    return pod, ""
