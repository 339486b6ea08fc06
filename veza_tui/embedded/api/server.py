"""The API server: HTTP on 127.0.0.1 in front of a Store and a NodeRuntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from veza_tui.embedded.api.faults import Faults
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.store import Store


@dataclass(frozen=True, slots=True)
class User:
    """Who stands behind a token; ``role`` is admin, viewer or nobody."""

    name: str
    role: str
    groups: tuple[str, ...] = ("system:authenticated",)


@dataclass(frozen=True, slots=True)
class Context:
    """A context for the kubeconfig: its name, the token's user, the namespace it starts in."""

    name: str
    token: str
    namespace: str = "default"
    user: str = ""


class ApiServer:
    """``tokens`` maps bearer tokens to users. ``bookmark_interval`` in seconds."""

    def __init__(
        self,
        store: Store,
        runtime: NodeRuntime,
        *,
        tokens: Mapping[str, User],
        host: str = "127.0.0.1",
        port: int = 0,
        bookmark_interval: float = 60.0,
        faults: Faults | None = None,
    ) -> None:
        self.store = store
        self.runtime = runtime
        self.tokens = dict(tokens)
        self.faults = faults or Faults()
        self.bookmark_interval = bookmark_interval
        self._host, self._port = host, port

    async def start(self) -> str:
        """Listen; the answer is the URL, for example ``http://127.0.0.1:40123``."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close every connection, end every stream."""
        raise NotImplementedError

    def write_kubeconfig(self, path: Path, contexts: Sequence[Context], *, current: str = "") -> None:
        """A kubeconfig of mode 0600; ``current`` names the current context (the first by default)."""
        raise NotImplementedError
