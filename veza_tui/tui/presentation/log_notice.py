"""What is to be known of the pods whose logs are read and does not stand in the lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.feeds.logs.targets import crash_loop, followed_words
from veza_tui.model.workload import PodRow
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, counted


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
