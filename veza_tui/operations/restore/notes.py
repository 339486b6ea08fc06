"""What a plan of a restore tells before the last word: moments, losses, outage, what is kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veza_tui.model.environment import Environment
from veza_tui.model.moment import spoken
from veza_tui.model.restore import Check, Part

if TYPE_CHECKING:
    from veza_tui.operations.restore.request import RestoreRequest

NO_CLUSTER = (
    "WITHOUT THE CLUSTER: no lock is held there, its permissions and the services' health are not asked; "
    "only the database's own lock protects this. It is written into the audit log."
)
NO_MANIFEST = (
    "Made by the script, without a manifest: only numbers of rows are compared, where the dump tells them. Contents, "
    "large objects, owners and grants, constraints and sequences CANNOT BE PROVEN."
)
OUTAGE = "under 2 s"
"""Of the swap itself; measured, see the benchmark."""


def times_of(request: RestoreRequest, made_at: float | None) -> list[str]:
    """The moments that were understood, with their zone; a backup from after the accident is warned of."""
    if made_at is None:
        return []
    notes = [f"The backup was made {spoken(made_at)}."]
    if request.moment is not None:
        notes.insert(0, f"It happened {spoken(request.moment)}, as you said.")
        if made_at > request.moment:
            notes.append("THE BACKUP IS FROM AFTER THAT: it may hold the damage already.")
    return notes


def notes_of(
    request: RestoreRequest,
    environment: Environment,
    aside: str,
    checks: Sequence[Check],
    minutes_lost: float | None,
    proven: bool,
    live_exists: bool,
    without_cluster: bool,
) -> list[str]:
    notes = []
    if without_cluster:
        notes.append(NO_CLUSTER)
    if request.from_environment:
        notes.append(f"THE BACKUP IS OF {request.from_environment}, it goes into {environment.name}.")
    if Part.DATABASE in request.parts and not request.safety and live_exists and not request.drill:
        notes.append("No backup of the present state is taken first.")
    if not request.drill and Part.DATABASE in request.parts:
        if minutes_lost is not None:
            notes.append(f"What was written in the last {minutes(minutes_lost)} is not in this backup.")
        if request.tables:
            notes.append("Only the named tables change; they are locked while their rows are replaced.")
        elif not live_exists:
            name = environment.database.name
            notes.append(f"{name} does not exist on the server: it is created; there is nothing to go back to.")
        elif request.drain == "scale":
            notes.append("Expected outage: from scaling to zero until the services are ready again.")
        else:
            notes.append(f"Expected outage: {OUTAGE} (sessions are ended once, clients must connect again).")
        if live_exists and not request.tables:
            hours = environment.backup.keep_set_aside_hours
            undo = "U on the overview" if request.guided else "undo-restore"
            notes.append(f"{aside} is kept (for {hours} h at least): {undo} swaps it back in {OUTAGE}.")
        if not request.flush_cache:
            how = "esc, then space on “Empty the cache afterwards”," if request.guided else "--flush-cache"
            notes.append(f"The cache is kept: it may hold what the restored data contradicts; {how} empties it.")
    if not proven:
        notes.append("This backup was never proven by a restore; this run proves it before anything live is touched.")
        if request.instead:
            notes.append(f"The newest proven one is {request.instead}, {minutes(request.instead_older)} older.")
    notes += [f"{check.name}: {check.detail}" for check in checks if check.ok is not True]
    return notes


def minutes(value: float) -> str:
    """A duration in minutes for people."""
    if value < 1:
        return "minute"
    if value < 1.5:
        return "1 minute"
    if value < 120:
        return f"{value:.0f} minutes"
    return f"{value / 60:.0f} hours" if value < 2880 else f"{value / 1440:.0f} days"
