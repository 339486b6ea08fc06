"""The body of one environment's tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from veza_tui.model.view import EnvironmentView, Link
from veza_tui.model.workload import PodRow
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.health import health_lines
from veza_tui.tui.presentation.identity import identity_line
from veza_tui.tui.presentation.keys import pod_hints
from veza_tui.tui.presentation.pods import COLUMNS, PodRows, failing, helping_keys, pods_label
from veza_tui.tui.presentation.problems import empty_body, problem_lines
from veza_tui.tui.presentation.rollouts import rollout_lines
from veza_tui.tui.presentation.small import health_summary, rollout_summary
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, apart, beside, in_role, line_width
from veza_tui.tui.presentation.summary import summary_line, undo_line
from veza_tui.tui.presentation.warnings import warning_lines
from veza_tui.tui.registry import available
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.widgets.filter import FilterLine
from veza_tui.tui.widgets.present import Present
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

FRAME = 3
"""Lines for identity, the pods' titles and the last operation."""
ROOMY = 32
"""Lines from which blocks get air between them and health one line a check."""


class EnvironmentPane(Present, Vertical):
    """Identity, problems, rollouts and health, pods, last operation. Mounted when its tab is first opened."""

    def __init__(self, tab: EnvironmentTab) -> None:
        super().__init__(classes="pane")
        self.tab = tab
        self.veza = cast("VezaApp", self.app)
        self._rows = PodRows(self.veza.glyphs)
        self._pods: dict[str, PodRow] = {}

    def compose(self) -> ComposeResult:
        """One sheet a block."""
        painter, glyphs = self.veza.painter, self.veza.glyphs
        yield Sheet(painter, classes="identity", fixed=1)
        yield Sheet(painter, classes="board")
        yield Sheet(painter, classes="titles", fixed=1)
        yield Table(COLUMNS, painter, glyphs)
        yield FilterLine(painter)
        yield Sheet(painter, classes="warnings")
        yield Sheet(painter, classes="summary", fixed=1)

    @property
    def table(self) -> Table:
        """The pods."""
        return self.query_one(Table)

    @property
    def pod(self) -> PodRow | None:
        """The pod under the cursor."""
        return self._pods.get(self.table.cursor) if self.is_mounted else None

    def on_mount(self) -> None:
        """Show what is known."""
        if self.veza.screen.focused is None:
            self.table.focus()

    def paint(self) -> None:
        """Show the tab's view; sends what differs."""
        if not self.is_mounted or not self.size.width:
            return
        app, tab = self.veza, self.tab
        view, cells, glyphs = tab.view, self.size.width, app.glyphs
        identity = identity_line(
            tab.environment,
            view,
            read_only=app.services.read_only,
            monotonic=app.services.clock.monotonic(),
            cells=cells,
            glyphs=glyphs,
        )
        self._sheet("identity").set_lines([identity])
        bare = not view.pods and not view.rollouts and view.link in (Link.CONNECTING, Link.DOWN)
        self.set_class(bare, "-bare")
        if bare:
            target = tab.environment.kubernetes
            where = view.identity.server if view.identity else (target.context or "the current context")
            self._sheet("board").set_lines(empty_body(view, where, cells, glyphs))
            self._pods = {}
            self.table.show([])
            return
        stale = view.link is Link.STALE
        self._sheet("board").set_lines(self._board(view, cells, stale))
        self._paint_pods(view, cells, stale)
        self._paint_warnings(view, cells, stale)
        self._sheet("summary").set_lines([summary_line(tab.environment, view, app.tick, cells, glyphs)])

    def _sheet(self, name: str) -> Sheet:
        return self.query_one(f".{name}", Sheet)

    def _board(self, view: EnvironmentView, cells: int, stale: bool) -> list[Line]:
        glyphs, rows = self.veza.glyphs, self.size.height
        roomy = rows >= ROOMY - 2
        most = max(3, rows // 4)
        problems = [
            *undo_line(view, self.veza.services.clock.now(), cells, glyphs),
            *problem_lines(view.problems, cells, glyphs),
        ]
        if len(problems) > rows // 3:
            problems = [*problems[: rows // 3 - 1], (Span(f"   and {len(view.problems)} problems in all", "warn"),)]
        block = self._block(view, cells, most, roomy, rows - FRAME - len(problems) - self._wanted(view, rows))
        if stale:
            block = [in_role(line, "stale") for line in block]
        if roomy:
            return [EMPTY, *problems, *((EMPTY,) if problems else ()), *block, EMPTY]
        return [*problems, *block]

    def _wanted(self, view: EnvironmentView, rows: int) -> int:
        """Lines that the pods shall have: the failing ones with their causes, and at least three."""
        return min(max(3, 2 * sum(map(failing, view.pods.values())) + 1), max(3, rows // 3))

    def _block(self, view: EnvironmentView, cells: int, most: int, roomy: bool, room: int) -> list[Line]:
        """Rollouts and health in at most ``room`` lines, as well as that goes."""
        glyphs = self.veza.glyphs
        if cells >= 76:
            left = min(cells * 52 // 100, 96) if cells >= 110 else cells - 41
            right = min(cells - left - 1, 90)
            block = beside(
                rollout_lines(view.rollouts, view.autoscalers, left, glyphs, most=most, synced=view.synced),
                health_lines(view.health, right, glyphs, compact=not roomy),
                left,
                1,
            )
            if len(block) <= room or roomy:
                return block
        rollouts = rollout_lines(view.rollouts, view.autoscalers, cells, glyphs, most=most, synced=view.synced)
        health = health_lines(view.health, cells, glyphs, compact=True)
        if len(rollouts) + len(health) <= room:
            return [*rollouts, *health]
        line = health_summary(view.health, cells, glyphs)
        if len(rollouts) + 1 <= room:
            return [*rollouts, line]
        return [rollout_summary(view.rollouts, cells, glyphs), line][: max(0, room)]

    def _paint_pods(self, view: EnvironmentView, cells: int, stale: bool) -> None:
        app, want, table = self.veza, self.tab.want, self.table
        pods = self._rows.select(view, want)
        self._pods = {pod.uid: pod for pod in pods}
        known: dict[tuple[str, ...], list[Line]] = {}

        def hints(pod: PodRow) -> list[Line]:
            keys = helping_keys(pod, view)
            if keys not in known:
                known[keys] = pod_hints(available(), app.situation(pod=pod), keys)
            return known[keys]

        rows = self._rows.rows(pods, view, app.tick, hints, wide=cells >= 110, room=max(20, table.content_cells))
        table.show(rows, stale=stale)
        label = pods_label(view, len(pods), want, "stale" if stale else "", app.glyphs)
        line = table.heading(label, cells, sorted_by=want.sort, reverse=want.reverse)
        hint: Line = () if want.filter else (Span("/", "key", "do:filter"), Span(" filter ", "hint", "do:filter"))
        if line_width(line) + 12 > cells:
            hint = ()
        self._sheet("titles").set_lines([apart(line, hint, cells)])
        if not pods:
            table.set_empty(self._empty(view, want.filter))

    def _paint_warnings(self, view: EnvironmentView, cells: int, stale: bool) -> None:
        """The newest warnings, where the pods leave lines: they never push a pod off the screen."""
        sheet, rows = self._sheet("warnings"), self.size.height
        spare = rows - FRAME - len(self._sheet("board").lines) - self.table.total - 2
        most = min(spare, rows // 3) if rows >= ROOMY - 2 else 0
        lines = warning_lines(view.warnings, self.veza.tick, cells, self.veza.glyphs, most=most)
        lines = [in_role(line, "stale") for line in lines] if stale else lines
        sheet.display = bool(lines)
        sheet.set_lines([EMPTY, *lines, EMPTY] if lines else [])

    def _empty(self, view: EnvironmentView, filter: str) -> list[Line]:
        if filter:
            return [EMPTY, (Span(" No pod matches. ", "dim"), Span("esc", "key"), Span(" clears the filter.", "dim"))]
        if not view.synced:
            return [EMPTY, (Span(" The pods are not listed yet.", "dim"),)]
        return [EMPTY, (Span(" No pods run here.", "dim"),)]

    def situation(self) -> Situation:
        """What actions would act on."""
        return self.veza.situation(pod=self.pod, offers=frozenset(("open", "filter")))

    # --- the filter ----------------------------------------------------------------------------------------------

    def edit_filter(self) -> None:
        """Open the filter's line."""
        self.query_one(FilterLine).open(self.tab.want.filter)

    def end_filter(self) -> bool:
        """Escape: close and clear the filter; False when there is none."""
        line = self.query_one(FilterLine)
        if not line.display and not self.tab.want.filter:
            return False
        line.close()
        self.set_filter("")
        self.table.focus()
        return True

    def set_filter(self, text: str) -> None:
        """Show only what matches."""
        from dataclasses import replace

        if text != self.tab.want.filter:
            self.tab.want = replace(self.tab.want, filter=text)
            self.table.forget_widths()
            self.paint()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Each key filters."""
        event.stop()
        self.set_filter(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter."""
        event.stop()
        self.query_one(FilterLine).close()
        self.table.focus()
        self.veza.paint_hints()

    def on_table_moved(self, event: Table.Moved) -> None:
        """The hints are about the pod under the cursor."""
        event.stop()
        self.veza.paint_hints()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click opens."""
        event.stop()
        self.veza.do("open")
