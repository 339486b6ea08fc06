"""The pods as rows of a table: failing ones first, each with its cause and the keys that help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import PodRow, State
from veza_tui.tui.presentation.ages import age
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.images import tag
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.spans import Line, Span, clean, joined

COLUMNS: tuple[Column, ...] = (
    Column("name", "NAME", 30, flexible=True, middle=True, comfortable=28),
    Column("ready", "READY", 5),
    Column("status", "STATUS", 16, comfortable=16, flexible=True),
    Column("restarts", "RESTARTS", 8, drop=2, comfortable=8),
    Column("age", "AGE", 5, drop=1, comfortable=6),
    Column("node", "NODE", 8, drop=3, flexible=True),
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


def failing(pod: PodRow) -> bool:
    """Whether it comes first and tells its cause."""
    return pod.state in (State.FAILED, State.DEGRADED)


class PodRows:
    """Makes rows of pods and remembers them: a change of one pod among thousands costs one row."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        self._known: dict[str, tuple[PodRow, str, float, bool, Row]] = {}
        self._tick = 0.0

    def select(self, view: EnvironmentView, want: PodView) -> list[PodRow]:
        """The pods that pass the filter, in order."""
        pods = list(view.pods.values())
        if want.filter:
            match = matcher(want.filter)
            pods = [pod for pod in pods if match(pod)]
        pods.sort(key=_KEYS.get(want.sort, _problems), reverse=want.reverse)
        return pods

    def rows(
        self,
        pods: Sequence[PodRow],
        view: EnvironmentView,
        tick: float,
        hints: Callable[[PodRow], Sequence[Line]],
        *,
        wide: bool,
    ) -> list[Row]:
        """One row a pod; ages are as of ``tick`` (unix seconds), so that they all change together."""
        known = self._known
        fresh: dict[str, tuple[PodRow, str, float, bool, Row]] = {}
        out: list[Row] = []
        for pod in pods:
            last = view.last_lines.get(pod.uid, "")
            old = known.get(pod.uid)
            if old is not None and old[0] is pod and old[1] == last and old[3] is wide and self._holds(old, tick):
                entry = old
            else:
                entry = (pod, last, tick, wide, self._row(pod, last, tick, wide))
            fresh[pod.uid] = entry
            row = entry[4]
            if failing(pod) and (pod.cause or last):
                row = Row(row.key, row.glyph, row.cells, (self._cause(pod, last, hints(pod)),))
            out.append(row)
        # Filtered pods are forgotten too: they cost one row each when the filter goes.
        self._known = fresh
        return out

    def _holds(self, old: tuple[PodRow, str, float, bool, Row], tick: float) -> bool:
        """Whether the row's ages still read the same: most of thousands do, from one tick to the next."""
        if old[2] == tick:
            return True
        pod, cells = old[0], old[4].cells
        return cells[4].text == age(tick - pod.created) and cells[3].text == self._restarts(pod, tick, old[3])

    def _restarts(self, pod: PodRow, tick: float, wide: bool) -> str:
        if pod.restarts and pod.last_restart is not None:
            return f"{pod.restarts} ({age(tick - pod.last_restart)}{' ago' if wide else ''})"
        return str(pod.restarts)

    def _row(self, pod: PodRow, last: str, tick: float, wide: bool) -> Row:
        role = ROLES[pod.state]
        well = pod.state is State.OK
        restarts = self._restarts(pod, tick, wide)
        quiet = "text" if well else role
        main = next((c for c in pod.containers if not c.init), None)
        return Row(
            pod.uid,
            Span(self._glyphs.state(pod.state), role),
            (
                Span(clean(pod.name), "text" if well else "strong"),
                Span(f"{pod.ready}/{pod.total}", quiet),
                Span(clean(pod.status, 60), quiet),
                Span(restarts, "dim"),
                Span(age(tick - pod.created), "dim"),
                Span(clean(pod.node, 63) or "<none>", "dim"),
                Span(clean(pod.ip, 45) or "<none>", "dim"),
                Span(tag(main.image) if main else "", "dim"),
                Span(clean(f"{pod.owner_kind}/{pod.owner}" if pod.owner else "<none>", 120), "dim"),
            ),
        )

    def _cause(self, pod: PodRow, last: str, hints: Sequence[Line]) -> Line:
        dot = Span(f" {self._glyphs.dot} ", "faint")
        opening, closing = self._glyphs.quote
        parts: list[Line] = []
        if pod.cause:
            parts.append((Span(clean(pod.cause, 300), "cause"),))
        if last:
            parts.append((Span(f"{opening}{clean(last.strip(), 200)}{closing}", "quote"),))
        if hints:
            parts.append(joined(hints, Span("  ")))
        return joined(parts, dot)


def helping_keys(pod: PodRow, view: EnvironmentView) -> tuple[str, ...]:
    """Ids of the actions that help this failing pod: no logs where nothing ran, no undo where nothing came before."""
    ran = bool(pod.node) and "Image" not in pod.status and pod.status not in ("Pending", "CreateContainerConfigError")
    rollout = next((r for r in view.rollouts if pod.name.startswith(f"{r.name}-")), None)
    before = rollout is not None and rollout.revision not in ("", "1")
    keys = ("logs", "previous") if ran else ("describe", "events")
    if before and pod.owner_kind == "ReplicaSet":
        return (*keys, "undo")
    return (*keys, "describe") if ran else keys


def matcher(text: str) -> Callable[[PodRow], bool]:
    """Whether a pod has every word of ``text`` in its name, status, node, owner, cause or image; ``!word`` excludes."""
    words = [word for word in text.casefold().split() if word != "!"]

    def match(pod: PodRow) -> bool:
        images = " ".join(c.image for c in pod.containers)
        hay = f"{pod.name}\n{pod.status}\n{pod.node}\n{pod.owner}\n{pod.cause}\n{pod.ip}\n{images}".casefold()
        return all((word[1:] not in hay) if word[0] == "!" else (word in hay) for word in words)

    return match


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
