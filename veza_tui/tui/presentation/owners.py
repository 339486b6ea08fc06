"""The owner tree as rows: revisions, counts, and CPU and memory as bars where they are known."""

from __future__ import annotations

from collections.abc import Mapping

from veza_tui.feeds.inspect.tree import Node, state
from veza_tui.feeds.inspect.usage import PodUse, Use, limits
from veza_tui.model.ages import age
from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import AutoscalerRow, State
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.images import tag
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.spans import Span, clean

STATUS = 16
"""Cells of a status where there is little room."""
_BASE = (
    Column("name", "NAME", 18, flexible=True, comfortable=20),
    Column("ready", "READY", 5),
    # CrashLoopBackOff in full: what one has come to see.
    Column("state", "STATUS", STATUS, flexible=True, comfortable=STATUS),
)
_USE = (
    Column("cpu", "CPU", 11, comfortable=14),
    Column("memory", "MEMORY", 11, comfortable=15),
)
_REST = (
    Column("version", "VERSION", 8, drop=3, flexible=True),
    Column("age", "AGE", 4, drop=2, comfortable=5),
)
BAR = 6


def columns(*, use: bool) -> tuple[Column, ...]:
    """With CPU and memory only where the cluster measures them."""
    return (*_BASE, *_USE, *_REST) if use else (*_BASE, *_REST)


def owner_row(
    node: Node,
    view: EnvironmentView,
    use: Mapping[str, PodUse] | None,
    now: float,
    glyphs: Glyphs,
    *,
    short: bool = False,
) -> Row:
    """One line; ``use`` by pod name, None for no columns of it; ``short`` leaves out what its owner's name says."""
    shown = state(node)
    role = ROLES[shown]
    empty = node.replica_set is not None and shown is State.UNKNOWN
    sign = glyphs.dot if empty or not (node.rollout or node.replica_set or node.pod) else glyphs.state(shown)
    said = node.name or node.note
    if short and node.name and node.parent and said.startswith(f"{node.parent}-"):
        said = f"{glyphs.ellipsis}{said[len(node.parent) :]}"
    name = f"{_branch(node, glyphs)}{clean(said, 160)}"
    quiet = "dim" if empty or not node.kind else "strong" if node.rollout else "text"
    cells = [Span(name, quiet), *_facts(node, role, empty, glyphs, short)]
    if use is not None:
        cells += _use(node, view, use, glyphs)
    return Row(node.key, Span(sign, "dim" if empty else role), (*cells, *_rest(node, now)))


def _branch(node: Node, glyphs: Glyphs) -> str:
    if not node.depth:
        return ""
    bar, tee, end = ("│  ", "├─ ", "└─ ") if glyphs.rule == "─" else ("|  ", "|- ", "`- ")
    return "".join("   " if last else bar for last in node.ancestors) + (end if node.last else tee)


def _facts(node: Node, role: str, empty: bool, glyphs: Glyphs, short: bool) -> tuple[Span, Span]:
    if node.rollout is not None:
        one = node.rollout
        parts = ["paused"] if one.paused else []
        parts += [autoscaler_words(node.autoscaler, glyphs, short=short)] if node.autoscaler is not None else []
        parts += [f"rev {one.revision}"] if one.revision and not parts else []
        words = f" {glyphs.dot} ".join(parts)
        return Span(f"{one.ready}/{one.desired}", role), Span(clean(words, 120), "text")
    if node.replica_set is not None:
        one_set = node.replica_set
        words = f"rev {one_set.revision}" if one_set.revision else ""
        words += " now" if node.current and words else ""
        return Span(f"{one_set.ready}/{one_set.desired}", "dim" if empty else role), Span(words, "dim")
    if node.pod is not None:
        restarts = f" x{node.pod.restarts}" if node.pod.restarts else ""
        if short and len(node.pod.status) + len(restarts) > STATUS:
            restarts = ""
        well = node.pod.state is State.OK
        return (
            Span(f"{node.pod.ready}/{node.pod.total}", "text" if well else role),
            Span(clean(f"{node.pod.status}{restarts}", 60), "text" if well else role),
        )
    return Span("", "dim"), Span(clean(node.kind, 40), "dim")


def autoscaler_words(scale: AutoscalerRow, glyphs: Glyphs, *, short: bool = False) -> str:
    """``auto 3-10 cpu 65/70%`` (bounds, current and target load), and what it moves to."""
    load = "?" if scale.current_utilization is None else str(scale.current_utilization)
    aim = "?" if scale.target_utilization is None else str(scale.target_utilization)
    words = f"{scale.min_replicas}-{scale.max_replicas} cpu {load}/{aim}%"
    words = words if short else f"auto {words}"
    if scale.moves_to is not None:
        words += f" {scale.current_replicas}{glyphs.arrow}{scale.moves_to}"
    return words


def _use(node: Node, view: EnvironmentView, use: Mapping[str, PodUse], glyphs: Glyphs) -> list[Span]:
    uids = (node.uid,) if node.pod is not None else node.pods
    pods = [view.pods[uid] for uid in uids if uid in view.pods]
    known = [(p, use[p.name]) for p in pods if p.name in use]
    if not known:
        return [Span("", "dim"), Span("", "dim")]
    whole = Use(sum(u.whole.cpu for _, u in known), sum(u.whole.memory for _, u in known))
    most = [limits(p) for p, _ in known]
    cpu = None if any(m[0] is None for m in most) else sum(m[0] or 0.0 for m in most)
    memory = None if any(m[1] is None for m in most) else sum(m[1] or 0.0 for m in most)
    return [
        use_span(whole.cpu, cpu, cores(whole.cpu), glyphs),
        use_span(whole.memory, memory, size(whole.memory), glyphs),
    ]


def use_span(used: float, limit: float | None, text: str, glyphs: Glyphs, cells: int = BAR) -> Span:
    """A bar of the limit and the amount; the amount alone without a limit."""
    if not limit:
        return Span(" " * (cells + 1) + text, "text")
    share = used / limit
    full = min(cells, max(1 if used > 0 else 0, round(share * cells)))
    role = "bad" if share >= 0.95 else "warn" if share >= 0.8 else "ok"
    return Span(f"{glyphs.full * full}{glyphs.rest * (cells - full)} {text} {share:.0%}", role)


def cores(value: float) -> str:
    """``350m`` below one core, ``1.2`` above."""
    return f"{value * 1000:.0f}m" if value < 0.9995 else f"{value:.1f}"


def size(value: float) -> str:
    """``212Mi``, ``1.4Gi``."""
    mebibytes = value / (1 << 20)
    return f"{mebibytes:.0f}Mi" if mebibytes < 1000 else f"{mebibytes / 1024:.1f}Gi"


def _rest(node: Node, now: float) -> tuple[Span, Span]:
    if node.rollout is not None:
        return Span(tag(node.rollout.images[0]) if node.rollout.images else "", "text"), _age(node.rollout.created, now)
    if node.replica_set is not None:
        images = node.replica_set.images
        return Span(tag(images[0]) if images else "", "dim"), _age(node.replica_set.created, now)
    if node.pod is not None:
        main = next((c for c in node.pod.containers if not c.init), None)
        return Span(tag(main.image) if main else "", "dim"), _age(node.pod.created, now)
    return Span("", "dim"), Span("", "dim")


def _age(created: float, now: float) -> Span:
    return Span(age(now - created), "dim")
