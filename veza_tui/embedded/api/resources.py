"""The resources this server ships: one table that discovery, storage, handlers and tests share."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.embedded.api.errors import qualified

CRUD = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ = ("get", "list")


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource. ``key`` names its storage: ``pods``, ``deployments.apps``; both Event versions share ``events``."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = CRUD
    subresources: tuple[str, ...] = ()
    generation: bool = False
    """Whether metadata.generation counts the changes of its spec."""
    storage: str = ""

    @property
    def key(self) -> str:
        """Resource key in the store."""
        return self.storage or qualified(self.plural, self.group)

    @property
    def api_version(self) -> str:
        """``apps/v1`` or ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """As kubectl accepts it."""
        return self.kind.lower()

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own subresource only."""
        return "status" in self.subresources


ALL = ("all",)
R = ResourceType
RESOURCES: tuple[ResourceType, ...] = (
    R("", "v1", "ConfigMap", "configmaps", short=("cm",)),
    R("", "v1", "Endpoints", "endpoints", short=("ep",)),
    R("", "v1", "Event", "events", short=("ev",)),
    R("", "v1", "LimitRange", "limitranges", short=("limits",)),
    R("", "v1", "Namespace", "namespaces", False, ("ns",), verbs=tuple(v for v in CRUD if v != "deletecollection"),
      subresources=("finalize", "status")),
    R("", "v1", "Node", "nodes", False, ("no",), subresources=("status",)),
    R("", "v1", "PersistentVolume", "persistentvolumes", False, ("pv",), subresources=("status",)),
    R("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",), subresources=("status",)),
    R("", "v1", "Pod", "pods", short=("po",), categories=ALL, generation=True,
      subresources=("attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy",
                    "status")),
    # `kubectl apply --prune` asks for these; none can be made.
    R("", "v1", "ReplicationController", "replicationcontrollers", short=("rc",), categories=ALL, generation=True,
      verbs=tuple(v for v in CRUD if v not in ("create", "update", "patch"))),
    R("", "v1", "ResourceQuota", "resourcequotas", short=("quota",), subresources=("status",)),
    R("", "v1", "Secret", "secrets"),
    R("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",), subresources=("token",)),
    R("", "v1", "Service", "services", short=("svc",), categories=ALL, subresources=("proxy", "status")),
    R("apps", "v1", "DaemonSet", "daemonsets", short=("ds",), categories=ALL, subresources=("status",),
      generation=True),
    R("apps", "v1", "Deployment", "deployments", short=("deploy",), categories=ALL, subresources=("scale", "status"),
      generation=True),
    R("apps", "v1", "ReplicaSet", "replicasets", short=("rs",), categories=ALL, subresources=("scale", "status"),
      generation=True),
    R("apps", "v1", "StatefulSet", "statefulsets", short=("sts",), categories=ALL, subresources=("scale", "status"),
      generation=True),
    R("apps", "v1", "ControllerRevision", "controllerrevisions"),
    R("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short=("hpa",), categories=ALL,
      subresources=("status",)),
    R("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short=("hpa",), categories=ALL,
      subresources=("status",)),
    R("batch", "v1", "CronJob", "cronjobs", short=("cj",), categories=ALL, subresources=("status",), generation=True),
    R("batch", "v1", "Job", "jobs", categories=ALL, subresources=("status",), generation=True),
    R("coordination.k8s.io", "v1", "Lease", "leases"),
    R("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", generation=True),
    R("events.k8s.io", "v1", "Event", "events", short=("ev",), storage="events"),
    R("networking.k8s.io", "v1", "Ingress", "ingresses", short=("ing",), subresources=("status",), generation=True),
    R("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short=("netpol",), generation=True),
    R("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",), subresources=("status",),
      generation=True),
    R("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", False),
    R("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", False),
    R("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    R("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    R("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", False, verbs=READ, storage="-nodemetrics"),
    R("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", verbs=READ, storage="-podmetrics"),
    R("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False, verbs=("create",)),
    R("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", False, verbs=("create",)),
    R("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=("create",)),
    R("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, verbs=("create",)),
    R("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, verbs=("create",)),
    R("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", False, verbs=("create",)),
)  # fmt: skip
REVIEWS = frozenset(r.kind for r in RESOURCES if r.verbs == ("create",))
BY_KIND = {(r.api_version, r.kind): r for r in RESOURCES}
BY_PATH = {(r.group, r.version, r.plural): r for r in RESOURCES}
BY_KEY = {r.key: r for r in reversed(RESOURCES)}
"""By store key (core/v1 for events)."""
STORED = tuple(r for r in RESOURCES if "watch" in r.verbs)


def resource(key: str) -> ResourceType:
    """The resource with that store key.

    Raises:
        KeyError: no such resource.
    """
    return BY_KEY[key]
