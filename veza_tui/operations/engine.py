"""The one executor: every plan that changes anything is run here, by the runner's process.

Order: read-only, known actions, same cluster, permissions, drift; approval; lock; audit intent; steps; outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import LockedError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.journal import JournalEvent, OperationState, StepState
from veza_tui.model.plan import Plan, Step
from veza_tui.operations import checks
from veza_tui.operations.context import Cancelled, find_action
from veza_tui.operations.control import CancelRequest
from veza_tui.operations.desk import Desk
from veza_tui.operations.past import Past
from veza_tui.operations.request import Request
from veza_tui.operations.retry import retrying
from veza_tui.operations.stepping import Forced, Interruption, run_step, watchdog, words
from veza_tui.operations.steps import JournalReporter, StepContext
from veza_tui.operations.store import OperationFiles
from veza_tui.operations.waiting import Refusal, wait_for_approval
from veza_tui.operations.world import World
from veza_tui.ports.cluster import Cluster, ClusterError


class _Stopped(Exception):
    """A cancel took effect at a safe point."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended."""

    state: OperationState
    exit: int
    reason: str = ""
    left: tuple[str, ...] = ()


class Engine:
    """Runs one plan once: ``run``. ``write`` appends to the journal (event, sync)."""

    def __init__(
        self,
        files: OperationFiles,
        plan: Plan,
        request: Request,
        world: World,
        write: Callable[[JournalEvent, bool], None],
        past: Past,
        desk: Desk,
    ) -> None:
        self._files = files
        self._plan = plan
        self._request = request
        self._world = world
        self._append = write
        self._past = past
        self._desk = desk
        self._interruption = Interruption()
        self._cancel: CancelRequest | None = None
        self._cancel_event = asyncio.Event()
        self._current: Step | None = None
        self._undoing = False
        self._environment: Environment | None = None
        self._retrying: Cluster | None = None

    # -- asked from outside

    def cancel(self, request: CancelRequest) -> None:
        """First: stop at the next safe point. Second, or ``force``: cut the running step off."""
        data: dict[str, Any] = {"by": request.by, "force": request.force or self._cancel is not None}
        first = self._cancel is None
        self._cancel = request
        self._cancel_event.set()
        running = self._current.title if self._current else ""
        if data["force"] and running:
            data["reason"] = f"forced by {request.by}: the step “{running}” is cut off where it is"
            data["safe_point"] = ""
            self._interruption.set(Forced(data["reason"]))
        elif self._undoing:
            data["reason"] = "what was done is being taken back; a second cancel stops even that"
        else:
            data["safe_point"] = self._safe_point()
            data["reason"] = f"asked by {request.by}"
        if first or data["force"]:
            self._write("cancel", data, sync=True)
            self._desk.audit("cancel", detail=data["reason"])

    def _safe_point(self) -> str:
        steps = self._plan.steps
        if self._current is None:
            return "before the first step"
        index = steps.index(self._current)
        for step in steps[index:]:
            if step.cancellable and step is not steps[-1]:
                return f"after the step “{step.title}”"
        return "none left: it will finish"

    # -- the run

    async def run(self, mode: str, began: Callable[[], None]) -> Outcome:
        """Run, resume or undo; returns the outcome, which is in the journal and the audit log then.

        Raises:
            VezaError: it was refused before it began (audited); nothing was changed and the journal says nothing.
        """
        waited = False
        try:
            await self._permit(mode)
            if await self._needs_approval(mode):
                began()
                waited = True
                await self._wait()
                await self._permit(mode)
            await self._lock(mode)
        except (VezaError, _Stopped) as error:
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

    async def _permit(self, mode: str) -> None:
        plan, world = self._plan, self._world
        environment = self._environment = world.environment(plan.target.environment)
        checks.check_read_only(environment, plan, world.read_only or self._request.read_only)
        checks.check_actions(plan)
        if checks.uses_cluster(plan):
            await checks.check_target(self._cluster(), environment, plan)
            await checks.check_permissions(self._cluster(), plan)
            await self._desk.meet(self._cluster())
        if mode == "run" and not self._past.begun and plan.fingerprint and plan.steps:
            await checks.check_drift(self._context(plan.steps[0]), plan)

    async def _needs_approval(self, mode: str) -> bool:
        assert self._environment is not None
        needed = self._desk.approvers(self._environment, self._plan)
        if not needed or mode == "undo" or self._past.approved_by:
            return False
        if self._request.break_glass:
            self._desk.audit("break-glass", detail=f"went ahead without {needed} approvers")
            self._write("note", {"text": f"break-glass: {self._request.break_glass}"}, sync=True)
            return False
        return True

    async def _wait(self) -> None:
        assert self._environment is not None
        approvals = await self._desk.approvals(self._retrying_cluster, self._plan)
        try:
            who = await wait_for_approval(
                approvals,
                self._plan,
                self._request,
                self._desk.approvers(self._environment, self._plan),
                self._world.clock,
                self._cancel_event,
                self._write,
            )
        except Refusal as error:
            raise error.refused from None
        if who is None:
            raise _Stopped(f"cancelled by {self._cancel.by if self._cancel else '?'} while it waited for an approval")
        self._past.approved_by = who
        self._desk.approved_by = who
        self._desk.audit("approval", detail="approved")

    async def _lock(self, mode: str) -> None:
        if self._plan.options.get("lock") is False:
            return
        taken_from = await self._desk.lock(self._retrying_cluster, self._plan, self._request)
        if taken_from:
            self._write("note", {"text": f"the lock was taken over from {taken_from}"}, sync=True)
            self._desk.audit("take-over", detail=f"stale lock taken over from {taken_from}")
        if mode == "run" and not self._past.begun and self._plan.fingerprint and self._plan.steps:
            # Once more with the lock in hand: whoever held it until now may have changed things.
            await checks.check_drift(self._context(self._plan.steps[0]), self._plan)

    def _start(self, mode: str) -> None:
        undo = mode == "undo" or (mode == "resume" and self._past.undoing)
        self._desk.audit("intent", detail=self._plan.title if mode == "run" else f"{mode}: {self._plan.title}")
        data = {**self._desk.process(), "phase": "undo" if undo else "run", "mode": mode}
        self._write("start", data, sync=True)
        if self._past.approved_by:
            self._desk.approved_by = self._past.approved_by

    async def _run_all(self) -> Outcome:
        if self._past.undoing:
            return await self._roll_back(self._past.why_undo or "resumed", Exit.ROLLED_BACK)
        try:
            async with self._deadline(self._plan.title):
                await self._run_steps()
        except _Stopped as stop:
            return Outcome(OperationState.CANCELLED, Exit.INTERRUPTED, f"{stop}{self._what_next()}")
        except Forced as forced:
            return Outcome(
                OperationState.CANCELLED, Exit.INTERRUPTED, f"{forced}{self._what_next()}", self._half_done()
            )
        except LockedError as error:
            return Outcome(OperationState.FAILED, error.exit, f"{error}{self._what_next()}", self._half_done())
        except Exception as error:
            _trace(error)
            where = f"{self._current.title}: " if self._current else ""
            exit_code = error.exit if isinstance(error, VezaError) else Exit.FAILED
            reason = f"{where}{words(error)}"
            if self._plan.rollback_on_failure and any(s.undo and self._past.to_undo(s.id) for s in self._plan.steps):
                return await self._roll_back(reason, Exit.ROLLED_BACK)
            return Outcome(OperationState.FAILED, exit_code, reason, self._half_done())
        return Outcome(OperationState.DONE, Exit.DONE)

    async def _run_steps(self) -> None:
        safe = True
        for step in self._plan.steps:
            if self._past.done(step.id):
                continue
            if safe and self._cancel is not None:
                before = self._current.title if self._current else ""
                raise _Stopped(f"cancelled by {self._cancel.by} " + (f"after “{before}”" if before else "at once"))
            if safe:
                await self._desk.ensure_lock()
            self._current = step
            self._step(step, StepState.RUNNING)
            try:
                result = await self._call(step, step.action)
            except Cancelled as stop:
                self._step(step, StepState.SKIPPED, detail=f"stopped at a safe point of its own {stop}".rstrip())
                by = self._cancel.by if self._cancel else "?"
                raise _Stopped(f"cancelled by {by} in “{step.title}”") from None
            except BaseException as error:
                self._step(step, StepState.FAILED, error=words(error) if not isinstance(error, Forced) else str(error))
                raise
            self._step(step, StepState.DONE, result=result)
            safe = step.cancellable

    async def _roll_back(self, reason: str, exit_code: int) -> Outcome:
        self._write("undo", {"reason": reason}, sync=True)
        # A cancel that came before does not stop it; one that comes now may, the second time.
        self._cancel, self._interruption = None, Interruption()
        outcome = await self._undo_all()
        if outcome.state is OperationState.ROLLED_BACK:
            return Outcome(OperationState.ROLLED_BACK, exit_code, f"{reason}; everything done was taken back")
        return Outcome(
            outcome.state, outcome.exit, f"{reason}; and then the rollback failed: {outcome.reason}", outcome.left
        )

    async def _undo_all(self) -> Outcome:
        self._undoing = True
        waiting = [s for s in reversed(self._plan.steps) if self._past.to_undo(s.id)]
        try:
            async with self._deadline("taking back"):
                while waiting:
                    step = self._current = waiting[0]
                    await self._desk.ensure_lock()
                    if step.undo:
                        self._step(step, StepState.RUNNING, detail="taking it back")
                        await self._call(step, step.undo)
                    self._step(step, StepState.UNDONE)
                    waiting.pop(0)
        except Exception as error:
            _trace(error)
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
        reporter = self._reporter(step)
        context = self._context(step, reporter)
        try:
            return await run_step(find_action(action), action, context, step, self._world.clock, self._interruption)
        finally:
            reporter.flush()

    @contextlib.asynccontextmanager
    async def _deadline(self, what: str) -> Any:
        if self._plan.timeout <= 0:
            yield
            return
        timer = asyncio.create_task(watchdog(self._world.clock, self._plan.timeout, self._interruption, what))
        try:
            yield
        finally:
            timer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await timer

    async def _end(self, outcome: Outcome) -> Outcome:
        result = {step_id: found for step_id, found in self._past.results.items() if found}
        data = {"state": str(outcome.state), "exit": int(outcome.exit), "reason": outcome.reason, "result": result}
        self._write("end", {**data, "left": list(outcome.left)}, sync=True)
        self._desk.audit("outcome", outcome=str(outcome.state), detail=outcome.reason)
        await self._desk.close()
        return outcome

    # -- helpers

    def _half_done(self) -> tuple[str, ...]:
        step = self._current
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
        event = JournalEvent(kind, self._world.clock.now(), step, data)
        self._append(event, sync)
        if kind != "note":
            self._past.feed(event)

    def _cluster(self) -> Cluster:
        assert self._environment is not None
        return self._world.cluster(self._environment)

    def _retrying_cluster(self) -> Cluster:
        if self._retrying is None:
            self._retrying = retrying(self._cluster(), self._world.clock, self._told)
        return self._retrying

    def _told(self, error: ClusterError, seconds: float) -> None:
        step = self._current.id if self._current else ""
        self._write("output", {"line": f"{error}; again in {seconds:.1f} s"}, step=step)

    def _reporter(self, step: Step) -> JournalReporter:
        return JournalReporter(step, self._append, self._world.clock, self._past)

    def _context(self, step: Step, reporter: JournalReporter | None = None) -> StepContext:
        assert self._environment is not None
        return StepContext(
            plan=self._plan,
            environment=self._environment,
            operation_id=self._files.id,
            who=self._request.person.label,
            reason=self._request.reason or self._request.break_glass,
            report=reporter or self._reporter(step),
            world=self._world,
            cluster=self._retrying_cluster,
            evidence=self._files.evidence,
            past=self._past,
            cancelled=lambda: self._cancel is not None and not self._undoing,
            forced=lambda: isinstance(self._interruption.why, Forced),
        )


def _trace(error: BaseException) -> None:
    """Where a bug was goes to the runner's private log: frames and type, not its text, which may hold anything."""
    if not isinstance(error, VezaError | Forced):
        frames = "".join(traceback.format_tb(error.__traceback__))
        print(f"{frames}{type(error).__module__}.{type(error).__name__}", file=sys.stderr, flush=True)
