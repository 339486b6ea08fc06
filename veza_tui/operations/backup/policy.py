"""Retention and the recovery point objective: which backups may go, and when the newest proven one is too old. Pure."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from veza_tui.model.catalogue import CLOCK_SKEW, BackupRecord
from veza_tui.model.environment import Retention
from veza_tui.model.view import NewestBackup


@dataclass(frozen=True, slots=True)
class Verdict:
    """What prune does with one backup, and why."""

    record: BackupRecord
    keep: bool
    why: str


_PERIODS: tuple[tuple[str, str], ...] = (("daily", "%Y-%m-%d"), ("weekly", "%G-W%V"), ("monthly", "%Y-%m"))


def judge(records: Sequence[BackupRecord], retention: Retention, now: float = math.inf) -> list[Verdict]:
    """Newest first. Records are of one environment; ``now`` in unix seconds.

    Kept: the ``last`` newest; the newest of each of the last so many days, weeks and months that have one (local time);
    the newest proven one that holds a database; all that are held; and what cannot be judged: no manifest, one that
    this version cannot read, a date in the future (it counts for nothing, so that a wrong clock displaces no other).
    Damaged ones count for no period; they go like any other.
    """
    ordered = sorted(records, key=lambda r: (r.at, r.name), reverse=True)
    kept: dict[str, str] = {}
    believed = [r for r in ordered if r.at <= now + CLOCK_SKEW]
    good = [r for r in believed if not r.problem]
    for record in good[: retention.last]:
        kept.setdefault(record.name, f"one of the last {retention.last}")
    for period, form in _PERIODS:
        seen: set[str] = set()
        for record in good:
            bucket = time.strftime(form, time.localtime(record.at))
            if bucket not in seen and len(seen) < getattr(retention, period):
                seen.add(bucket)
                kept.setdefault(record.name, f"{period}: {bucket}")
    for record in ordered:
        if record.script_made:
            kept.setdefault(record.name, "made by the script: it is yours to remove")
        elif record.manifest is None:
            kept.setdefault(record.name, "its manifest cannot be read: it is yours to remove")
        elif record.at > now + CLOCK_SKEW:
            kept.setdefault(record.name, "its date is in the future: check the clocks")
        if record.hold is not None:
            kept[record.name] = "held" + (f": {record.hold.reason}" if record.hold.reason else "")
    last_proven = next((r for r in believed if r.proven and r.has_database), None)
    if last_proven is not None:
        kept.setdefault(last_proven.name, "the last proven one")
    return [Verdict(r, r.name in kept, kept.get(r.name, "no rule keeps it")) for r in ordered]


def newest_of(records: Sequence[BackupRecord]) -> NewestBackup | None:
    """The newest usable backup that holds a database, and when the newest proven one was made; None without any."""
    usable = sorted((r for r in records if r.proposable), key=lambda r: r.at, reverse=True)
    if not usable:
        return None
    proven = next((r for r in usable if r.proven), None)
    return NewestBackup(usable[0].name, usable[0].at, usable[0].proven, proven.at if proven else None)


def rpo_warning(
    newest: NewestBackup | None, rpo_minutes: int, now: float, age_text: Callable[[float], str] | None = None
) -> str:
    """One line when the newest proven backup is older than the objective; empty when all is well."""
    text = age_text or age
    if newest is None:
        return "there is no backup of the database"
    if newest.at > now + CLOCK_SKEW:
        return f"the newest backup, {newest.name}, has a date in the future: check the clocks"
    if newest.proven_at is None:
        return f"no backup is proven; the newest is {newest.name}, {text(now - newest.at)} old"
    old = now - newest.proven_at
    if old < -CLOCK_SKEW:
        return "the newest proven backup has a date in the future: check the clocks"
    if old > rpo_minutes * 60:
        return f"the newest proven backup is {text(old)} old, the objective is {text(rpo_minutes * 60)}"
    return ""


def age(seconds: float) -> str:
    """``45 s``, ``12 min``, ``5 h``, ``3 d``."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or (seconds >= size and unit != "d"):
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
