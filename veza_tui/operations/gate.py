"""What stands before the first step: read-only, same cluster, permissions, drift, approval, lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.journal import JournalEvent
from veza_tui.model.plan import Plan, Step
from veza_tui.operations import checks
from veza_tui.operations.desk import Desk
from veza_tui.operations.part_of import word_for
from veza_tui.operations.past import Past
from veza_tui.operations.policy import approvers_needed
from veza_tui.operations.request import Request
from veza_tui.operations.retry import retrying
from veza_tui.operations.steps import JournalReporter, StepContext
from veza_tui.operations.stopping import Stopped, Stopper
from veza_tui.operations.store import OperationFiles
from veza_tui.operations.waiting import wait_for_approval
from veza_tui.operations.world import World
from veza_tui.ports.cluster import Cluster, ClusterError

Append = Callable[[JournalEvent, bool], None]


class Gate:
    """For one run of one operation; ``append`` writes to the journal (event, sync)."""

    def __init__(
        self, files: OperationFiles, plan: Plan, request: Request, world: World, append: Append, past: Past, desk: Desk
    ) -> None:
        self.plan = plan
        self.world = world
        self.past = past
        self.desk = desk
        self.stop = Stopper(plan, self.write, lambda text: desk.audit("cancel", detail=text))
        self._files = files
        self._request = request
        self._append = append
        self._environment: Environment | None = None
        self._retrying: Cluster | None = None

    async def permit(self, mode: str) -> None:
        """Everything that must be true, with nothing changed so far.

        Raises:
            VezaError: it is not.
        """
        plan, world = self.plan, self.world
        environment = self._environment = world.environment(plan.target.environment)
        checks.check_read_only(environment, plan, world.read_only or self._request.read_only, undo=mode == "undo")
        checks.check_actions(plan)
        checks.check_database(environment, plan)
        if checks.uses_cluster(plan):
            cluster = self.retrying_cluster()
            await checks.check_target(cluster, environment, plan)
            await checks.check_permissions(cluster, environment, plan)
            await self.desk.meet(self._cluster())
        await self._check_drift(mode)

    def needs_approval(self, mode: str) -> bool:
        """Whether other people must approve; breaking the glass is written down here."""
        assert self._environment is not None
        needed = approvers_needed(self._environment, self.plan)
        if not needed or mode == "undo" or self.past.approved_by:
            return False
        if self._request.part_of and self._approved_with_the_whole(needed):
            return False
        if self._request.break_glass:
            self.desk.audit("break-glass", detail=f"went ahead without {needed} approvers")
            self.write("note", {"text": f"break-glass: {self._request.break_glass}"}, sync=True)
            return False
        return True

    def _approved_with_the_whole(self, needed: int) -> bool:
        """Whether the word that was given for the pipeline covers this deploy in it; written down here."""
        whole = self._request.part_of
        word = word_for(self._files, self.plan, whole)
        if word.not_ours or (len(word.approvers) < needed and not word.break_glass):
            why = word.not_ours or f"{len(word.approvers)} of {needed} approved it"
            self.write("note", {"text": f"the word for {whole} does not count here: {why}"}, sync=True)
            return False
        if word.break_glass:
            self.desk.audit("break-glass", detail=f"without {needed} approvers, as {whole}: {word.break_glass}")
            self.write("note", {"text": f"break-glass, as {whole}: {word.break_glass}"}, sync=True)
            return True
        self.write(
            "approval", {"approvers": list(word.approvers), "plan_hash": self.plan.hash, "with": whole}, sync=True
        )
        self.desk.approved_by = word.approvers
        self.desk.audit("approval", detail=f"approved with {whole}")
        return True

    async def wait_for_approval(self, began: Callable[[], None]) -> None:
        """Ask and wait; ``began`` is called when the request is where approvers can see it.

        Raises:
            RefusedError: denied, or not in time.
            Stopped: a cancel came first.
        """
        assert self._environment is not None
        approvals = await self.desk.approvals(self.retrying_cluster, self.plan)
        who = await wait_for_approval(
            approvals,
            self.plan,
            self._request,
            approvers_needed(self._environment, self.plan),
            self.world.clock,
            self.stop.event,
            self.write,
            began,
        )
        if who is None:
            raise Stopped(f"cancelled by {self.stop.by} while it waited for an approval")
        self.past.approved_by = who
        self.desk.approved_by = who
        self.desk.audit("approval", detail="approved")

    async def lock(self, mode: str) -> None:
        """Take the locks, and look once more: whoever held them until now may have changed things."""
        if self.plan.options.get("lock") is False:
            return
        again = mode != "run" and self.past.begun
        if self.plan.options.get("without_cluster"):
            text = "without the cluster, on purpose: no Lease is held, permissions and approvals there were not asked"
            self.write("note", {"text": text}, sync=True)
            self.desk.audit("without-cluster", detail=text)
        taken_from = await self.desk.lock(self.retrying_cluster, self.plan, self._request, again=again)
        if taken_from:
            self.write("note", {"text": f"the lock was taken over from {taken_from}"}, sync=True)
            self.desk.audit("take-over", detail=f"stale lock taken over from {taken_from}")
        await self._check_drift(mode)

    async def _check_drift(self, mode: str) -> None:
        # From the first step on, the operation's own changes would look like drift.
        if mode != "undo" and not self.past.begun and self.plan.fingerprint and self.plan.steps:
            await checks.check_drift(self.context(self.plan.steps[0]), self.plan)

    # -- what steps are given

    def write(self, kind: str, data: dict[str, Any], *, step: str = "", sync: bool = False) -> None:
        """Append an event."""
        event = JournalEvent(kind, self.world.clock.now(), step, data)
        self._append(event, sync)
        if kind != "note":
            self.past.feed(event)

    def reporter(self, step: Step) -> JournalReporter:
        """A reporter for one run of a step."""
        return JournalReporter(step, self._append, self.world.clock, self.past)

    def context(self, step: Step, reporter: JournalReporter | None = None) -> StepContext:
        """The step's context."""
        assert self._environment is not None
        return StepContext(
            plan=self.plan,
            environment=self._environment,
            operation_id=self._files.id,
            who=f"{self._request.person.user}@{self._request.person.host}",
            reason=self._request.reason,
            report=reporter or self.reporter(step),
            world=self.world,
            cluster=self.retrying_cluster,
            evidence=self._files.evidence,
            past=self.past,
            cancelled=lambda: self.stop.asked is not None and not self.stop.undoing,
            forced=lambda: self.stop.forced,
            deadline=lambda: self.stop.deadline,
        )

    def retrying_cluster(self) -> Cluster:
        """The environment's cluster, idempotent calls tried again."""
        if self._retrying is None:
            self._retrying = retrying(self._cluster(), self.world.clock, self._told)
        return self._retrying

    def _cluster(self) -> Cluster:
        assert self._environment is not None
        return self.world.cluster(self._environment)

    def _told(self, error: ClusterError, seconds: float) -> None:
        step = self.stop.current.id if self.stop.current else ""
        self.write("output", {"line": f"{error}; again in {seconds:.1f} s"}, step=step)
