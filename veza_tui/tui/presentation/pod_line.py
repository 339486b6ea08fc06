"""One pod of thousands as a row: its cells are made when it comes into view, its widths are measured without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from veza_tui.model.workload import PodRow, State
from veza_tui.tui.presentation.ages import age
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.images import tag
from veza_tui.tui.presentation.spans import Line, Span, clean, fit, joined, line_width, width

Hints = Callable[[PodRow], Sequence[Line]]
_tag = lru_cache(maxsize=1024)(tag)


_WORDS = 12
"""Cells below which a pod's last words say nothing."""


def failing(pod: PodRow) -> bool:
    """Whether it comes first and tells its cause."""
    return pod.state in (State.FAILED, State.DEGRADED)


@dataclass(slots=True)
class Shown:
    """What all rows of one table have in common; their ages are as of ``tick`` (unix seconds)."""

    glyphs: Glyphs
    tick: float = 0.0
    wide: bool = False
    hints: Hints = lambda pod: ()
    room: int = 400
    """Cells for the line below a failing pod."""


class PodLine:
    """A row of the table. Another state of the pod is another ``PodLine``."""

    __slots__ = ("_cells", "_cells_as_of", "_hay", "_shown", "_widths", "height", "key", "last", "pod")

    def __init__(self, pod: PodRow, last: str, shown: Shown) -> None:
        self.key = pod.uid
        self.pod = pod
        self.last = last
        self.height = 2 if failing(pod) and (pod.cause or last) else 1
        self._shown = shown
        self._cells: tuple[Span, ...] = ()
        self._cells_as_of: tuple[float, bool] | None = None
        self._widths: tuple[int, ...] | None = None
        self._hay = ""

    @property
    def glyph(self) -> Span:
        """The sign of its state."""
        return Span(self._shown.glyphs.state(self.pod.state), ROLES[self.pod.state])

    @property
    def cells(self) -> tuple[Span, ...]:
        """One span a column."""
        wanted = (self._shown.tick, self._shown.wide)
        if self._cells_as_of != wanted:
            self._cells, self._cells_as_of = self._made(), wanted
        return self._cells

    @property
    def notes(self) -> tuple[Line, ...]:
        """Why it fails, its last words, the keys that help."""
        return (self._cause(),) if self.height > 1 else ()

    @property
    def widths(self) -> tuple[int, ...]:
        """Cells that each column needs; of names that are not hostile without making them."""
        if self._widths is None:
            pod = self.pod
            plain = (pod.name, pod.status, pod.node, pod.ip, pod.owner)
            if all(map(str.isascii, plain)) and all(map(str.isprintable, plain)):
                ready = len(f"{pod.ready}/{pod.total}")
                owner = len(pod.owner_kind) + 1 + len(pod.owner) if pod.owner else 6
                main = next((c for c in pod.containers if not c.init), None)
                self._widths = (
                    min(len(pod.name), 400), ready, min(len(pod.status), 60), len(self._restarts()), 5,
                    min(len(pod.node), 63) or 6, min(len(pod.ip), 45) or 6, len(_tag(main.image)) if main else 0,
                    min(owner, 120),
                )  # fmt: skip
            else:
                self._widths = tuple([width(span.text) for span in self.cells])
        return self._widths

    @property
    def hay(self) -> str:
        """Everything in which a filter looks."""
        if not self._hay:
            self._hay = haystack(self.pod)
        return self._hay

    def _restarts(self) -> str:
        pod = self.pod
        if pod.restarts and pod.last_restart is not None:
            return f"{pod.restarts} ({age(self._shown.tick - pod.last_restart)}{' ago' if self._shown.wide else ''})"
        return str(pod.restarts)

    def _made(self) -> tuple[Span, ...]:
        pod = self.pod
        role = ROLES[pod.state]
        well = pod.state is State.OK
        quiet = "text" if well else role
        main = next((c for c in pod.containers if not c.init), None)
        return (
            Span(clean(pod.name), "text" if well else "strong"),
            Span(f"{pod.ready}/{pod.total}", quiet),
            Span(clean(pod.status, 60), quiet),
            Span(self._restarts(), "dim"),
            Span(age(self._shown.tick - pod.created), "dim"),
            Span(clean(pod.node, 63) or "<none>", "dim"),
            Span(clean(pod.ip, 45) or "<none>", "dim"),
            Span(_tag(main.image) if main else "", "dim"),
            Span(clean(f"{pod.owner_kind}/{pod.owner}" if pod.owner else "<none>", 120), "dim"),
        )

    def _cause(self) -> Line:
        pod, glyphs = self.pod, self._shown.glyphs
        dot = Span(f" {glyphs.dot} ", "faint")
        opening, closing = glyphs.quote
        cause: Line = (Span(clean(pod.cause, 300), "cause"),) if pod.cause else ()
        words, hints = clean(self.last.strip(), 200), list(self._shown.hints(pod))
        # Where it is narrow the cause stays whole, the keys are never cut in two, and the words take what is left.
        while len(hints) > 1 and line_width(joined((cause, joined(hints, Span("  "))), dot)) > self._shown.room:
            hints.pop(0)  # the footer names it as well
        keys = joined(hints, Span("  "))
        left = self._shown.room - line_width(joined((cause, keys), dot)) - 3 - 2
        if words and (left >= min(_WORDS, width(words)) or not cause):
            quote: Line = (Span(f"{opening}{fit(words, min(width(words), max(left, _WORDS)))}{closing}", "quote"),)
            return joined((cause, quote, keys), dot)
        return joined((cause, keys), dot)


def haystack(pod: PodRow) -> str:
    """Name, status, node, owner, cause, address and images, folded."""
    images = " ".join([c.image for c in pod.containers])
    return f"{pod.name}\n{pod.status}\n{pod.node}\n{pod.owner}\n{pod.cause}\n{pod.ip}\n{images}".casefold()
