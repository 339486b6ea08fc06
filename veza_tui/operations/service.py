"""Operations as the command line and the screens see them: plan, start, watch, cancel, resume, undo, approve.

Knows no UI and no adapter. One service for one workspace; every method may be called from one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.journal import OperationState, OperationStatus
from veza_tui.model.plan import Need, Plan, Target
from veza_tui.model.text import printable
from veza_tui.model.view import Identity
from veza_tui.operations import approving
from veza_tui.operations.approval import Ask, Grant
from veza_tui.operations.audit import AuditLog
from veza_tui.operations.checks import missing, missing_permissions, uses_cluster
from veza_tui.operations.confirm import Tier, confirmation
from veza_tui.operations.context import PlanContext, Planner
from veza_tui.operations.control import ask_cancel
from veza_tui.operations.denying import deny, unplanned
from veza_tui.operations.fold import Folder
from veza_tui.operations.ids import is_id, new_id
from veza_tui.operations.journal import JournalReader
from veza_tui.operations.lock import ever_changed
from veza_tui.operations.no_cluster import no_cluster
from veza_tui.operations.policy import approvers_needed, read_only_reason
from veza_tui.operations.previewed import Preview as Preview
from veza_tui.operations.request import APPROVAL_SECONDS, Request
from veza_tui.operations.retry import retrying
from veza_tui.operations.settings import private_directory, state_directory
from veza_tui.operations.store import OperationFiles, OperationStore
from veza_tui.operations.who import current_person
from veza_tui.operations.world import World
from veza_tui.ports.cluster import Cluster
from veza_tui.ports.runner import Handshake, Runners

T = TypeVar("T")
_QUICK = 3.0  # seconds


class OperationsService:
    """See the module."""

    def __init__(self, world: World, runners: Runners, *, state: Path | None = None) -> None:
        self.world = world
        self.state = private_directory(state or state_directory())
        self.store = OperationStore(self.state, runners)
        self.audit = AuditLog(self.state, world.clock)
        self._runners = runners

    def prepare(self) -> None:
        """An operation will surely be started: have its runner ready."""
        self._runners.prepare()

    def dismiss(self) -> None:
        """It will not, or it has been."""
        self._runners.dismiss()

    async def plan(
        self, environment: str, planner: Planner, *, without_cluster: bool = False, meant: str = ""
    ) -> Preview:
        """Make the plan and check permissions and policy. Reads only.

        ``without_cluster``: for work on the database while the cluster is down; no Lease is taken then.
        ``meant``: the command, where it is no dry run: the planner's refusal is audited then.

        Raises VezaError: the planner's own refusals, or the cluster does not answer.
        """
        async with unplanned(self.world, self.audit, environment, meant, cluster=not without_cluster):
            return await self.preview(await self.with_context(environment, planner, without_cluster=without_cluster))

    async def with_context(
        self, environment: str, look: Callable[[PlanContext], Awaitable[T]], *, without_cluster: bool = False
    ) -> T:
        """What a planner, or a look before there is a plan, finds out about an environment."""
        env = self.world.environment(environment)
        if without_cluster:
            # A target without a server: nothing in gate, desk and checks asks the cluster.
            cluster = no_cluster()
            identity = Identity("", env.kubernetes.context or "", env.kubernetes.namespace)
        else:
            cluster = self._patient(env)
            identity = await cluster.identity()
        target = Target(env.name, env.kubernetes.namespace, identity.server, identity.uid, identity.context)
        return await look(
            PlanContext(self.world, env, cluster, identity, target, self.world.clock, self.world.workspace, self.state)
        )

    async def preview(self, plan: Plan) -> Preview:
        """The preview of a plan at hand."""
        env = self.world.environment(plan.target.environment)
        tier, text = confirmation(env, plan)
        asks = plan.steps and uses_cluster(plan)
        lacked = await missing_permissions(self._patient(env), env, plan) if asks else ()
        return Preview(
            plan, env, tier, text, lacked, read_only_reason(env, self.world.read_only), approvers_needed(env, plan)
        )

    def _patient(self, environment: Environment) -> Cluster:
        return retrying(self.world.cluster(environment), self.world.clock, lambda error, seconds: None)

    async def start(
        self,
        preview: Preview,
        *,
        confirmed: str,
        reason: str = "",
        break_glass: str = "",
        take_over: bool = False,
        approval_seconds: float = APPROVAL_SECONDS,
        operation_id: str = "",
        part_of: str = "",
    ) -> str:
        """Start the runner; returns the operation's id once it has begun (or waits for an approval).

        ``confirmed`` says how the person confirmed: yes, flag or typed. ``operation_id`` is chosen by the caller who
        must find it again, whatever happens in between; ``part_of`` is the pipeline that it belongs to.

        Raises:
            RefusedError: a permission is missing, read-only, drift (audited as a denial).
            LockedError: another operation holds the environment.
        """
        plan = preview.plan
        if preview.refusal:
            await self.deny(plan, preview.refusal, reason=reason)
            raise RefusedError(preview.refusal, hint="nothing was changed")
        if preview.tier is not Tier.NONE and not confirmed:
            raise ConfigError("the plan was not confirmed")
        if operation_id and (not is_id(operation_id) or operation_id in self.store.ids()):
            raise ConfigError(f"{printable(operation_id, limit=40)!r} is no id for a new operation")
        now = self.world.clock.now()
        request = Request(
            id=operation_id or new_id(now),
            person=current_person(),
            workspace=str(self.world.directory),
            created=now,
            reason=reason,
            break_glass=break_glass,
            take_over=take_over,
            read_only=self.world.read_only,
            confirmed=confirmed,
            approval_seconds=approval_seconds,
            part_of=part_of,
        )
        files = self.store.create(plan, request)
        await self._launch(files, ["_run", request.id])
        return request.id

    async def resume(self, text: str, *, break_glass: str = "", take_over: bool = False) -> str:
        """Go on with an interrupted, cancelled or failed operation from its last finished step."""
        allowed = (OperationState.INTERRUPTED, OperationState.CANCELLED, OperationState.FAILED)
        return await self._again(text, "resume", allowed, break_glass, take_over)

    async def undo(self, text: str, *, break_glass: str = "", take_over: bool = False) -> str:
        """Take back what an operation's finished steps changed, in reverse."""
        allowed = (
            OperationState.INTERRUPTED,
            OperationState.CANCELLED,
            OperationState.FAILED,
            OperationState.DONE,
        )
        return await self._again(text, "undo", allowed, break_glass, take_over)

    def history(self, environment: str = "", limit: int | None = None) -> list[OperationStatus]:
        """Newest first; with a ``limit`` no more are read than that."""
        return list(islice(self.store.list(environment), limit))

    def show(self, text: str) -> OperationStatus:
        """By id or prefix; ConfigError when there is none."""
        return self.store.status(self.store.find(text))

    def interrupted(self) -> list[OperationStatus]:
        """Operations whose runner died: to be offered at the next start."""
        return [s for s in self.store.list() if s.state is OperationState.INTERRUPTED]

    async def watch(self, operation_id: str) -> AsyncIterator[OperationStatus]:
        """The status now and at each change, until it has ended or its runner is dead.

        Looks at the journal's size ten times a second (oftener in its first seconds, so that a quick one is quickly
        told) and reads only what is new; nothing is yielded when nothing changes.
        """
        began = self.world.clock.monotonic()
        files = self.store.find(operation_id)
        reader, folder = JournalReader(files.journal), Folder(files.id)
        status = self.store.judge(files, folder.feed(reader.read()))
        yield status
        quiet = 0
        while not (status.state.ended or status.state is OperationState.INTERRUPTED):
            await self.world.clock.sleep(0.02 if self.world.clock.monotonic() - began < _QUICK else 0.1)
            if reader.changed():
                quiet = 0
                new = folder.feed(reader.read())
            else:
                quiet += 1
                if quiet % 10:
                    continue
                new = folder.status
            new = self.store.judge(files, new)
            if new.state is OperationState.INTERRUPTED and reader.changed():
                continue  # it wrote its end between the look at the journal and the look at the process
            if new != status:
                status = new
                yield status

    def cancel(self, text: str, *, force: bool = False) -> OperationStatus:
        """Ask for a cancel at the next safe point; ``force`` cuts the running step off.

        Raises:
            RefusedError: it is not running.
        """
        files = self.store.find(text)
        status = self.store.status(files)
        record = files.runner()
        if status.state.ended:
            raise RefusedError(f"operation {files.id} is {status.state} already")
        if status.state is OperationState.INTERRUPTED or record is None:
            raise RefusedError(f"operation {files.id} is not running: {status.reason}")
        if not self._ask_cancel(files, force=force):
            raise RefusedError(
                f"operation {files.id} runs on {record.host}, not on this machine", hint="cancel it there"
            )
        return status

    def _ask_cancel(self, files: OperationFiles, *, force: bool) -> bool:
        ask_cancel(files.control, current_person(), self.world.clock.now(), force=force)
        record = files.runner()
        return record is not None and self._runners.wake(record)

    async def missing(self, environment: str, needs: Sequence[Need]) -> tuple[Need, ...]:
        """Which of these permissions this user has not: to grey an action out before anybody chooses it."""
        return await missing(self.world.cluster(self.world.environment(environment)), needs)

    async def untouched(self, environment: str) -> bool:
        """Whether no operation of veza-tui ever ran there: then there are no releases either."""
        env = self.world.environment(environment)
        return not await ever_changed(self.world.cluster(env), env)

    async def waiting(self) -> Sequence[Ask]:
        """Every plan that waits for an approval: in the shared directory, or in the environments' clusters."""
        return await approving.waiting(self.world)

    async def approve(self, ask: Ask, *, yes: bool) -> Grant:
        """Give one's word on exactly this plan; RefusedError when one may not."""
        return await approving.approve(self.world, self.audit, ask, yes=yes)

    async def deny(self, plan: Plan, why: str, *, reason: str = "") -> None:
        """See ``denying``."""
        await deny(self.world, self.audit, plan, why, reason=reason)

    async def _again(
        self, text: str, mode: str, allowed: tuple[OperationState, ...], break_glass: str, take_over: bool
    ) -> str:
        files = self.store.find(text)
        status = self.store.status(files)
        if status.state not in allowed:
            raise RefusedError(f"operation {files.id} is {status.state}: there is nothing to {mode}")
        request = files.request()
        files.control.unlink(missing_ok=True)  # the request that stopped it must not stop it again
        files.write_request(
            replace(
                request,
                person=current_person(),
                read_only=self.world.read_only,
                break_glass=break_glass or request.break_glass,
                take_over=take_over,
            )
        )
        await self._launch(files, ["_run", files.id, "--mode", mode])
        return files.id

    async def _launch(self, files: OperationFiles, arguments: list[str]) -> None:
        fresh = files.runner() is None
        self.store.mark_starter(files)
        starting = asyncio.ensure_future(self._runners.start(arguments, files.log, Path(self.world.directory)))
        try:
            shake = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Ctrl-C before it has begun: the runner finds the request when it looks, before its first step.
            self._ask_cancel(files, force=False)
            raise
        if shake.exit != Exit.DONE:
            began = not fresh or any(e.type in ("start", "wait") for e in JournalReader(files.journal).read())
            if not began:
                await asyncio.to_thread(self.store.discard, files)
            raise handshake_error(shake)


def handshake_error(shake: Handshake) -> VezaError:
    """The error that the runner met before it began, as the starter raises it."""
    error = VezaError(shake.message or f"the runner died before it began: {shake.log or 'no output'}", hint=shake.hint)
    error.exit = Exit(shake.exit)
    return error
