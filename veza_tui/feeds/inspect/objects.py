"""Which object is meant, and its API resource."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.ports.cluster import (
    AUTOSCALERS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    JOBS,
    NODES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)

_ALL = (
    (PODS, ("po",)),
    (DEPLOYMENTS, ("deploy",)),
    (REPLICA_SETS, ("rs",)),
    (CONFIG_MAPS, ("cm",)),
    (SECRETS, ()),
    (SERVICES, ("svc",)),
    (SERVICE_ACCOUNTS, ("sa",)),
    (AUTOSCALERS, ("hpa",)),
    (DISRUPTION_BUDGETS, ("pdb",)),
    (JOBS, ()),
    (Resource("apps", "v1", "statefulsets", "StatefulSet"), ("sts",)),
    (Resource("apps", "v1", "daemonsets", "DaemonSet"), ("ds",)),
    (Resource("batch", "v1", "cronjobs", "CronJob"), ("cj",)),
    (Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"), ("pvc",)),
    (NODES, ("no",)),
)
_BY_WORD = {word: resource for resource, short in _ALL for word in (resource.plural, resource.kind.lower(), *short)}


@dataclass(frozen=True, slots=True)
class Ref:
    """One object by its name. ``uid`` empty: whichever has the name."""

    kind: str
    name: str
    namespace: str
    uid: str = ""

    @property
    def resource(self) -> Resource:
        """Its API resource.

        Raises:
            KeyError: a kind that this program does not show.
        """
        return _BY_WORD[self.kind.lower()]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def known(kind: str) -> bool:
    """Whether objects of that kind can be shown."""
    return kind.lower() in _BY_WORD


def parse(target: str, namespace: str) -> Ref:
    """``NAME`` (a pod) or ``KIND/NAME`` with kubectl's words for kinds.

    Raises:
        ValueError: it is neither, or the kind is unknown.
    """
    kind, slash, name = target.rpartition("/")
    kind = kind if slash else "pod"
    if not name or kind.lower() not in _BY_WORD:
        raise ValueError(target)
    return Ref(_BY_WORD[kind.lower()].kind, name, namespace)


KINDS = tuple(resource.kind for resource, _ in _ALL)
"""What can be shown."""
