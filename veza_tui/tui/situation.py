"""What an action would act on, and the reasons why it cannot: a few words each, or None. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.feeds.inspect.objects import Ref
from veza_tui.model.environment import Environment
from veza_tui.model.view import EnvironmentView, Link
from veza_tui.model.workload import PodRow

RELEASING = ("deploy", "set-image", "promote", "rollback", "pipeline")
"""Kinds of operations that leave a release."""
PROVING = ("restore", "drill", "verify", "backup")
"""Kinds of operations that may leave a proof."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What an action would act on, at this moment."""

    environment: Environment | None = None
    view: EnvironmentView | None = None
    pod: PodRow | None = None
    read_only: bool = False
    screen: str = "overview"
    """Name of the screen in front: ``overview``, ``pod``, or what a room calls its own."""
    offers: frozenset[str] = frozenset(("open", "filter"))
    """Which of OFFERED the screen in front does something with."""
    ref: Ref | None = None
    """The object under the cursor, or that the screen is about, where that is not simply the pod."""
    state: str = ""
    """State of what the screen is about, or the key under its cursor; empty where there is none."""
    kind: str = ""
    """What kind of operation the screen is about; empty where it is about none."""
    denied: str = ""
    """Why this user may not change the environment, as the API server says; empty when he may, or it is not known."""
    denied_operation: str = ""
    """The same for any operation at all: each holds the environment's lock, a Lease."""
    denied_shell: str = ""
    """The same for a shell in a pod."""
    denied_forward: str = ""
    """The same for a forward to a pod."""
    unchanged: bool = False
    """Whether it is known that veza-tui never changed anything here: there is no release to go back to."""


def needs_environment(at: Situation) -> str | None:
    """An environment is open."""
    return None if at.environment else "no environment is open"


def needs_pod(at: Situation) -> str | None:
    """A pod is under the cursor."""
    return None if at.pod else "no pod is selected"


def needs_live(at: Situation) -> str | None:
    """The cluster answers."""
    if at.view is None or at.view.link is Link.CONNECTING:
        return "the cluster has not answered yet"
    if at.view.link is Link.LIVE:
        return None
    if any("(401)" in problem.what for problem in at.view.problems):
        return "the cluster does not accept our credentials"
    if at.view.link is Link.DOWN and any(problem.kinds for problem in at.view.problems):
        return "you may not see anything there (403): the overview says which permissions are missing"
    return "the cluster does not answer"


def needs_live_object(at: Situation) -> str | None:
    """A pod or another object is under the cursor and its cluster answers."""
    return (None if at.ref else needs_pod(at)) or needs_live(at)


def needs_live_pod(at: Situation) -> str | None:
    """A pod is under the cursor and its cluster answers."""
    return needs_pod(at) or needs_live(at)


def needs_secret(at: Situation) -> str | None:
    """The object is a Secret."""
    return None if at.ref is not None and at.ref.kind == "Secret" else "only a Secret has values to reveal"


def needs_write(at: Situation) -> str | None:
    """Changes are allowed here."""
    if at.environment is None:
        return "no environment is open"
    if at.read_only or at.environment.read_only:
        return f"{at.environment.name} is read-only here"
    return None


def needs_operation(at: Situation) -> str | None:
    """Changes are allowed here, and this user may hold the environment's lock; the cluster itself may be down."""
    return needs_write(at) or at.denied_operation or None


def needs_backup(at: Situation) -> str | None:
    """Read-only is no reason: a backup touches nothing that it reads."""
    return needs_environment(at) or at.denied_operation or None


def needs_live_write(at: Situation) -> str | None:
    """Changes are allowed here, by the files and by the cluster, and it answers."""
    return needs_write(at) or needs_live(at) or at.denied or None


def needs_running(at: Situation) -> str | None:
    """The operation on the screen goes on."""
    return None if at.state in ("running", "cancelling", "waiting") else "nothing runs here"


def needs_resumable(at: Situation) -> str | None:
    """The operation on the screen stopped on its way."""
    return None if at.state in ("interrupted", "cancelled", "failed") else "only what stopped on its way is resumed"


def needs_undoable(at: Situation) -> str | None:
    """The operation on the screen stopped and left something, or is a restore, which keeps what was there before."""
    if at.kind == "restore" and at.state == "done":
        return None
    return None if at.state in ("interrupted", "cancelled", "failed") else "only what stopped on its way is taken back"


def needs_proof(at: Situation) -> str | None:
    """A backup is under the cursor, or the operation on the screen compares what it loads."""
    if at.screen == "operation":
        if needs_running(at) is None:
            return "it is not over yet"
        return None if at.kind in PROVING else "only restores, drills and verifications prove something"
    return needs_choice(at)


def needs_idle_pipeline(at: Situation) -> str | None:
    """No run of the pipeline goes on."""
    return "it runs already" if needs_running(at) is None else needs_live_write(at)


def needs_switch(at: Situation) -> str | None:
    """The line under the cursor is on or off."""
    switches = ("part:", "table:", "scale", "flush")
    return None if at.state.startswith(switches) else "this line is not a switch"


def needs_choice(at: Situation) -> str | None:
    """Something is under the screen's cursor."""
    return None if at.state else "nothing is selected"


def needs_release(at: Situation) -> str | None:
    """A release is under the cursor, and one may go back to it."""
    return needs_choice(at) or needs_rollback(at)


def needs_shell(at: Situation) -> str | None:
    """A pod of an environment that may be changed, in which this user may run something."""
    return needs_write(at) or needs_live_pod(at) or at.denied_shell or None


def needs_forward(at: Situation) -> str | None:
    """A pod that this user may forward a port to."""
    return needs_live_pod(at) or at.denied_forward or None


def needs_rollback(at: Situation) -> str | None:
    """The pipeline's policy allows to roll back."""
    reason = needs_live_write(at)
    if reason is None and at.environment is not None and not at.environment.policy.rollback_enabled:
        return "the pipeline's policy has rollback switched off"
    return reason or _nothing_before(at)


def _nothing_before(at: Situation) -> str | None:
    """Without a release of ours, Kubernetes' own revisions are all there is to go back to."""
    view = at.view
    if not at.unchanged or view is None or not view.synced:
        return None
    if view.last_operation is not None and view.last_operation.kind in RELEASING:
        return None  # since it was asked
    newest = {r.uid: int(r.revision) for r in view.rollouts if r.revision.isdecimal()}
    earlier = any(
        s.owner_uid in newest and s.revision.isdecimal() and int(s.revision) < newest[s.owner_uid]
        for s in view.replica_sets
    )
    return None if earlier else "there is no release and no earlier revision to go back to"


def needs_selection(at: Situation) -> str | None:
    """Something is under the cursor."""
    return needs_pod(at) if at.screen == "overview" else None
