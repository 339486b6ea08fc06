"""One pod in full: cause, containers, events."""

from __future__ import annotations

from veza_tui.feeds.inspect.usage import PodUse
from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import ContainerRow, PodRow, State
from veza_tui.tui.presentation.ages import age
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, beside, clean, counted, fit
from veza_tui.tui.presentation.use import use_lines


def pod_lines(
    pod: PodRow,
    view: EnvironmentView,
    now: float,
    cells: int,
    glyphs: Glyphs,
    *,
    gone: bool,
    use: PodUse | None = None,
) -> list[Line]:
    """The pod's page in ``cells`` cells; ``gone`` when it is no longer there; ``use`` where it is measured."""
    role = ROLES[pod.state]
    status = "gone" if gone else clean(pod.status, 60)
    lines: list[Line] = [
        (
            Span(f" {glyphs.state(pod.state)} ", role),
            Span(clean(pod.name), "strong"),
            Span(f"  {status}", "dim" if gone else role),
            Span(f"  {pod.ready}/{pod.total} ready", "dim"),
        ),
        EMPTY,
    ]
    last = view.last_lines.get(pod.uid, "")
    if pod.cause or last:
        lines.append(heading("CAUSE", (), cells, glyphs))
        lines += [(Span("   "), Span(text, role)) for text in wrapped(pod.cause, cells - 5)] if pod.cause else []
        if last:
            opening, closing = glyphs.quote
            lines += [(Span("   "), Span(t, "quote")) for t in wrapped(f"{opening}{last.strip()}{closing}", cells - 5)]
        lines.append(EMPTY)
    # What broke stands above what merely is; side by side where there is room.
    if cells < 130:
        broke, plain = _troubles(pod, view, now, cells, glyphs), _facts(pod, view, now, cells, glyphs, use)
        return [*lines, *broke, EMPTY, *plain]
    left = cells * 55 // 100
    return [
        *lines,
        *beside(_troubles(pod, view, now, left, glyphs), _facts(pod, view, now, cells - left - 2, glyphs, use), left),
    ]


def _facts(
    pod: PodRow, view: EnvironmentView, now: float, cells: int, glyphs: Glyphs, use: PodUse | None
) -> list[Line]:
    used = use_lines(pod, use, view, cells, glyphs)
    lines = [heading("USE", (), cells, glyphs), *used, EMPTY] if used else []
    lines.append(heading("POD", (), cells, glyphs))
    facts = [
        ("namespace", pod.namespace),
        ("node", pod.node or "not scheduled"),
        ("address", pod.ip or "none yet"),
        ("owner", f"{pod.owner_kind}/{pod.owner}" if pod.owner else "none"),
        ("age", age(now - pod.created)),
        ("restarts", _restarts(pod, now)),
        ("labels", "  ".join(f"{k}={v}" for k, v in pod.labels) or "none"),
    ]
    for name, value in facts:
        texts = wrapped(value, cells - 16)
        lines.append((Span(f"   {fit(name, 11)}", "dim"), Span(texts[0])))
        lines += [(Span(" " * 14), Span(text)) for text in texts[1:]]
    return lines


def _troubles(pod: PodRow, view: EnvironmentView, now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    lines = [heading("CONTAINERS", (), cells, glyphs)]
    for container in pod.containers:
        lines += _container(container, now, cells, glyphs)
    warnings = [event for event in view.warnings if event.object_uid == pod.uid]
    lines += [EMPTY, heading("WARNINGS", (Span(str(len(warnings) or "none"), "dim"),), cells, glyphs)]
    for event in reversed(warnings):
        count = f" x{event.count}" if event.count > 1 else ""
        head = f"   {fit(age(now - event.last), 7)}"
        texts = wrapped(f"{event.reason}{count}: {event.message}", cells - 12)
        lines.append((Span(head, "dim"), Span(texts[0], "warn")))
        lines += [(Span(" " * 10), Span(text)) for text in texts[1:]]
    return lines


def _restarts(pod: PodRow, now: float) -> str:
    if not pod.restarts or pod.last_restart is None:
        return str(pod.restarts)
    return f"{pod.restarts}, the last {age(now - pod.last_restart)} ago"


def _container(container: ContainerRow, now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    done = container.init and container.state == "terminated" and container.reason == "Completed"
    well = container.ready or done
    waiting = container.state == "waiting" and container.reason in ("ContainerCreating", "PodInitializing", "")
    state = State.OK if well else State.PROGRESSING if waiting else State.FAILED
    if container.state == "running" and not container.ready:
        state = State.DEGRADED
    words = clean(container.reason or container.state, 60)
    lines: list[Line] = [
        (
            Span(f" {glyphs.state(state)} ", ROLES[state]),
            Span(clean(container.name, 63), "strong"),
            Span(f"  {words}", "text" if well else ROLES[state]),
            Span("  init" if container.init else "", "dim"),
            Span(f"  {counted(container.restarts, 'restart')}" if container.restarts else "", "dim"),
        ),
        (Span("   image  ", "dim"), Span(fit(clean(container.image, 300), cells - 11).rstrip())),
    ]
    limits = [f"cpu {container.cpu_limit}"] if container.cpu_limit else []
    limits += [f"memory {container.memory_limit}"] if container.memory_limit else []
    if limits:
        lines.append((Span("   limits ", "dim"), Span(clean(f" {glyphs.dot} ".join(limits), 100))))
    if container.last_exit_code is not None and not done:
        when = f", {age(now - container.last_finished)} ago" if container.last_finished is not None else ""
        reason = f" {container.last_reason}" if container.last_reason else ""
        lines.append((Span("   ended  ", "dim"), Span(clean(f"exit {container.last_exit_code}{reason}{when}", 120))))
    if container.message and not well:
        lines += [(Span(" " * 10), Span(text)) for text in wrapped(container.message, cells - 12)]
    return lines
