"""The pipeline of an environment: stages as columns, steps with state and duration, live; output of each."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.app import ComposeResult
from textual.timer import Timer

from veza_tui.model.environment import Environment
from veza_tui.model.journal import OperationState, OperationStatus, StepState
from veza_tui.operations.outputs import step_output
from veza_tui.operations.pipeline.plan import pipeline_plan
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.pipeline import Stages, output_lines, pipeline_lines, state_line
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet

HIGH = 20
"""Lines from which the names of steps may take two."""


class PipelineScreen(VezaScreen):
    """j and k go from step to step; leaving it changes nothing: the pipeline runs in a process of its own."""

    title_name = "pipeline"
    offers = frozenset(("open",))

    def __init__(self, service: OperationsService, environment: Environment, operation_id: str = "") -> None:
        super().__init__()
        self.service = service
        self.environment = environment
        self.operation_id = operation_id
        self.status: OperationStatus | None = None
        self.selected = ""
        self.stages: Stages = ()
        self._configured: dict[str, bool] = {}
        self._outputs: dict[str, list[str]] = {}
        self._timer: Timer | None = None
        self._chosen = False

    def body(self) -> ComposeResult:
        """One page."""
        yield Sheet(self.veza.painter, id="page")

    def on_mount(self) -> None:
        """Find the last run, begin to watch."""
        super().on_mount()
        self._read_file()
        self.follow(self.operation_id)

    def _read_file(self) -> None:
        from veza_tui.model.errors import VezaError
        from veza_tui.model.plan import Target

        world, env = self.service.world, self.environment
        pipeline = world.workspace.pipeline
        self.stages = tuple((s.name, tuple(s.steps)) for s in pipeline.stages)
        try:
            plan = pipeline_plan(pipeline, env, Target(env.name, "", "", ""), environments=world.environments())
        except VezaError as error:
            self.veza.tell(str(error), bad=True)
            return
        self._configured = {s.id: s.action != "pipeline.not_configured" for s in plan.steps}
        # A deploy beyond this environment is no step of it.
        self.stages = tuple((name, tuple(s for s in steps if s in self._configured)) for name, steps in self.stages)
        self.selected = self.selected or next(iter(self._configured), "")

    def follow(self, operation_id: str = "") -> None:
        """Watch this run, or the newest one."""
        self.operation_id = operation_id
        self._chosen = False
        self.veza.spawn(self._watch())
        if self._timer is None:
            self._timer = self.set_interval(1.0, self._second)

    def _second(self) -> None:
        if self.status is not None and not self.running:
            if self._timer is not None:
                self._timer.stop()
                self._timer = None
        elif self.veza.screen is self and self.status is not None:
            self.paint()

    @property
    def running(self) -> bool:
        """Whether the run goes on."""
        status = self.status
        return status is not None and not status.state.ended and status.state is not OperationState.INTERRUPTED

    async def _watch(self) -> None:
        if not self.operation_id:
            history = await asyncio.to_thread(self.service.history, self.environment.name)
            self.operation_id = next((s.id for s in history if s.kind == "pipeline"), "")
        if not self.operation_id:
            self.repaint()
            return
        watched = self.operation_id
        async for status in self.service.watch(watched):
            if not self.is_attached or watched != self.operation_id:
                return
            self.status = status
            self._outputs.clear()
            if not self._chosen:
                # The eye follows what runs, or what failed, until somebody chooses.
                self.selected = next_step(status) or self.selected
            self.repaint()

    # --- choosing ------------------------------------------------------------------------------------------------

    def move(self, by: int) -> None:
        """To the next step."""
        order = [s for _, steps in self.stages for s in steps]
        if order:
            here = order.index(self.selected) if self.selected in order else 0
            self.choose(order[max(0, min(len(order) - 1, here + by))])

    def move_page(self, pages: int) -> None:
        """To the next stage."""
        starts = [steps[0] for _, steps in self.stages if steps]
        here = next((i for i, (_, steps) in enumerate(self.stages) if self.selected in steps), 0)
        if starts:
            self.choose(starts[max(0, min(len(starts) - 1, here + pages))])

    def move_edge(self, *, first: bool) -> None:
        """First or last step."""
        order = [s for _, steps in self.stages for s in steps]
        if order:
            self.choose(order[0 if first else -1])

    def choose(self, step: str) -> None:
        """Show this step's output."""
        self.selected, self._chosen = step, True
        self.repaint()

    async def open_selected(self, at: Situation) -> None:
        """The step's whole output."""
        from veza_tui.tui.screens.step_output import StepOutputScreen

        if self.operation_id:
            self.veza.push_screen(StepOutputScreen(self.service, self.operation_id, self.selected))

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """A click on a step chooses it."""
        kind, _, target = event.target.partition(":")
        if kind == "step":
            self.choose(target)
        else:
            super().on_sheet_clicked(event)

    def reload(self) -> None:
        """ctrl-r: the file again, and the newest run, whoever started it."""
        if not self.running:
            self._read_file()
            self.follow()

    async def tag(self) -> str:
        """The image tag of the run that is shown: whoever goes on from a step of it means the same images."""
        if not self.operation_id:
            return ""
        plan = await asyncio.to_thread(self.service.store.open(self.operation_id).plan)
        return str(plan.options.get("tag") or "")

    def situation(self) -> Situation:
        """With the run's state."""
        return replace(super().situation(), state=str(self.status.state) if self.status else "")

    def copy_text(self, at: Situation) -> str:
        """The operation's id."""
        return self.operation_id

    def cancel(self) -> None:
        """At the next safe point; once more: cut the running step off."""
        if self.status is not None:
            self.service.cancel(self.operation_id, force=self.status.state is OperationState.CANCELLING)

    # --- painting ------------------------------------------------------------------------------------------------

    def paint(self) -> None:
        """Columns above, output below."""
        if not self.is_mounted:
            return
        cells, rows, glyphs = self.size.width, max(8, self.size.height - 2), self.veza.glyphs
        now = self.veza.services.clock.now()
        note: Line = (
            Span(clean(f"to {self.environment.name}", 60), "production" if self.environment.production else "dim"),
        )
        steps = {s.id: s for s in self.status.steps} if self.status else {}
        lines: list[Line] = [
            EMPTY,
            heading("PIPELINE", note, cells, glyphs, right=(Span(self.operation_id, "faint"),) if steps else ()),
            state_line(self.status, self.environment.name, now, cells),
            EMPTY,
            *pipeline_lines(self.stages, steps, self._configured, self.selected, now, cells, glyphs, fold=rows >= HIGH),
            EMPTY,
        ]
        step = steps.get(self.selected)
        detail = f"{self.selected.replace('_', ' ')}" + (f": {step.detail}" if step and step.detail else "")
        lines += output_lines(detail, self._output(), rows - len(lines), cells, glyphs)
        self.query_one("#page", Sheet).set_lines(lines[:rows])

    def _output(self) -> list[str]:
        if not self.operation_id or self.status is None:
            return []
        if self.selected not in self._outputs:
            files = self.service.store.open(self.operation_id)
            self._outputs[self.selected] = step_output(files, self.selected)
        return self._outputs[self.selected]


def next_step(status: OperationStatus) -> str:
    """The step that one asks about: what runs, what failed, else what a stopped run would go on with."""
    found = [s.id for state in (StepState.RUNNING, StepState.FAILED) for s in status.steps if s.state is state]
    if status.state is not OperationState.DONE:
        # A deploy that a cancel stopped half way counts as skipped in the journal; it is where one goes on.
        found += [s.id for s in status.steps if s.state is StepState.SKIPPED and s.detail.startswith("stopped")]
        found += [s.id for s in status.steps if s.state is StepState.PENDING]
    return next(iter(found), "")
