"""The one executor: every plan that changes anything is run here, by the runner's process.

Order: read-only, known actions, same cluster, permissions, drift; approval; lock; audit intent; steps; outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from veza_tui.model.errors import VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.journal import OperationState, StepState
from veza_tui.model.plan import Step
from veza_tui.operations.context import Cancelled, find_action
from veza_tui.operations.control import CancelRequest
from veza_tui.operations.gate import Gate
from veza_tui.operations.lock import LockLostError
from veza_tui.operations.stepping import Forced, run_step, trace, watchdog, words
from veza_tui.operations.stopping import Stopped
from veza_tui.operations.store import OperationFiles


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended."""

    state: OperationState
    exit: int
    reason: str = ""
    left: tuple[str, ...] = ()


class Engine:
    """Runs one plan once: ``run``."""

    def __init__(self, gate: Gate, files: OperationFiles) -> None:
        self._gate = gate
        self._files = files
        self._plan = gate.plan
        self._world = gate.world
        self._past = gate.past
        self._desk = gate.desk
        self._stop = gate.stop

    def cancel(self, request: CancelRequest) -> None:
        """First: stop at the next safe point. Second, or ``force``: cut the running step off."""
        self._stop.ask(request)

    # -- the run

    async def run(self, mode: str, began: Callable[[], None]) -> Outcome:
        """Run, resume or undo; returns the outcome, which is in the journal and the audit log then.

        Raises:
            VezaError: it was refused before it began (audited); nothing was changed and the journal says nothing.
        """
        waited = False
        try:
            await self._gate.permit(mode)
            if self._gate.needs_approval(mode):
                waited = True
                await self._gate.wait_for_approval(began)
                await self._gate.permit(mode)
            await self._gate.lock(mode)
        except (VezaError, Stopped) as error:
            await self._desk.unlock()
            if isinstance(error, VezaError):
                self._desk.audit("denial", detail=str(error))
            if not waited and isinstance(error, VezaError):
                await self._desk.close()
                raise
            outcome = (
                Outcome(OperationState.FAILED, error.exit, str(error))
                if isinstance(error, VezaError)
                else Outcome(OperationState.CANCELLED, Exit.INTERRUPTED, f"{error}; nothing was changed")
            )
            return await self._end(outcome)
        self._start(mode)
        began()
        try:
            outcome = await (self._undo_all() if mode == "undo" else self._run_all())
        finally:
            await self._desk.unlock()
        return await self._end(outcome)

    def _start(self, mode: str) -> None:
        undo = mode == "undo" or (mode == "resume" and self._past.undoing)
        if self._plan.options.get("skipped_gates"):
            skipped = ", ".join(map(str, self._plan.options["skipped_gates"]))
            self._desk.audit("skipped-gates", detail=f"{skipped}: {self._plan.options.get('skipped_why', '')}")
        self._desk.audit("intent", detail=self._plan.title if mode == "run" else f"{mode}: {self._plan.title}")
        data = {**self._desk.process(), "phase": "undo" if undo else "run", "mode": mode}
        self._write("start", data, sync=True)
        if self._past.approved_by:
            self._desk.approved_by = self._past.approved_by

    async def _run_all(self) -> Outcome:
        if self._past.undoing:
            code = Exit.FAILED if self._plan.harmless else Exit.ROLLED_BACK
            return await self._roll_back(self._past.why_undo or "resumed", code)
        try:
            async with self._deadline(self._plan.title):
                await self._run_steps()
        except Stopped as stop:
            return Outcome(OperationState.CANCELLED, Exit.INTERRUPTED, f"{stop}{self._what_next()}")
        except Forced as forced:
            return Outcome(
                OperationState.CANCELLED, Exit.INTERRUPTED, f"{forced}{self._what_next()}", self._half_done()
            )
        except LockLostError as error:
            return Outcome(OperationState.FAILED, error.exit, f"{error}{self._what_next()}", self._half_done())
        except Exception as error:
            trace(error)
            where = f"{self._stop.current.title}: " if self._stop.current else ""
            exit_code = error.exit if isinstance(error, VezaError) else Exit.FAILED
            reason = f"{where}{words(error)}"
            take_back = self._plan.rollback_on_failure and not (isinstance(error, VezaError) and error.keeps)
            if take_back and any(s.undo and self._past.to_undo(s.id) for s in self._plan.steps):
                return await self._roll_back(reason, exit_code if self._plan.harmless else Exit.ROLLED_BACK)
            return Outcome(OperationState.FAILED, exit_code, reason, self._half_done())
        return Outcome(OperationState.DONE, Exit.DONE)

    async def _run_steps(self) -> None:
        safe = True
        for step in self._plan.steps:
            if self._past.done(step.id):
                continue
            if safe and self._stop.asked is not None:
                before = self._stop.current.title if self._stop.current else ""
                raise Stopped(f"cancelled by {self._stop.by} " + (f"after “{before}”" if before else "at once"))
            if safe:
                await self._desk.ensure_lock()
            self._stop.current = step
            self._step(step, StepState.RUNNING)
            try:
                result = await self._call(step, step.action)
            except Cancelled as stop:
                self._step(step, StepState.SKIPPED, detail=f"stopped at a safe point of its own {stop}".rstrip())
                by = self._stop.by
                raise Stopped(f"cancelled by {by} in “{step.title}”") from None
            except BaseException as error:
                self._step(step, StepState.FAILED, error=words(error) if not isinstance(error, Forced) else str(error))
                raise
            if result.get("skipped"):
                # Nothing was done, and nothing may look as if it had been.
                self._step(step, StepState.SKIPPED, detail=str(result["skipped"]), result=result)
            else:
                self._step(step, StepState.DONE, result=result)
            safe = step.cancellable

    async def _roll_back(self, reason: str, exit_code: int) -> Outcome:
        self._write("undo", {"reason": reason}, sync=True)
        # A cancel that came before does not stop it; one that comes now may, the second time.
        self._stop.forget()
        outcome = await self._undo_all()
        if outcome.state is OperationState.ROLLED_BACK:
            if self._plan.harmless:  # there was nothing live to go back to
                reason = f"{reason}; what it made is gone, nothing live was touched"
                return Outcome(OperationState.FAILED, exit_code, reason)
            return Outcome(OperationState.ROLLED_BACK, exit_code, f"{reason}; everything done was taken back")
        return Outcome(
            outcome.state, outcome.exit, f"{reason}; and then the rollback failed: {outcome.reason}", outcome.left
        )

    async def _undo_all(self) -> Outcome:
        self._stop.undoing = True
        waiting = [s for s in reversed(self._plan.steps) if self._past.to_undo(s.id)]
        try:
            async with self._deadline("taking back"):
                while waiting:
                    step = self._stop.current = waiting[0]
                    await self._desk.ensure_lock()
                    if step.undo:
                        self._step(step, StepState.RUNNING, detail="taking it back")
                        await self._call(step, step.undo)
                    self._step(step, StepState.UNDONE)
                    waiting.pop(0)
        except Exception as error:
            trace(error)
            current = waiting[0]
            text = str(error) if isinstance(error, Forced) else words(error)
            self._step(current, StepState.FAILED, error=f"not taken back: {text}")
            left = tuple(
                f"{s.title}: {line}" for s in waiting if s.mutates for line in (s.changes or ("not taken back",))
            )
            hint = f"veza-tui operations undo {self._files.id} tries again"
            return Outcome(OperationState.FAILED, Exit.FAILED, f"{current.title}: {text}; {hint}", left)
        return Outcome(OperationState.ROLLED_BACK, Exit.DONE, "everything done was taken back")

    async def _call(self, step: Step, action: str) -> dict[str, Any]:
        reporter = self._gate.reporter(step)
        context = self._gate.context(step, reporter)
        try:
            return await run_step(
                find_action(action), action, context, step, self._world.clock, self._stop.interruption
            )
        finally:
            reporter.flush()

    @contextlib.asynccontextmanager
    async def _deadline(self, what: str) -> AsyncIterator[None]:
        if self._plan.timeout <= 0:
            yield
            return
        self._stop.deadline = self._world.clock.monotonic() + self._plan.timeout
        timer = asyncio.create_task(watchdog(self._world.clock, self._plan.timeout, self._stop.interruption, what))
        try:
            yield
        finally:
            timer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await timer

    async def _end(self, outcome: Outcome) -> Outcome:
        result = {step_id: found for step_id, found in self._past.results.items() if found}
        data = {"state": str(outcome.state), "exit": int(outcome.exit), "reason": outcome.reason, "result": result}
        try:
            # Before the end: whoever has seen that may look for it in the audit log.
            self._desk.audit("outcome", outcome=str(outcome.state), detail=outcome.reason)
        finally:
            self._write("end", {**data, "left": list(outcome.left)}, sync=True)
        await self._desk.close()
        return outcome

    # -- helpers

    def _half_done(self) -> tuple[str, ...]:
        step = self._stop.current
        if step is None or not step.mutates or self._past.states.get(step.id) is StepState.DONE:
            return ()
        return tuple(f"perhaps half done: {line}" for line in (step.changes or (step.title,)))

    def _what_next(self) -> str:
        if not any(self._past.to_undo(s.id) for s in self._plan.steps):
            return "; nothing was changed"
        undo = f", or: veza-tui operations undo {self._files.id}"
        return f"; go on with: veza-tui operations resume {self._files.id}{undo}"

    def _step(self, step: Step, state: StepState, **data: Any) -> None:
        self._write("step", {"state": str(state), **data}, step=step.id, sync=True)

    def _write(self, kind: str, data: dict[str, Any], *, step: str = "", sync: bool = False) -> None:
        self._gate.write(kind, data, step=step, sync=sync)
