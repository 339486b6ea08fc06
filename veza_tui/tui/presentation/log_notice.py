"""What is to be known and does not stand in the lines: of the pods that are read, of a file no longer written. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence

from veza_tui.feeds.logs.save import Stopped
from veza_tui.feeds.logs.targets import crash_loop, followed_words
from veza_tui.model.workload import PodRow
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, counted, fit_middle, width


def notice_line(pods: Sequence[PodRow], unfollowed: Sequence[str], glyphs: Glyphs, *, previous: bool) -> Line:
    """That not all can be followed, or that one crashes and what its run before would tell; else empty."""
    if unfollowed:
        return (Span(f" {glyphs.degraded} ", "warn"), Span(clean(followed_words(pods, unfollowed)), "text"))
    found = None if previous else crash_loop(pods)
    if found is None:
        return EMPTY
    pod, container = found
    code = "" if container.last_exit_code is None else f"exit {container.last_exit_code}, "
    name = clean(pod.name, 63) if len(pods) > 1 else ""
    if len(pod.containers) > 1:
        name = f"{name}/{clean(container.name, 63)}" if name else f"container {clean(container.name, 63)}"
    # What helps stands before what may be cut: the pod of a page about one pod has its name above.
    return (
        Span(f" {glyphs.failed} ", "bad"),
        Span(f"crashes again and again: {code}{counted(container.restarts, 'restart')} {glyphs.dot}", "text"),
        Span(" p", "key", "do:previous"),
        Span(" the run before", "text"),
        Span(f" {glyphs.dot} {name}" if name else "", "dim"),
    )


def stopped_lines(stopped: Stopped | None, cells: int, glyphs: Glyphs) -> list[Line]:
    """What is not written any more, why and since when; where it is, and how much of it. Nothing while all is well."""
    if stopped is None:
        return []
    clock = time.strftime("%H:%M:%S", time.localtime(stopped.at))
    what = f"nothing written since {clock}" if stopped.lines is None else f"writing stopped at {clock}"
    if stopped.lines is None:
        kept = "   there can be no file in "
    elif stopped.lines:
        kept = f"   {counted(stopped.lines, 'line')} until then in "
    else:
        kept = "   not one line was written to "
    where = clean(str(stopped.where))
    room = max(0, cells - width(kept) - 1)
    return [
        (
            Span(f" {glyphs.failed} ", "bad"),
            Span(f"{what}: {clean(stopped.why, 80)} {glyphs.dot}", "text"),
            Span(" W", "key", "do:logs.write"),
            Span(" again", "text"),
            Span("  esc", "key"),
            Span(" hides", "text"),
        ),
        (
            Span(kept, "dim"),
            Span(fit_middle(where, room, ellipsis=glyphs.ellipsis) if width(where) > room else where, "text"),
        ),
    ]
