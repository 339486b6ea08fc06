"""The signs of the screen, in Unicode and in ASCII. A state is always glyph + word + colour."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.model.view import EnvironmentView, Link
from veza_tui.model.workload import State

ROLES = {
    State.OK: "ok",
    State.PROGRESSING: "progress",
    State.UNKNOWN: "unknown",
    State.DEGRADED: "warn",
    State.FAILED: "bad",
}
"""Role of the theme in which a state is painted."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs; every one takes one cell, ``spark`` and ``bar`` go from low to high."""

    ok: str = "✔"
    progressing: str = "◐"
    unknown: str = "○"
    degraded: str = "▲"
    failed: str = "✖"
    stale: str = "◌"
    dot: str = "·"
    dash: str = "—"
    arrow: str = "→"
    todo: str = "→"
    ellipsis: str = "…"
    rule: str = "─"
    cursor: str = "▌"
    unread: str = "●"
    up: str = "↑"
    down: str = "↓"
    more: str = "›"
    less: str = "‹"
    full: str = "▆"
    half: str = "▃"
    rest: str = "▁"
    spark: str = "▁▂▃▄▅▆▇█"
    gap: str = "·"
    quote: tuple[str, str] = ("“", "”")

    def state(self, state: State) -> str:
        """The state's glyph."""
        return {
            State.OK: self.ok,
            State.PROGRESSING: self.progressing,
            State.UNKNOWN: self.unknown,
            State.DEGRADED: self.degraded,
            State.FAILED: self.failed,
        }[state]


UNICODE = Glyphs()
ASCII = Glyphs(
    ok="+",
    progressing="~",
    unknown="?",
    degraded="!",
    failed="x",
    stale="?",
    dot="|",
    dash="-",
    arrow=">",
    todo=">",
    ellipsis="~",
    rule="-",
    cursor=">",
    unread="*",
    up="^",
    down="v",
    more=">",
    less="<",
    full="#",
    half="=",
    rest=".",
    spark="_.-=*#",
    gap=" ",
    quote=('"', '"'),
)


def refused(view: EnvironmentView) -> bool:
    """Whether its API server answers and says no: it is up, and nothing of it may be seen."""
    return view.link is Link.DOWN and any(problem.kinds or "(401)" in problem.what for problem in view.problems)


def environment_state(view: EnvironmentView, glyphs: Glyphs) -> tuple[str, str, str]:
    """(glyph, word, role) of a whole environment."""
    if view.link is Link.CONNECTING:
        return glyphs.unknown, "connecting", "unknown"
    if view.link is Link.STALE:
        return glyphs.stale, "stale", "warn"
    if view.link is Link.DOWN:
        return glyphs.failed, "no access" if refused(view) else "down", "bad"
    state = view.state
    if state is State.UNKNOWN and not view.synced:
        return glyphs.unknown, "loading", "unknown"
    words = {State.PROGRESSING: "rolling", State.OK: "ok", State.UNKNOWN: "unknown"}
    return glyphs.state(state), words.get(state, "degraded"), ROLES[state]
