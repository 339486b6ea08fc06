"""A pipeline's deploy goes on the word that was given for the whole pipeline, once, and only for what was approved.

It counts when the pipeline is this user's, has not ended, noted this very operation in its step for this environment,
and when every file that the deploy rests on is as it was when the pipeline was approved, or as its own
``update_manifests`` left it. Anything else is no reason to fail: the deploy then asks for an approval of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from veza_tui.model.errors import VezaError
from veza_tui.model.plan import Plan
from veza_tui.operations.ids import is_id
from veza_tui.operations.journal import JournalReader
from veza_tui.operations.past import Past
from veza_tui.operations.store import OperationFiles

UPDATES = "update_manifests"
STARTS = "pipeline.deploy"


@dataclass(frozen=True, slots=True)
class Word:
    """What was said of the whole: who approved it, or why nobody had to, or ``not_ours`` (why it does not count)."""

    approvers: tuple[str, ...] = ()
    break_glass: str = ""
    not_ours: str = ""


def word_for(files: OperationFiles, plan: Plan, whole: str) -> Word:
    """The word for the operation ``whole`` as far as it covers ``plan``, which is the operation of ``files``."""
    if not is_id(whole):
        return Word(not_ours="that is no operation")
    above = OperationFiles(files.directory.parent / whole)
    try:
        their, request = above.plan(), above.request()
        events = list(JournalReader(above.journal).read())
    except (VezaError, OSError):
        return Word(not_ours="there is no such operation here")
    past = Past()
    for event in events:
        past.feed(event)
    if events and events[-1].type == "end":
        return Word(not_ours="it has ended")
    if their.target.server != plan.target.server or their.target.cluster_uid != plan.target.cluster_uid:
        return Word(not_ours="it is on another cluster")
    starts = [s for s in their.steps if s.action == STARTS and s.args.get("environment") == plan.target.environment]
    if not any(note.get("operation") == files.id for step in starts for note in past.notes.get(step.id, [])):
        return Word(not_ours="it did not start this one")
    moved = changed_since(their.fingerprint, past.results.get(UPDATES, {}).get("files") or {}, plan)
    if moved:
        return Word(not_ours=f"changed since it was approved: {moved}")
    approved = [e.data for e in events if e.type == "approval" and e.data.get("plan_hash") == their.hash]
    return Word(tuple(approved[-1]["approvers"]) if approved else (), request.break_glass)


def changed_since(then: Mapping[str, str], updated: Mapping[str, str], plan: Plan) -> str:
    """The first file under ``plan`` that is neither as it was ``then`` nor as ``updated`` left it, or "". Pure."""
    expected = {**then, **updated}
    manifests = f"file:k8s/{plan.target.environment}/"
    for key, digest in plan.fingerprint.items():
        if key.startswith("file:") and expected.get(key) != digest:
            return key.removeprefix("file:")
    gone = [k for k in expected if k.startswith(manifests) and k not in plan.fingerprint]
    return gone[0].removeprefix("file:") if gone else ""
