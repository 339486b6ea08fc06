"""``alerting: true``: a change for the worse rings the bell and says so, once; off by the setting ``bell``."""

from __future__ import annotations

from collections.abc import Callable

from veza_tui.model.environment import Environment
from veza_tui.model.view import EnvironmentView
from veza_tui.operations.monitor.transitions import Tracker, Transition
from veza_tui.tui.presentation.tabs import shown_name

SHOWN = 2
"""Changes named in one notice; the others are counted."""


class Alerts:
    """Fed with one environment's views. One bell and one notice for everything that got worse in one view."""

    def __init__(
        self, environment: Environment, bell: Callable[[], None], tell: Callable[[str], None], *, on: bool = True
    ) -> None:
        self._environment = environment
        self._bell = bell
        self._tell = tell
        self._tracker = Tracker()
        self._on = on and environment.monitoring.alerting

    def take(self, view: EnvironmentView) -> None:
        """A new view."""
        if not self._on:
            return
        worse = [change for change in self._tracker.feed(view) if change.worse]
        if worse:
            self._bell()
            self._tell(words(self._environment, worse))


def words(environment: Environment, worse: list[Transition]) -> str:
    """``PRODUCTION: chat-server failed: 503 database down``."""
    parts = [f"{change.name} {change.now.value}: {change.text}" for change in worse[:SHOWN]]
    more = f" and {len(worse) - SHOWN} more" if len(worse) > SHOWN else ""
    return f"{shown_name(environment.name, environment.production)}: {'; '.join(parts)}{more}"
