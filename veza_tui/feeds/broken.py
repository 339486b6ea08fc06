"""Stands for an environment whose file cannot be used: it says what is wrong, the others live on."""

from __future__ import annotations

from collections.abc import Callable

from veza_tui.model.environment import (
    Cache,
    Database,
    Environment,
    EnvironmentType,
    KubernetesTarget,
    Logging,
    Monitoring,
)
from veza_tui.model.errors import VezaError
from veza_tui.model.view import EnvironmentView, Link, Problem


class BrokenFeed:
    """What ``EnvironmentFeed`` offers to who only looks; its view never changes."""

    cluster = None
    misconfigured = True
    settled = True

    def __init__(self, name: str, error: VezaError) -> None:
        self.name = name
        self.environment = placeholder(name)
        problem = Problem(error.message, error.hint or "Put the file right, then ctrl-r or start again.")
        self._view = EnvironmentView(name, link=Link.DOWN, problems=(problem,))

    def view(self) -> EnvironmentView:
        """Never changes."""
        return self._view

    def subscribe(self, callback: Callable[[EnvironmentView], None]) -> Callable[[], None]:
        """Nothing will come."""
        return lambda: None

    async def start(self) -> None:
        """Nothing to watch."""

    def flush(self) -> None:
        """Nothing is held back."""

    async def refresh(self) -> None:
        """Nothing to ask."""

    async def close(self) -> None:
        """Nothing to close."""


def placeholder(name: str) -> Environment:
    """What is known of an environment whose file cannot be read; a name that says so counts as production."""
    kind = EnvironmentType.PROD if "prod" in name.casefold() else EnvironmentType.DEV
    return Environment(
        name=name,
        type=kind,
        domain="",
        services=(),
        database=Database("", 0, "", "", ""),
        cache=Cache("", 0, ""),
        logging=Logging("", "", ""),
        monitoring=Monitoring(False),
        kubernetes=KubernetesTarget(None, ""),
        read_only=True,
    )
