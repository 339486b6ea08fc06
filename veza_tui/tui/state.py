"""What the program knows of each environment while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from veza_tui.model.environment import Environment
from veza_tui.model.view import EnvironmentView, Link
from veza_tui.model.workload import State
from veza_tui.tui.presentation.glyphs import Glyphs, environment_state
from veza_tui.tui.presentation.pods import PodView, failing
from veza_tui.tui.presentation.tabs import TabFace
from veza_tui.tui.services import Feed


def troubles(view: EnvironmentView) -> frozenset[str]:
    """Everything that is wrong, as keys that stay the same while it stays wrong."""
    found = {f"pod {pod.uid}" for pod in view.pods.values() if failing(pod)}
    found |= {f"rollout {r.uid}" for r in view.rollouts if r.state in (State.FAILED, State.DEGRADED)}
    found |= {f"health {h.name}" for h in view.health if h.state in (State.FAILED, State.DEGRADED)}
    found |= {f"problem {p.what}" for p in view.problems}
    if view.link in (Link.STALE, Link.DOWN):
        found.add(f"link {view.link}")
    return frozenset(found)


@dataclass
class EnvironmentTab:
    """One environment: its feed, its latest view, and how its rows are wanted."""

    environment: Environment
    feed: Feed
    view: EnvironmentView
    want: PodView = field(default_factory=PodView)
    seen: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()
    denied: str = ""
    """Why this user may not change it, as the API server said when it was asked; empty when he may."""
    denied_operation: str = ""
    denied_shell: str = ""
    denied_forward: str = ""
    unchanged: bool = False
    """veza-tui never changed anything there, as the API server said when it was asked: there are no releases."""
    unsubscribe: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    def publish(self, view: EnvironmentView, *, looking: bool) -> None:
        """A new view came; ``looking`` says whether its tab is in front."""
        self.view = view
        self.wrong = troubles(view)
        # What was seen and then went away is news when it comes back.
        self.seen = self.wrong if looking else self.seen & self.wrong

    def look(self) -> None:
        """Somebody looks at it."""
        self.seen = self.wrong

    def face(self, glyphs: Glyphs, *, active: bool) -> TabFace:
        """What the tab bar shows."""
        return TabFace(
            self.name,
            self.environment.production,
            environment_state(self.view, glyphs),
            len(self.wrong - self.seen),
            active,
        )
