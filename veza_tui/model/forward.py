"""Port forwards: what is wanted, and how each one stands at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

KINDS = ("pod", "service", "deployment")


class ForwardState(StrEnum):
    """How a forward stands."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    """There is no pod to connect to; new connections wait for one, for a while."""
    LOST = "cluster lost"
    """The cluster does not answer; new connections wait, for a while."""
    EXPIRED = "expired"
    ENDED = "ended"

    @property
    def over(self) -> bool:
        """Whether it listens no more."""
        return self in (ForwardState.EXPIRED, ForwardState.ENDED)


@dataclass(frozen=True, slots=True)
class ForwardTarget:
    """What is forwarded to. ``port`` is as asked: a number, a name, or empty for the only port."""

    kind: str
    """pod, service or deployment."""
    name: str
    namespace: str
    port: str = ""

    @property
    def label(self) -> str:
        """``service/grafana:3000``."""
        return f"{self.kind}/{self.name}" + (f":{self.port}" if self.port else "")


@dataclass(frozen=True, slots=True)
class ForwardSpec:
    """One forward as a person wants it."""

    environment: str
    target: ForwardTarget
    name: str
    """What it is called in lists: the preset's name, or the target's."""
    local_port: int | None = None
    """None takes the remote port's number where it is free, else another; 0 takes any."""
    address: str = "127.0.0.1"
    expires_after: float | None = None
    """Seconds; None never."""
    guarded: bool = False
    """Production's database: asked for by name, expires, audited."""
    use: str = ""
    """Which line to paste: ``http``, ``psql``, ``redis`` or empty."""


@dataclass(frozen=True, slots=True)
class ForwardStatus:
    """One forward at a moment; counters are of all its connections."""

    id: int
    spec: ForwardSpec
    state: ForwardState
    local_port: int
    remote_port: int = 0
    """The container's port; 0 while it is not known."""
    pod: str = ""
    connections: int = 0
    """Open now."""
    served: int = 0
    """Opened since the beginning."""
    received: int = 0
    """Bytes from the pod."""
    sent: int = 0
    """Bytes to the pod."""
    detail: str = ""
    """Why it waits, one line."""
    error: str = ""
    """The last error of a connection, one line."""
    error_at: float = 0.0
    """Unix seconds."""
    started: float = 0.0
    expires: float | None = None
    """Unix seconds."""
    paste: str = ""
    """A line to paste into a shell or browser; never with a password in it."""

    @property
    def local(self) -> str:
        """``127.0.0.1:9090``."""
        address = self.spec.address
        return f"[{address}]:{self.local_port}" if ":" in address else f"{address}:{self.local_port}"
