"""Between two runs of a container: the end of the one before, and a word about the restart."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from veza_tui.feeds.logs.resume import Place, Replay
from veza_tui.feeds.logs.runs import Run
from veza_tui.feeds.logs.said import Said
from veza_tui.feeds.logs.stamps import Lines
from veza_tui.model.log import Beginning
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import ClusterError

FIRST_PAUSE = 0.1
"""Seconds until a run before that could not be read is asked for again; doubled each time."""


async def bridge(
    said: Said,
    open_previous: Callable[[Beginning], AsyncGenerator[bytes, None]],
    clock: Clock,
    was: Run,
    now: Run,
    begin: Beginning,
    *,
    read_out: bool,
    limit: int,
) -> None:
    """The container was restarted: the end of the run before, if it was not ``read_out``, then a word.

    ``begin`` is where reading began, ``limit`` the bytes of a line that are kept. ``said`` then stands before the
    first line of the new run.
    """
    missed = now.restarts - was.restarts - 1
    if missed and was.started:
        runs = "1 run" if missed == 1 else f"{missed} runs"
        said.note(f"{runs} of the container came and went: their logs are gone")
    if missed or not read_out:
        await _finish(said, open_previous, clock, begin, whole=missed > 0, limit=limit)
    code = now.before_exit if now.before_exit is not None else was.exit_code
    ending = "" if code is None else f" after exit {code}"
    said.note(f"restarted{ending} (restart {now.restarts})")
    said.place = None


async def _finish(
    said: Said,
    open_previous: Callable[[Beginning], AsyncGenerator[bytes, None]],
    clock: Clock,
    begin: Beginning,
    *,
    whole: bool,
    limit: int,
) -> None:
    """The log of the run before, from the place on."""
    for attempt in range(4):
        place = None if whole else said.place
        try:
            beginning = Beginning(since_time=place.since_time) if place else begin
            await read_previous(said, open_previous(beginning), place, limit=limit)
            return
        except ClusterError as error:
            if error.status in (400, 403, 404) or attempt == 3:
                said.note("the end of the run before may be missing: its log is not kept")
                return
            await clock.sleep(FIRST_PAUSE * 2**attempt)


async def read_previous(
    said: Said, stream: AsyncGenerator[bytes, None], place: Place | None, *, limit: int
) -> None:  # fmt: skip
    """One answer with the run before, passed on from ``place`` on.

    Raises:
        ClusterError: it broke off, or there is none.
    """
    replay, lines = Replay(place), Lines(limit, said.stamp)
    try:
        async for chunk in stream:
            said.lines(replay.feed(lines.feed(chunk)))
        said.lines(replay.feed(lines.end()))
        lines.check()
        data = replay.give_up()
        if replay.missed and data:
            said.gap(data)
        said.lines(data)
    finally:
        await stream.aclose()
