"""Everything outside that planners and the runner reach: fulfilled by `wiring`, replaced in tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from veza_tui.model.environment import Environment
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster


class World(Protocol):
    """One workspace with its environments and their ports."""

    clock: Clock
    read_only: bool
    """``--read-only`` or VEZA_READ_ONLY; the environment's own switch comes on top."""
    workspace: Any
    """veza_tui.workspace.load.Workspace."""
    directory: Any
    """pathlib.Path of the workspace, absolute."""

    def environments(self) -> Sequence[str]:
        """Names of the workspace's environments."""
        ...

    def environment(self, name: str) -> Environment:
        """One environment, loaded afresh.

        Raises:
            ConfigError: there is none by this name, or its file is wrong.
        """
        ...

    def cluster(self, environment: Environment) -> Cluster:
        """The environment's cluster, one client each; it connects on first use."""
        ...

    def service(self, environment: Environment, name: str) -> Any:
        """Another port by name (``database``, ``cache_probe``, ``storage`` ...)."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
