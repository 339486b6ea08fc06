"""What changed its state between two views: what hooks, the bell and pagers are told of. Pure but for the memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from veza_tui.feeds.changes import rollout_text
from veza_tui.model.text import printable
from veza_tui.model.view import EnvironmentView, Link
from veza_tui.model.workload import State

_BAD = (State.DEGRADED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing changed its state; ``text`` is one printable line."""

    environment: str
    kind: str
    """connection, rollout or health (a check)."""
    name: str
    before: State
    now: State
    text: str

    @property
    def worse(self) -> bool:
        """Whether a person should look: it became degraded or failed."""
        return self.now in _BAD and self.now.severity > self.before.severity


class Tracker:
    """Fed with one environment's views. What is seen for the first time is no change.

    A health check that waits for its second answer (hysteresis) counts as what it was before. A rollout that only moves
    through progressing is told of when it ends, so a deploy that goes well is silent.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], State] = {}

    def feed(self, view: EnvironmentView) -> list[Transition]:
        """The changes since the last view."""
        out = []
        for kind, name, state, text in _states(view):
            before = self._known.setdefault((kind, name), state)
            if before is not state:
                self._known[(kind, name)] = state
                out.append(Transition(view.name, kind, name, before, state, printable(text, limit=400)))
        if view.link is Link.LIVE and view.synced:
            # A Deployment that is gone is forgotten; one of the same name is a new one.
            alive = {printable(rollout.name, limit=100) for rollout in view.rollouts}
            for key in [k for k in self._known if k[0] == "rollout" and k[1] not in alive]:
                del self._known[key]
        return out


def _states(view: EnvironmentView) -> Iterator[tuple[str, str, State, str]]:
    if view.link is not Link.CONNECTING:
        # Old rows are no news: while the connection is stale only the connection itself is.
        state = {Link.LIVE: State.OK, Link.STALE: State.UNKNOWN, Link.DOWN: State.FAILED}[view.link]
        problem = view.problems[0].what if view.problems and state is not State.OK else str(view.link)
        yield "connection", view.name, state, problem
    if view.link is Link.LIVE:
        for rollout in view.rollouts:
            if rollout.state is not State.PROGRESSING:
                yield "rollout", printable(rollout.name, limit=100), rollout.state, rollout_text(rollout)
    for row in view.health:
        if row.at and row.confirmed:
            yield "health", printable(row.name, limit=100), row.state, row.detail or row.answered
