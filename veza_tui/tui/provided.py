"""``Services`` made of functions that wiring hands over."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from veza_tui.model.environment import (
    Cache,
    Database,
    Environment,
    EnvironmentType,
    KubernetesTarget,
    Logging,
    Monitoring,
)
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.view import EnvironmentView, Link, Problem
from veza_tui.ports.clock import Clock
from veza_tui.tui.services import Feed


class BrokenFeed:
    """Stands for an environment whose file cannot be used: its tab says what is wrong, the others live on."""

    def __init__(self, name: str, error: VezaError) -> None:
        self.name = name
        problem = Problem(error.message, error.hint or "Put the file right and start again.")
        self._view = EnvironmentView(name, link=Link.DOWN, problems=(problem,))

    def view(self) -> EnvironmentView:
        """Never changes."""
        return self._view

    def subscribe(self, callback: Callable[[EnvironmentView], None]) -> Callable[[], None]:
        """Nothing will come."""
        return lambda: None

    async def start(self) -> None:
        """Nothing to watch."""

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


class ProvidedServices:
    """Environments are read one by one, so that a broken file costs one tab only."""

    def __init__(
        self,
        *,
        names: Callable[[], Sequence[str]],
        environment: Callable[[str], Environment],
        feed: Callable[[Environment], Feed],
        clock: Clock,
        user: str,
        read_only: bool = False,
        services: Mapping[str, Callable[[], Any]] | None = None,
    ) -> None:
        self._names = names
        self._environment = environment
        self._feed = feed
        self._services = dict(services or {})
        self._made: dict[str, Any] = {}
        self._errors: dict[str, VezaError] = {}
        self.clock = clock
        self.user = user
        self.read_only = read_only

    def environments(self) -> Sequence[Environment]:
        """In the workspace's order.

        Raises:
            VezaError: the workspace cannot be read, or holds no environment.
        """
        names = self._names()
        if not names:
            raise ConfigError(
                "this workspace holds no environment", hint="choose another with -C DIR, or make one: veza-tui init DIR"
            )
        found = []
        for name in names:
            try:
                environment = self._environment(name)
            except VezaError as error:
                self._errors[name] = error
                found.append(placeholder(name))
                continue
            found.append(replace(environment, read_only=True) if self.read_only else environment)
        return found

    def feeds(self, environments: Sequence[Environment]) -> Sequence[Feed]:
        """One each; an environment that cannot be read or wired gets one that says so."""
        made: list[Feed] = []
        for environment in environments:
            try:
                if environment.name in self._errors:
                    raise self._errors[environment.name]
                made.append(self._feed(environment))
            except VezaError as error:
                made.append(BrokenFeed(environment.name, error))
        return made

    def service(self, name: str) -> Any:
        """Made at its first use.

        Raises:
            KeyError: wiring registered none of that name.
        """
        if name not in self._made:
            self._made[name] = self._services[name]()
        return self._made[name]

    async def close(self) -> None:
        """Close what was made and can be closed, the last made first: forwards end before their world does."""
        for made in reversed(list(self._made.values())):
            closing = getattr(made, "close", None)
            result = closing() if closing is not None else None
            if inspect.isawaitable(result):
                await result
