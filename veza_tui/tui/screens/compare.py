"""``=``: every environment side by side; ``t``: one environment's file, manifests and live objects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from textual.app import ComposeResult

from veza_tui.model.errors import VezaError
from veza_tui.operations.inspect.compare import Comparison
from veza_tui.operations.inspect.drift import Drift
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.compare import (
    DRIFT_COLUMNS,
    NARROW,
    compare_columns,
    compare_rows,
    drift_key,
    drift_rows,
    values_lines,
)
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, counted
from veza_tui.tui.screens.look import LookScreen
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

ALONE = 2
"""Environments from which there is something to compare."""
DETAIL = 5
"""Lines below the list for the chosen row's values."""


class CompareScreen(LookScreen):
    """Read when it is opened, when a rollout in any environment changes, and at ctrl-r."""

    title_name = "compare"

    def __init__(
        self,
        tab: EnvironmentTab,
        compare: Callable[[], Awaitable[Comparison]],
        drift: Callable[[], Awaitable[Drift]],
    ) -> None:
        super().__init__(tab)
        self._read = (compare, drift)
        self._found: Comparison | None = None
        self._drift: Drift | None = None
        self._error = ""
        self._reading = False
        self._seen: object = None
        self.drifting = False

    def content(self) -> ComposeResult:
        """Titles, rows, the chosen one in full."""
        yield Sheet(self.veza.painter, id="titles", fixed=1)
        yield Table(compare_columns(()), self.veza.painter, self.veza.glyphs)
        yield Sheet(self.veza.painter, id="detail", fixed=DETAIL)

    @property
    def table(self) -> Table:
        """The rows."""
        return self.query_one(Table)

    def reload(self) -> None:
        """Read again."""
        if not self._reading:
            self._reading = True
            self.veza.spawn(self._load())

    async def _load(self) -> None:
        drifting = self.drifting
        try:
            if drifting:
                self._drift = await self._read[1]()
            else:
                self._found = await self._read[0]()
            self._error = ""
        except VezaError as error:
            self._error = str(error)
        finally:
            self._reading = False
        if self.is_mounted:
            if drifting is not self.drifting:
                self.reload()
            self.paint()

    def toggle_drift(self) -> None:
        """``t``."""
        self.drifting = not self.drifting
        self._error = ""
        self.reload()
        self.repaint()

    def _news(self) -> bool:
        """Whether a rollout of any environment looks other than at the last reading."""
        now = tuple(
            (tab.name, tuple((r.name, r.revision, r.desired, r.images) for r in tab.view.rollouts))
            for tab in self.veza.tabs
        )
        changed, self._seen = now != self._seen, now
        return changed

    def paint(self) -> None:
        """What was read last."""
        if not self.is_mounted:
            return
        if self._news():
            self.reload()
        self._paint_rows()
        self._paint_detail()

    def _paint_rows(self) -> None:
        glyphs, cells = self.veza.glyphs, self.size.width
        found = self._drift if self.drifting else self._found
        dot = Span(f" {glyphs.dot} ", "faint")
        note: list[Span] = []
        if self.drifting:
            note.append(Span(f"{clean(self.tab.name, 40)}: file, manifests, live", "text"))
        if isinstance(found, Comparison) and found.rows and len(found.environments) < ALONE:
            note.append(Span(f"only {clean(found.environments[0], 40)}: nothing beside it", "warn"))
        elif found is not None and found.rows:
            differ = found.different
            words = counted(differ, "differs", "differ") if differ else "no difference"
            note += [*((dot,) if note else ()), Span(words, "warn" if differ else "ok")]
            note += [dot, Span(f"{len(found.rows) - differ} the same", "dim")]
        self.paint_title("DRIFT" if self.drifting else "COMPARE", tuple(note), self._problem())
        if isinstance(found, Comparison):
            self.table.set_columns(compare_columns(found.environments))
            self.table.show(compare_rows(found, self.filter, glyphs, narrow=cells < NARROW))
        elif found is not None:
            self.table.set_columns(DRIFT_COLUMNS)
            self.table.show(drift_rows(found, self.filter, glyphs, narrow=cells < NARROW))
        else:
            self.table.show([])
        self.query_one("#titles", Sheet).set_lines([self.table.heading((Span("  FIELD", "title"),), cells)])
        if not self.table.rows:
            texts = [part for words in self._no_rows() for part in wrapped(words, cells - 2)]
            self.table.set_empty([EMPTY, *((Span(f" {text}", "dim"),) for text in texts)])

    def _no_rows(self) -> list[str]:
        """Why there is nothing in the list."""
        found = self._drift if self.drifting else self._found
        if self._error or found is None:
            return [self._error or "Reading."]
        if found.rows:
            return ["Nothing matches; esc clears the filter."]
        if isinstance(found, Comparison) and found.problems:
            return [f"{name}: {why}" for name, why in found.problems]
        return [found.problem if isinstance(found, Drift) and found.problem else "There is nothing to compare."]

    def _problem(self) -> Line:
        if self._error:
            return (Span("could not be read", "warn"),)
        if self.drifting:
            return (Span(clean(self._drift.problem, 60), "warn"),) if self._drift and self._drift.problem else EMPTY
        problems = self._found.problems if self._found else ()
        if len(problems) > 1:
            return (Span(clean(f"not read: {', '.join(name for name, _ in problems)}", 60), "warn"),)
        return (Span(clean(f"{problems[0][0]}: {problems[0][1]}", 60), "warn"),) if problems else EMPTY

    def _paint_detail(self) -> None:
        self.query_one("#detail", Sheet).set_lines(self._detail()[:DETAIL])

    def _detail(self) -> list[Line]:
        key, cells = self.table.cursor, self.size.width
        if self.drifting and self._drift is not None:
            one = next((r for r in self._drift.rows if drift_key(r) == key), None)
            if one is None:
                return []
            live = f"{one.live} (set by {one.by})" if one.by else one.live or ""
            values = (one.file or "", one.manifest or "", live)
            return values_lines(("file", "manifests", "live"), values, f"{one.object} {one.path}", cells)
        if self._found is not None and not self.drifting:
            row = next((r for r in self._found.rows if r.key == key), None)
            if row is not None:
                texts = [c.text if c.present else "not there" for c in row.cells]
                title = f"{row.users(self._found.services)} {row.name}"
                return values_lines(self._found.environments, texts, title, cells)
        return []

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another one in full."""
        event.stop()
        self._paint_detail()

    def situation(self) -> Situation:
        """With what ``t`` leads away from."""
        return replace(super().situation(), kind="drift" if self.drifting else "")

    def copy_text(self, at: Situation) -> str:
        """The chosen row in full."""
        return "\n".join("".join(span.text for span in line) for line in self._detail())
