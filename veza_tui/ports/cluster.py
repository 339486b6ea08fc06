"""The cluster, as one environment's context reaches it. Objects are raw JSON as the API server speaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from veza_tui.model.errors import VezaError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    # These rooms are large, and `logs` wants to begin at once.
    from veza_tui.model.plan import Need
    from veza_tui.model.view import Identity

JSONObject = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resource:
    """An API resource by its plural, for example ``Resource("apps", "v1", "deployments", "Deployment")``."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SECRETS = Resource("", "v1", "secrets", "Secret")
EVENTS = Resource("", "v1", "events", "Event")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
REPLICA_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
JOBS = Resource("batch", "v1", "jobs", "Job")
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
DISRUPTION_BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics")


class ClusterError(VezaError):
    """The API server said no; ``status`` is the HTTP status, ``reason`` Kubernetes' reason (Conflict, Invalid ...).

    ``retry_after`` is in seconds when the server asked for a pause (429, 503).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.details = dict(details or {})
        if status in (401, 403):
            self.exit = Exit.REFUSED
        elif status in (0, 502, 503):
            self.exit = Exit.UNREACHABLE


class ClusterUnreachable(ClusterError):
    """No connection, no TLS, no answer in time."""

    exit = Exit.UNREACHABLE


class NotFound(ClusterError):
    """404."""


class Conflict(ClusterError):
    """409: somebody wrote in between, or an apply conflict (``details`` names the managers)."""


class AlreadyExists(Conflict):
    """409 on create."""


class Gone(ClusterError):
    """410: the resourceVersion is too old; list again."""


class Denied(ClusterError):
    """401 or 403."""


class Invalid(ClusterError):
    """400 or 422: the object is refused."""


@dataclass(frozen=True, slots=True)
class Synced(Generic[T]):
    """The list is complete: ``items`` replaces everything known (first list, and after each relist)."""

    items: Mapping[str, T]
    """By uid."""


@dataclass(frozen=True, slots=True)
class Upsert(Generic[T]):
    """One object was added or changed."""

    uid: str
    item: T


@dataclass(frozen=True, slots=True)
class Removed:
    """One object is gone."""

    uid: str


@dataclass(frozen=True, slots=True)
class Heard:
    """The server is alive: a bookmark or an empty answer."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is lost or refused; the watch goes on trying. ``error`` says why."""

    error: ClusterError


WatchEvent = Synced[T] | Upsert[T] | Removed | Heard | Lost


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer through the API server's proxy; ``seconds`` is the time it took."""

    status: int
    body: bytes
    seconds: float


class ByteStream(Protocol):
    """A connection to a container's port."""

    half_close: bool
    """Whether the protocol can close our direction only."""

    async def read(self) -> bytes:
        """The next bytes; empty at the end of the other side's data."""
        ...

    async def write(self, data: bytes) -> None:
        """Send, waiting while the other side is slow."""
        ...

    async def write_eof(self) -> None:
        """Close our direction only, where the protocol can; else a no-op."""
        ...

    async def close(self) -> None:
        """Close both directions."""
        ...


class ExecSession(Protocol):
    """A process in a container."""

    async def read(self) -> tuple[int, bytes]:
        """(1 stdout | 2 stderr, bytes); (0, b"") at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """To its stdin."""
        ...

    async def write_eof(self) -> None:
        """End of its stdin, where the protocol can say it (Kubernetes >= 1.30); else a no-op."""
        ...

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the terminal's size."""
        ...

    async def exit_code(self) -> int:
        """Wait for its end."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


PatchType = Literal["merge", "strategic", "json"]


class Cluster(Protocol):
    """One environment's cluster. Every call raises a ClusterError subclass; none retries a mutation by itself."""

    async def identity(self) -> Identity:
        """Server, context, user, version and the kube-system namespace's uid."""
        ...

    async def ping(self) -> float:
        """Seconds until the server answered; watches that an outage left silent are made anew when it answers again."""
        ...

    def watch(
        self,
        resource: Resource,
        namespace: str | None,
        project: Callable[[JSONObject], T],
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[WatchEvent[T]]:
        """List in pages, then watch for ever: survives 410, EOF, resets and half-open connections by itself."""
        ...

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> JSONObject:
        """One object."""
        ...

    async def list_all(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[JSONObject]:
        """All objects, in pages; apiVersion and kind filled in."""
        ...

    async def create(
        self, resource: Resource, obj: JSONObject, namespace: str | None = None, *, dry_run: bool = False
    ) -> JSONObject:
        """POST."""
        ...

    async def replace(self, resource: Resource, obj: JSONObject, namespace: str | None = None) -> JSONObject:
        """PUT with the object's resourceVersion: Conflict when somebody was quicker."""
        ...

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        namespace: str | None = None,
        *,
        kind: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
    ) -> JSONObject:
        """PATCH with our field manager."""
        ...

    async def apply(self, obj: JSONObject, *, force: bool = False, dry_run: bool = False) -> JSONObject:
        """Server-side apply, field manager ``veza-tui``, strict field validation; Conflict names other managers."""
        ...

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        uid: str = "",
    ) -> None:
        """DELETE; NotFound when it is gone already."""
        ...

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        since_time: str = "",
        since_seconds: int | None = None,
        tail: int | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Chunks of log bytes as they come, not lines."""
        ...

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, tty: bool, stdin: bool
    ) -> ExecSession:
        """Start a process in a container."""
        ...

    async def connect(self, namespace: str, pod: str, port: int) -> ByteStream:
        """Open one connection to a pod's port (port-forward)."""
        ...

    async def proxy_get(
        self, namespace: str, service: str, port: int | str, path: str, *, timeout: float = 5.0
    ) -> HttpAnswer:
        """GET through the API server's service proxy; an HTTP error status is an answer, not an error."""
        ...

    async def allowed(self, needs: Sequence[Need]) -> list[bool]:
        """One SelfSubjectAccessReview each, asked together."""
        ...

    async def whoami(self) -> str:
        """SelfSubjectReview's user name."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
