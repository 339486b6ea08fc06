"""The pods as rows of a table: failing ones first, each with its cause and the keys that help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import PodRow
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.pod_line import Hints, PodLine, Shown, haystack
from veza_tui.tui.presentation.pod_line import failing as failing
from veza_tui.tui.presentation.rows import Column
from veza_tui.tui.presentation.spans import Line, Span, clean, joined

COLUMNS: tuple[Column, ...] = (
    Column("name", "NAME", 30, flexible=True, middle=True, comfortable=28),
    Column("ready", "READY", 5),
    Column("status", "STATUS", 16, comfortable=16, flexible=True),
    Column("restarts", "RESTARTS", 8, drop=2, comfortable=8),
    Column("age", "AGE", 5, drop=1, comfortable=6),
    Column("node", "NODE", 12, drop=3, flexible=True, middle=True),
    Column("ip", "IP", 9, drop=6),
    Column("version", "VERSION", 10, drop=4, flexible=True),
    Column("owner", "OWNER", 24, drop=7, flexible=True),
)
SORTS: tuple[str, ...] = ("", "name", "ready", "status", "restarts", "age", "node")
"""Sort columns in the order of the key; empty is problems first."""


@dataclass(frozen=True, slots=True)
class PodView:
    """How one tab wants its pods: kept while the tab is hidden."""

    filter: str = ""
    sort: str = ""
    reverse: bool = False


class PodRows:
    """Makes rows of pods and remembers them: a change of one pod among thousands costs one row."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._shown = Shown(glyphs)
        self._lines: dict[str, PodLine] = {}
        self._order: list[PodLine] = []
        self._sorted: tuple[str, bool] | None = None
        self._last: Mapping[str, str] = {}

    def select(self, view: EnvironmentView, want: PodView) -> list[PodRow]:
        """The pods that pass the filter, in order."""
        self._learn(view, want)
        found = self._order
        if want.filter:
            match = _words(want.filter)
            found = [line for line in found if match(line.hay)]
        return [line.pod for line in found]

    def rows(self, pods: Sequence[PodRow], view: EnvironmentView, tick: float, hints: Hints, *,
             wide: bool, room: int = 400) -> list[PodLine]:  # fmt: skip
        """One row a pod, ``room`` cells for what stands below it.

        Ages are as of ``tick`` (unix seconds), so that they all change together.
        """
        shown, lines = self._shown, self._lines
        shown.tick, shown.wide, shown.hints, shown.room = tick, wide, hints, room
        return [lines[pod.uid] for pod in pods]

    def _learn(self, view: EnvironmentView, want: PodView) -> None:
        """Keep what stayed the same, row and place."""
        old, shown, words, key = self._lines, self._shown, view.last_lines, _KEYS.get(want.sort, _problems)
        reworded = words is not self._last
        fresh: dict[str, PodLine] = {}
        moved = self._sorted != (want.sort, want.reverse)
        for uid, pod in view.pods.items():
            line = old.get(uid)
            if line is None or line.pod is not pod or (reworded and line.last != words.get(uid, "")):
                moved = moved or line is None or key(line.pod) != key(pod)
                line = PodLine(pod, words.get(uid, ""), shown)
            fresh[uid] = line
        moved = moved or len(fresh) != len(old)
        self._lines, self._last, self._sorted = fresh, words, (want.sort, want.reverse)
        # In the order of before, which is nearly sorted already.
        self._order = [fresh[line.key] for line in self._order if line.key in fresh]
        if moved:
            self._order += [line for uid, line in fresh.items() if uid not in old]
            self._order.sort(key=lambda line: key(line.pod), reverse=want.reverse)


_NOT_RUN = ("Pending", "CreateContainerConfigError", "ContainerCreating")


def helping_keys(pod: PodRow, view: EnvironmentView) -> tuple[str, ...]:
    """Ids of the actions that help this failing pod: no logs where nothing ran, no undo where nothing came before."""
    ran = bool(pod.node) and "Image" not in pod.status and pod.status not in _NOT_RUN
    rollout = next((r for r in view.rollouts if pod.name.startswith(f"{r.name}-")), None)
    before = rollout is not None and rollout.revision not in ("", "1")
    keys = ("logs", "previous") if ran else ("describe", "events")
    if before and pod.owner_kind == "ReplicaSet":
        return (*keys, "undo")
    return (*keys, "describe") if ran else keys


def matcher(text: str) -> Callable[[PodRow], bool]:
    """Whether a pod has every word of ``text`` in its name, status, node, owner, cause or image; ``!word`` excludes."""
    match = _words(text)
    return lambda pod: match(haystack(pod))


def _words(text: str) -> Callable[[str], bool]:
    words = [word for word in text.casefold().split() if word != "!"]
    return lambda hay: all((word[1:] not in hay) if word[0] == "!" else (word in hay) for word in words)


def _problems(pod: PodRow) -> tuple[int, str, str]:
    return (-pod.state.severity, pod.name, pod.uid)


_KEYS: dict[str, Callable[[PodRow], tuple[object, ...]]] = {
    "name": lambda p: (p.name, p.uid),
    "ready": lambda p: (p.ready - p.total, p.name, p.uid),
    "status": lambda p: (p.status, p.name, p.uid),
    "restarts": lambda p: (-p.restarts, p.name, p.uid),
    "age": lambda p: (-p.created, p.name, p.uid),
    "node": lambda p: (p.node, p.name, p.uid),
}


def pods_label(view: EnvironmentView, shown: int, want: PodView, stale: str, glyphs: Glyphs) -> Line:
    """``PODS 11 · 1 failing · 4 match “chat”``."""
    total = len(view.pods)
    bad = sum(failing(pod) for pod in view.pods.values())
    parts: list[Line] = [(Span("PODS ", "heading"), Span(str(total), "strong"))]
    if bad:
        parts.append((Span(f"{bad} failing", "bad"),))
    if want.filter:
        opening, closing = glyphs.quote
        text = clean(want.filter, 24)
        parts.append((Span(f"{shown} match {opening}{text}{closing}", "accent"),))
    if stale:
        parts.append((Span(stale, "warn"),))
    return joined(parts, Span(f" {glyphs.dot} ", "faint"))
