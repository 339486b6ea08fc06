"""Who owns whom: Deployment, ReplicaSets with their revisions, pods; made of the live view. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.feeds.fields import mapping, objects, text
from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import AutoscalerRow, PodRow, ReplicaSetRow, RolloutRow, State

KEPT = 3
"""Empty ReplicaSets shown of each Deployment, newest first; the others are counted."""


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the tree. One of ``rollout``, ``replica_set``, ``pod`` is set, none for a heading or a count."""

    key: str
    kind: str
    name: str
    uid: str
    depth: int
    last: bool
    """Whether it is its parent's last child."""
    ancestors: tuple[bool, ...]
    """For each ancestor below the root: whether that one was the last child."""
    rollout: RolloutRow | None = None
    replica_set: ReplicaSetRow | None = None
    pod: PodRow | None = None
    autoscaler: AutoscalerRow | None = None
    pods: tuple[str, ...] = ()
    """Uids of the pods below it."""
    current: bool = False
    """A ReplicaSet of its Deployment's newest revision."""
    note: str = ""
    parent: str = ""
    """Name of its owner in the tree."""


def tree(view: EnvironmentView, uses: Mapping[str, Sequence[tuple[str, str]]] | None = None) -> list[Node]:
    """Every Deployment by name, then what belongs to none: pods of other owners, bare pods.

    ``uses``: Deployment uid -> (kind, name) of the ConfigMaps and Secrets that its pods read.
    """
    by_owner: dict[tuple[str, str], list[PodRow]] = {}
    for pod in view.pods.values():
        by_owner.setdefault((pod.owner_kind, pod.owner), []).append(pod)
    for pods in by_owner.values():
        pods.sort(key=lambda p: (-p.state.severity, p.name))
    scales = {a.target: a for a in view.autoscalers}
    out: list[Node] = []
    seen: set[tuple[str, str]] = set()
    for rollout in view.rollouts:
        sets = sorted((r for r in view.replica_sets if r.owner_uid == rollout.uid), key=_newest_first)
        out += _deployment(rollout, sets, by_owner, scales.get(rollout.name), seen,
                           (uses or {}).get(rollout.uid, ()))  # fmt: skip
    for owner in sorted(by_owner.keys() - seen):
        out += _others(owner, by_owner[owner])
    return out


def _deployment(
    rollout: RolloutRow,
    sets: list[ReplicaSetRow],
    by_owner: dict[tuple[str, str], list[PodRow]],
    scale: AutoscalerRow | None,
    seen: set[tuple[str, str]],
    uses: Sequence[tuple[str, str]],
) -> Iterable[Node]:
    pods = {s.uid: by_owner.get(("ReplicaSet", s.name), []) for s in sets}
    seen.update(("ReplicaSet", s.name) for s in sets)
    busy = [s for s in sets if pods[s.uid] or s.total or s.desired or s.revision == rollout.revision]
    empty = [s for s in sets if s not in busy]
    shown, hidden = [*busy, *empty[:KEPT]], empty[KEPT:]
    everyone = tuple(p.uid for s in sets for p in pods[s.uid])
    yield Node(rollout.uid, "Deployment", rollout.name, rollout.uid, 0, False, (), rollout=rollout,
               autoscaler=scale, pods=everyone)  # fmt: skip
    for i, one in enumerate(shown):
        last = i == len(shown) - 1 and not hidden and not uses
        own = pods[one.uid]
        uids, current = tuple(p.uid for p in own), one.revision == rollout.revision
        yield Node(one.uid, "ReplicaSet", one.name, one.uid, 1, last, (), replica_set=one, pods=uids, current=current,
                   parent=rollout.name)  # fmt: skip
        for j, pod in enumerate(own):
            yield Node(pod.uid, "Pod", pod.name, pod.uid, 2, j == len(own) - 1, (last,), pod=pod, parent=one.name)
    if hidden:
        words = f"{len(hidden)} older ReplicaSets without pods"
        yield Node(f"{rollout.uid} older", "", "", "", 1, not uses, (), note=words)
    for i, (kind, name) in enumerate(uses):
        yield Node(f"{rollout.uid} {kind} {name}", kind, name, "", 1, i == len(uses) - 1, (), parent=rollout.namespace)


def matching(nodes: list[Node], view: EnvironmentView, words: str) -> list[Node]:
    """Those with every one of ``words`` in their own name, kind or status, or in the names of the pods below them."""
    wanted = words.casefold().split()
    if not wanted:
        return nodes
    folded = {uid: pod.name.casefold() for uid, pod in view.pods.items()}
    out = []
    for node in nodes:
        names = [node.name, node.kind, node.pod.status if node.pod else ""]
        hay = "\n".join(names).casefold()
        left = [word for word in wanted if word not in hay]
        if all(any(word in folded.get(uid, "") for uid in node.pods) for word in left):
            out.append(node)
    return out


def used_by(deployment: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(kind, name) of the ConfigMaps and Secrets that the pods of a raw Deployment read, ConfigMaps first."""
    pod = mapping(mapping(mapping(deployment.get("spec")).get("template")).get("spec"))
    found: set[tuple[str, str]] = set()

    def add(kind: str, ref: Any, key: str = "name") -> None:
        name = text(mapping(ref).get(key))
        if name:
            found.add((kind, name))

    for container in (*objects(pod.get("initContainers")), *objects(pod.get("containers"))):
        for source in objects(container.get("envFrom")):
            add("ConfigMap", source.get("configMapRef"))
            add("Secret", source.get("secretRef"))
        for variable in objects(container.get("env")):
            add("ConfigMap", mapping(variable.get("valueFrom")).get("configMapKeyRef"))
            add("Secret", mapping(variable.get("valueFrom")).get("secretKeyRef"))
    for volume in objects(pod.get("volumes")):
        for source in (volume, *objects(mapping(volume.get("projected")).get("sources"))):
            add("ConfigMap", source.get("configMap"))
            add("Secret", source.get("secret"))
            add("Secret", source.get("secret"), "secretName")
    for secret in objects(pod.get("imagePullSecrets")):
        add("Secret", secret)
    return tuple(sorted(found))


def _others(owner: tuple[str, str], pods: list[PodRow]) -> Iterable[Node]:
    kind, name = owner
    uids = tuple(p.uid for p in pods)
    yield Node(f"{kind}/{name}", kind, name, "", 0, False, (), pods=uids, note="" if name else "pods without an owner")
    for i, pod in enumerate(pods):
        yield Node(pod.uid, "Pod", pod.name, pod.uid, 1, i == len(pods) - 1, (), pod=pod, parent=name)


def _newest_first(row: ReplicaSetRow) -> tuple[int, float, str]:
    revision = int(row.revision) if row.revision.isascii() and row.revision.isdigit() and len(row.revision) < 12 else 0
    return -revision, -row.created, row.name


def state(node: Node) -> State:
    """The state that the node's glyph shows."""
    if node.rollout is not None:
        return node.rollout.state
    if node.pod is not None:
        return node.pod.state
    if node.replica_set is not None:
        one = node.replica_set
        if one.desired == 0 and one.total == 0:
            return State.UNKNOWN
        return State.OK if one.ready >= one.desired and one.total == one.desired else State.PROGRESSING
    return State.UNKNOWN
