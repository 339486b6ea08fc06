"""What one pod uses of what it may use, and the autoscaler above it."""

from __future__ import annotations

from veza_tui.feeds.inspect.quantity import quantity
from veza_tui.feeds.inspect.usage import PodUse
from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import AutoscalerRow, PodRow
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.owners import cores, size, use_span
from veza_tui.tui.presentation.spans import Line, Span, clean, clip, fit, width


def use_lines(pod: PodRow, use: PodUse | None, view: EnvironmentView, cells: int, glyphs: Glyphs) -> list[Line]:
    """A line for each container with bars of its limits, then the autoscaler; none where nothing is measured."""
    lines: list[Line] = []
    bar = max(6, min(20, (cells - 60) // 3))
    running = [c for c in pod.containers if use is not None and c.name in use.containers]
    names = min(max((width(clean(c.name, 63)) for c in running), default=0), 24)
    for container in running:
        assert use is not None
        own = use.containers[container.name]
        cpu, memory = quantity(container.cpu_limit), quantity(container.memory_limit)
        parts = [Span(f"   {fit(clean(container.name, 63), names)}", "dim")]
        for word, used, limit, text in (
            ("cpu", own.cpu, float(cpu) if cpu else None, cores),
            ("memory", own.memory, float(memory) if memory else None, size),
        ):
            shown = f"{text(used)} of {text(limit)}" if limit else f"{text(used)}, no limit"
            parts += [Span(f"  {word} ", "dim"), use_span(used, limit, shown, glyphs, bar)]
        lines.append(clip(parts, cells))
    scale = autoscaler_of(pod, view)
    if scale is not None:
        lines.append(clip(autoscaler_line(scale, glyphs), cells))
    return lines


def autoscaler_of(pod: PodRow, view: EnvironmentView) -> AutoscalerRow | None:
    """The one that scales the pod's Deployment."""
    if pod.owner_kind != "ReplicaSet":
        return None
    owner = next((r.owner for r in view.replica_sets if r.name == pod.owner), "")
    return next((a for a in view.autoscalers if owner and a.target == owner), None)


def autoscaler_line(scale: AutoscalerRow, glyphs: Glyphs) -> Line:
    """``autoscaler  cpu 65% of 70%  4 of 3-10 replicas``, and what it moves to or why it cannot."""
    load = "?" if scale.current_utilization is None else f"{scale.current_utilization}%"
    aim = "?" if scale.target_utilization is None else f"{scale.target_utilization}%"
    over = None not in (scale.current_utilization, scale.target_utilization) and (
        (scale.current_utilization or 0) > (scale.target_utilization or 0)
    )
    line = [
        Span("   autoscaler", "dim"),
        Span(f"  cpu {load} of {aim}", "warn" if over else "text"),
        Span(f"  {scale.current_replicas} of {scale.min_replicas}-{scale.max_replicas} replicas", "text"),
    ]
    if scale.moves_to is not None:
        line.append(Span(f"  {scale.current_replicas}{glyphs.arrow}{scale.moves_to}", "progress"))
    if scale.reason:
        line.append(Span(f"  {clean(scale.reason, 160)}", "warn"))
    return tuple(line)
