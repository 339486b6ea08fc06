"""What the screens are given. ``wiring`` builds it; tests hand in fakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from veza_tui.model.environment import Environment
from veza_tui.model.view import EnvironmentView
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster


class Feed(Protocol):
    """One environment, live. ``subscribe``'s callback runs on the loop's thread."""

    @property
    def name(self) -> str:
        """The environment's name."""
        ...

    @property
    def cluster(self) -> Cluster | None:
        """The connection, once there is one: shared with whoever looks closer."""
        ...

    def view(self) -> EnvironmentView:
        """The latest view."""
        ...

    def subscribe(self, callback: Callable[[EnvironmentView], None]) -> Callable[[], None]:
        """Call back on each change; the returned function ends it."""
        ...

    async def start(self) -> None:
        """Begin to watch; returns at once."""
        ...

    async def refresh(self) -> None:
        """Ask again at once."""
        ...

    async def close(self) -> None:
        """Stop and close the connections."""
        ...


class Services(Protocol):
    """The program's other half, as the screens see it."""

    @property
    def user(self) -> str:
        """Who works here: shown in the corner."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether the program was started with --read-only."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    def environments(self) -> Sequence[Environment]:
        """Read the workspace (blocking, some 50 ms; called in a thread after the first paint), in tab order.

        Raises:
            VezaError: it cannot be read; the line is shown and reading is tried again on ctrl-r.
        """
        ...

    def again(self, name: str) -> Environment:
        """Read that environment's file anew (blocking); ``feeds`` says how that went."""
        ...

    def feeds(self, environments: Sequence[Environment]) -> Sequence[Feed]:
        """One feed for each environment, not started."""
        ...

    def service(self, name: str) -> Any:
        """Something that another room's screen needs, by the name under which wiring registered it.

        Raises:
            KeyError: there is no such service.
        """
        ...

    async def close(self) -> None:
        """Close what ``service`` made; the feeds are closed by whoever started them."""
        ...
