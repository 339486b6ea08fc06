"""The block ROLLOUTS: one line a Deployment, and one more with the reason when it is stuck."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.colours import family
from veza_tui.model.workload import AutoscalerRow, RolloutRow, State
from veza_tui.tui.presentation.bars import rollout_bar
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.images import change
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import Line, Span, clean, clip, fit, pad, width


def rollout_lines(
    rollouts: Sequence[RolloutRow],
    autoscalers: Sequence[AutoscalerRow],
    cells: int,
    glyphs: Glyphs,
    *,
    most: int,
    synced: bool = True,
) -> list[Line]:
    """Heading and rows in ``cells`` cells, at most ``most`` rollouts: the ones in trouble before the others."""
    shown = list(rollouts)
    if len(shown) > most:
        shown = sorted(shown, key=lambda r: -r.state.severity)[: max(1, most - 1)]
    if not rollouts:
        return [
            heading("ROLLOUTS", (), cells, glyphs),
            (Span("   no deployments" if synced else "   not listed yet", "dim"),),
        ]
    moving = sum(r.state is State.PROGRESSING for r in rollouts)
    stuck = sum(r.state in (State.FAILED, State.DEGRADED) for r in rollouts)
    note: list[Span] = []
    live = sorted({r.name[len(family(r.name)) + 1 :] or "plain" for r in rollouts if r.live})
    if live:
        note.append(Span(f"{' and '.join(live)} live", "accent" if len(live) == 1 else "warn"))
    if moving:
        note.append(Span(f"{' ' if note else ''}{moving} rolling", "progress"))
    if stuck:
        note.append(Span(f"{' ' if note else ''}{stuck} in trouble", "warn"))
    lines = [heading("ROLLOUTS", tuple(note), cells, glyphs)]
    scales = {a.target: a for a in autoscalers}
    names = min(max((width(clean(r.name)) for r in shown), default=0), 24 if cells < 60 else 36)
    versions = [change(r.old_images, r.images, glyphs.arrow) for r in shown]
    counts = [f"{r.ready}/{r.desired}" for r in shown]
    # Two versions need room while rolling; the bars of the others stay where they are.
    column = max((width(v) for r, v in zip(shown, versions, strict=True) if cells >= 60 or not r.old_images), default=6)
    for rollout, version, count in zip(shown, versions, counts, strict=True):
        lines.append(
            _row(
                rollout,
                scales.get(rollout.name),
                (names, max(map(len, counts)), column),
                (version, count),
                cells,
                glyphs,
            )
        )
        if rollout.reason:
            reason = clean(rollout.reason)
            pod, colon, cause = reason.partition(": ")
            if width(reason) > cells - 3 and colon and pod.startswith(f"{rollout.name}-"):
                reason = cause  # which pod it is stands among the pods
            lines.append(clip((Span("   "), Span(reason, ROLES[rollout.state])), cells))
    hidden = len(rollouts) - len(shown)
    if hidden > 0:
        lines.append((Span(f"   {hidden} more", "dim"),))
    return lines


def _row(
    rollout: RolloutRow,
    scale: AutoscalerRow | None,
    widths: tuple[int, int, int],
    texts: tuple[str, str],
    cells: int,
    glyphs: Glyphs,
) -> Line:
    names, counts, versions = widths
    version, count = texts
    role = ROLES[rollout.state]
    left: list[Span] = [
        Span(f" {glyphs.state(rollout.state)} ", role),
        Span(fit(clean(rollout.name), names), "dim" if rollout.live is False else "text"),
        Span(f"  {fit(count, counts, align='right')}", "text" if rollout.state is State.OK else role),
    ]
    room = cells - 3 - names - 2 - counts
    rolling = bool(rollout.old_images) or rollout.state is State.PROGRESSING
    # A version that fits beside the bar keeps its column; while rolling the words matter more than the bar.
    bar = min(16, max(8, room // 4)) if room - 2 - versions - 2 >= 8 and width(version) <= versions else 0
    columns = versions if bar else max(0, room - 2)
    left.append(Span(f"  {fit(version, columns, ellipsis=glyphs.ellipsis)}", "progress" if rolling else "text"))
    room -= 2 + columns
    if bar:
        fresh = min(rollout.updated, rollout.ready) if rolling else rollout.ready
        left += [Span("  "), *rollout_bar(fresh, max(rollout.ready - fresh, 0), rollout.desired, bar, glyphs, role)]
        room -= 2 + bar
    facts = [f"rev {rollout.revision}"] if rollout.revision else []
    if rollout.paused:
        facts.insert(0, "paused")
    if rollout.live is not None:
        facts.insert(0, "live" if rollout.live else "gets no requests")
    if rolling:
        facts.append(f"{rollout.updated} updated")
    if scale is not None:
        load = "?" if scale.current_utilization is None else f"{scale.current_utilization}%"
        facts.append(f"auto {scale.min_replicas}-{scale.max_replicas} cpu {load}")
    for fact in facts:
        if room >= len(fact) + 2:
            left.append(Span(f"  {clean(fact)}", "accent" if fact == "paused" else "dim"))
            room -= len(fact) + 2
    return pad(left, cells)
