"""``Services`` made of functions that wiring hands over."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from veza_tui.feeds.broken import BrokenFeed, placeholder
from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.ports.clock import Clock
from veza_tui.ports.closing import close_all
from veza_tui.tui.services import Feed


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
        ahead: Sequence[str] = (),
    ) -> None:
        """``ahead``: modules that ``feeds`` needs, imported with the workspace: that is done in a thread."""
        self._ahead = tuple(ahead)
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
        for module in self._ahead:
            importlib.import_module(module)
        names = self._names()
        if not names:
            raise ConfigError(
                "this workspace holds no environment", hint="choose another with -C DIR, or make one: veza-tui init DIR"
            )
        return [self._read(name) for name in names]

    def again(self, name: str) -> Environment:
        """Read that environment's file anew; ``feeds`` says how that went."""
        self._errors.pop(name, None)
        return self._read(name)

    def _read(self, name: str) -> Environment:
        try:
            environment = self._environment(name)
        except VezaError as error:
            self._errors[name] = error
            return placeholder(name)
        return replace(environment, read_only=True) if self.read_only else environment

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
        await close_all(self._made.values())
