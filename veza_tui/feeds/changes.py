"""What a person would call a change between two views: states and words, not latencies. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from veza_tui.model.text import printable
from veza_tui.model.view import EnvironmentView, HealthRow
from veza_tui.model.workload import PodRow, RolloutRow, State


@dataclass(frozen=True, slots=True)
class Change:
    """One change; ``text`` is one printable line."""

    kind: str
    """environment, problem, rollout, health or pod."""
    name: str
    state: State
    text: str


def changes(before: EnvironmentView, now: EnvironmentView) -> Iterator[Change]:
    """The changes, the environment's own first."""
    if before.link is not now.link or before.state is not now.state:
        yield Change("environment", now.name, now.state, f"{now.link}, {now.state}")
    known = set(before.problems)
    for problem in now.problems:
        if problem not in known:
            yield Change("problem", now.name, State.DEGRADED, f"{problem.what} — {problem.todo}")
    for problem in before.problems:
        if problem not in now.problems:
            yield Change("problem", now.name, State.OK, f"over: {problem.what}")
    yield from _rollouts(before, now)
    yield from _health(before, now)
    yield from _pods(before, now)


def _rollouts(before: EnvironmentView, now: EnvironmentView) -> Iterator[Change]:
    old = {r.uid: r for r in before.rollouts}
    for row in now.rollouts:
        text = rollout_text(row)
        if row.uid not in old or rollout_text(old[row.uid]) != text or old[row.uid].state is not row.state:
            yield Change("rollout", printable(row.name), row.state, text)
        old.pop(row.uid, None)
    for row in old.values():
        yield Change("rollout", printable(row.name), State.OK, "gone")


def rollout_text(row: RolloutRow) -> str:
    """``2/3 ready, 1 updated, v1.4.2 → v1.5.0, why it is stuck``, with whole image names."""
    images = " ".join(row.images)
    if row.old_images:
        images = f"{' '.join(row.old_images)} → {images}"
    parts = [f"{row.ready}/{row.desired} ready", f"{row.updated} updated", images]
    return printable(", ".join(p for p in [*parts, row.reason] if p), limit=300)


def _health(before: EnvironmentView, now: EnvironmentView) -> Iterator[Change]:
    old = {h.name: h for h in before.health}
    for row in now.health:
        was: HealthRow | None = old.get(row.name)
        if row.at and (was is None or not was.at or was.state is not row.state):
            yield Change("health", printable(row.name), row.state, printable(row.detail or row.answered, limit=200))


def _pods(before: EnvironmentView, now: EnvironmentView) -> Iterator[Change]:
    for uid, row in now.pods.items():
        was = before.pods.get(uid)
        line = now.last_lines.get(uid, "")
        if was is None or _words(was) != _words(row) or (line and before.last_lines.get(uid) != line):
            text = f"{row.ready}/{row.total} {row.status}"
            if row.restarts:
                text += f", {row.restarts} restarts"
            if row.cause:
                text += f", {row.cause}"
            if line:
                text += f' · "{line}"'
            yield Change("pod", printable(row.name), row.state, printable(text, limit=400))
    for uid, row in before.pods.items():
        if uid not in now.pods:
            yield Change("pod", printable(row.name), State.OK, "gone")


def _words(row: PodRow) -> tuple[object, ...]:
    return row.status, row.ready, row.total, row.restarts, row.state, row.cause
