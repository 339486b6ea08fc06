"""The cluster, as one environment's context reaches it. Objects are raw JSON as the API server speaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from veza_tui.ports.cluster_errors import (
    AlreadyExists,
    ClusterError,
    ClusterUnreachable,
    Conflict,
    Denied,
    Gone,
    Invalid,
    NotFound,
)
from veza_tui.ports.resources import (
    AUTOSCALERS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    ENDPOINT_SLICES,
    EVENTS,
    JOBS,
    LEASES,
    NAMESPACES,
    NODES,
    POD_METRICS,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)
from veza_tui.ports.watching import Heard, Lost, Removed, Synced, Upsert, WatchEvent

if TYPE_CHECKING:
    # These rooms are large, and `logs` wants to begin at once.
    from veza_tui.model.plan import Need
    from veza_tui.model.view import Identity

__all__ = [
    "AUTOSCALERS",
    "CONFIG_MAPS",
    "DEPLOYMENTS",
    "DISRUPTION_BUDGETS",
    "ENDPOINT_SLICES",
    "EVENTS",
    "JOBS",
    "LEASES",
    "NAMESPACES",
    "NODES",
    "PODS",
    "POD_METRICS",
    "REPLICA_SETS",
    "SECRETS",
    "SERVICES",
    "SERVICE_ACCOUNTS",
    "AlreadyExists",
    "ByteStream",
    "Cluster",
    "ClusterError",
    "ClusterUnreachable",
    "Conflict",
    "Denied",
    "ExecSession",
    "Gone",
    "Heard",
    "HttpAnswer",
    "Invalid",
    "JSONObject",
    "Lost",
    "NotFound",
    "PatchType",
    "Removed",
    "Resource",
    "Synced",
    "Upsert",
    "WatchEvent",
]

JSONObject = dict[str, Any]
T = TypeVar("T")


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
