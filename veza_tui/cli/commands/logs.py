"""``veza-tui logs ENV [SERVICE|POD…]``: one pod, a service, a whole environment; followed, merged by time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.output import progress
from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.logs_output import LogOutput
    from veza_tui.cli.main import Options
    from veza_tui.feeds.logs.session import LogSession
    from veza_tui.feeds.logs.wish import Wish
    from veza_tui.model.environment import Environment
    from veza_tui.model.log import Beginning
    from veza_tui.model.workload import PodRow
    from veza_tui.ports.cluster import Cluster

LONGEST = 1 << 20
"""Bytes of a line that are printed; a mark says how many were cut."""
RETRY = 2.0
"""Seconds for which a refused connection is tried again before the first answer."""
ANSWER = 15.0
"""Seconds within which the API server must have answered for the first time."""


@click.command("logs")
@click.argument("name", metavar="ENV")
@click.argument("which", metavar="[SERVICE|POD]...", nargs=-1)
@click.option("--follow/--no-follow", "-f", default=True, help="Go on with what is written from now on (default).")
@click.option("--tail", type=click.IntRange(-1), metavar="N", help="Begin with the last N lines of each container.")
@click.option("--since", metavar="WHEN", help="Begin at 10m, 2h (ago), 12:03 or 2026-05-01T12:00:00Z.")
@click.option("--grep", metavar="REGEX", help="Only lines that match; small letters match either case.")
@click.option("--invert", is_flag=True, help="With --grep: only lines that do not match.")
@click.option("--timestamps", is_flag=True, help="Print the time of each line (UTC) before it.")
@click.option("--previous", is_flag=True, help="The run before the last restart; does not follow.")
@click.option("--container", "-c", "containers", multiple=True, metavar="NAME", help="Only this container.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")
@click.option(
    "--most", type=click.IntRange(1, 2000), default=100, show_default=True, metavar="N", help="Containers read at once."
)
@click.pass_obj
def command(
    options: Options,
    name: str,
    which: tuple[str, ...],
    follow: bool,
    tail: int | None,
    since: str | None,
    grep: str | None,
    invert: bool,
    timestamps: bool,
    previous: bool,
    containers: tuple[str, ...],
    as_json: bool,
    most: int,
) -> int:
    """Print the logs of pods, services or the whole environment, merged by time, and follow them.

    Lines go to stdout as they were written, control characters made visible; with several containers each line
    begins with its pod and container. Words about the pods go to stderr (with --json they are documents, too).
    """
    # Until the first lines come, what is made stays: looking for garbage among it is a tenth of the start.
    gc.disable()
    from veza_tui.cli.logs_output import LogOutput
    from veza_tui.feeds.logs.session import LogSession
    from veza_tui.feeds.logs.wish import Wish
    from veza_tui.workspace.load import load_workspace

    if invert and grep is None:
        raise ConfigError("--invert inverts --grep", hint="give a pattern with --grep")
    environment = load_workspace(options.workspace).environment(name)
    matcher = None
    if grep is not None:
        from veza_tui.feeds.logs.match import Matcher

        matcher = Matcher(grep, invert=invert, longest=LONGEST)
    following = follow and not previous
    wish = Wish(
        (),
        _beginning(tail, since),
        follow=following,
        previous=previous,
        containers=containers,
        limit=LONGEST,
        most=most,
        patience=None if following else ANSWER,
    )
    made: list[LogSession] = []

    def named() -> bool:
        return made[0].named if made else False

    def output(session_sources: Any) -> LogOutput:
        return LogOutput(session_sources, named=named, timestamps=timestamps, matcher=matcher, as_json=as_json)

    def session(cluster: Cluster, wish: Wish) -> tuple[LogSession, LogOutput]:
        from veza_tui.feeds.clock import SystemClock

        sources: dict[int, Any] = {}
        out = output(sources)
        new = LogSession(cluster, wish, SystemClock(), out.lines, raw=out.raw if out.plain else None, sources=sources)
        made.append(new)
        return new, out

    try:
        return asyncio.run(_main(environment, which, wish, session))
    except BrokenPipeError:
        # Click would turn one with an errno into exit 1.
        raise BrokenPipeError from None
    finally:
        gc.enable()


def _collect_from_here() -> None:
    """Garbage is looked for among what is made from now on; looking through all that was imported would take 15 ms."""
    gc.freeze()
    gc.enable()


def _end_blocked_writes_too() -> None:
    """Ctrl-C cancels, as asyncio does it; but a write that a slow reader blocks has to be broken off itself."""
    from veza_tui.cli.logs_output import LogOutput

    usual = signal.getsignal(signal.SIGINT)

    def interrupt(number: int, frame: Any) -> None:
        if LogOutput.writing or not callable(usual):
            raise KeyboardInterrupt
        usual(number, frame)

    signal.signal(signal.SIGINT, interrupt)


def _beginning(tail: int | None, since: str | None) -> Beginning:
    from veza_tui.feeds.logs.times import beginning
    from veza_tui.model.log import Beginning

    begin = Beginning()
    if since is not None:
        with contextlib.suppress(ConfigError):
            begin = beginning(since, time.time())
        if begin.tail is not None or begin == Beginning():
            raise ConfigError(
                f"--since {printable(since, limit=60)!r} is no time", hint="10m, 2h, 12:03 or 2026-05-01T12:00:00Z"
            )
    return begin if tail is None or tail < 0 else replace(begin, tail=tail)


async def _main(environment: Environment, which: tuple[str, ...], wish: Wish, make: Any) -> int:
    from veza_tui.wiring import connect_cluster

    _end_blocked_writes_too()
    cluster = connect_cluster(environment)
    try:
        if wish.follow:
            return await _follow(environment, cluster, which, wish, make)
        return await _once(environment, cluster, which, wish, make)
    finally:
        await cluster.close()


async def _once(environment: Environment, cluster: Cluster, which: tuple[str, ...], wish: Wish, make: Any) -> int:
    from veza_tui.feeds.logs.targets import check_containers, resolve
    from veza_tui.feeds.pods import project_pod
    from veza_tui.ports.cluster import PODS

    rows = [project_pod(pod) for pod in await cluster.list_all(PODS, environment.kubernetes.namespace)]
    targets = tuple(resolve(which, environment, rows))
    check_containers(wish.containers, rows, targets)
    session, _ = make(cluster, replace(wish, targets=targets))
    try:
        session.update(rows)
        _collect_from_here()
        _say_state(environment, session, rows)
        await session.finished()
        failed = session.troubles
        return failed[0].exit if failed else Exit.DONE
    finally:
        await session.close()


async def _follow(environment: Environment, cluster: Cluster, which: tuple[str, ...], wish: Wish, make: Any) -> int:
    from veza_tui.feeds.clock import SystemClock
    from veza_tui.feeds.following import Following
    from veza_tui.feeds.logs.targets import check_containers, resolve
    from veza_tui.feeds.pods import project_pod
    from veza_tui.ports.cluster import PODS

    news = asyncio.Event()
    following = Following(PODS, project_pod, SystemClock(), heard=lambda: None, changed=news.set)
    following.start(cluster, environment.kubernetes.namespace)
    session, out, done = None, None, None
    try:
        end = time.monotonic() + ANSWER
        while not following.synced:
            if following.lost is not None and (
                following.lost.status in (401, 403, 404) or time.monotonic() > end - ANSWER + RETRY
            ):
                raise following.lost
            if time.monotonic() > end:
                from veza_tui.ports.cluster import ClusterUnreachable

                raise ClusterUnreachable(f"the API server of {environment.name} did not answer in {ANSWER:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), 0.2)
            news.clear()
        rows = list(following.items.values())
        targets = tuple(resolve(which, environment, rows))
        check_containers(wish.containers, rows, targets)
        session, out = make(cluster, replace(wish, targets=targets))
        session.update(rows)
        _collect_from_here()
        _say_state(environment, session, rows)
        done = asyncio.ensure_future(session.finished())
        said = session.unfollowed
        while not done.done():
            changed = asyncio.ensure_future(news.wait())
            await asyncio.wait((changed, done), timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            if done.done():
                break
            if news.is_set():
                news.clear()
                session.update(following.items.values())
                if bool(session.unfollowed) != bool(said):
                    _say_state(environment, session, ())
                said = session.unfollowed
            if out.reader_gone():
                raise BrokenPipeError
        await done
        return Exit.DONE
    finally:
        if done is not None:
            done.cancel()
        await following.close()
        if session is not None:
            await session.close()


def _say_state(environment: Environment, session: LogSession, rows: Any) -> None:
    """What is not obvious from the lines: pods that are too many, none at all, one that crashes on and on."""
    from veza_tui.feeds.logs.targets import crash_loop, followed_words

    if session.unfollowed:
        progress(f"veza-tui: {followed_words(session.pods, session.unfollowed)}; --most N reads more")
    elif not session.pods:
        progress(f"veza-tui: no pod of {environment.name} is meant by that now")
    found: tuple[PodRow, Any] | None = None if session.wish.previous else crash_loop(session.pods)
    if found is not None and rows:
        pod, container = found
        progress(
            f"veza-tui: {pod.name}/{container.name} crashes again and again ({container.restarts} restarts): "
            f"veza-tui logs {environment.name} {pod.name} --previous shows the run before"
        )
