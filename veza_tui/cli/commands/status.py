"""``veza-tui status [ENV…]``: the truth of the live view, without a screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from veza_tui.cli.main import Options
from veza_tui.cli.output import data_json, event_json
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.feeds.broken import BrokenFeed
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.model.environment import Environment
    from veza_tui.model.view import EnvironmentView

RETRY_SECONDS = 3.0
"""An API server that refuses a connection is asked again for so long before it is called unreachable."""


@click.command("status")
@click.argument("names", metavar="[ENV]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch one document a line.")
@click.option("--watch", is_flag=True, help="Go on, and print a line for each change.")
@click.option("--timeout", default=15.0, show_default=True, metavar="S", help="Seconds to wait for the first answers.")
@click.pass_obj
def command(options: Options, names: tuple[str, ...], as_json: bool, watch: bool, timeout: float) -> int:
    """Print how the environments are: exit 0 healthy, 1 degraded, 3 unreachable. Without ENV, all of them."""
    from veza_tui.wiring import last_operation, make_feeds, newest_backup_of
    from veza_tui.workspace.load import load_workspace

    workspace = load_workspace(options.workspace)
    wanted = list(dict.fromkeys(names or workspace.names()))
    feeds = make_feeds(
        workspace,
        wanted,
        last_operation=last_operation,
        newest_backup=newest_backup_of(lambda: workspace),
        others_live_on=not names,
    )
    return asyncio.run(_status(feeds, as_json, watch, timeout))


async def _status(feeds: Sequence[EnvironmentFeed | BrokenFeed], as_json: bool, watch: bool, timeout: float) -> int:
    queue: asyncio.Queue[tuple[EnvironmentFeed | BrokenFeed, EnvironmentView]] = asyncio.Queue()
    for feed in feeds:
        feed.subscribe(lambda view, feed=feed: queue.put_nowait((feed, view)))  # type: ignore[misc]
        await feed.start()
    try:
        await asyncio.gather(*(_settle(feed, timeout) for feed in feeds))
        while not queue.empty():
            queue.get_nowait()
        views = {feed.name: feed.view() for feed in feeds}
        _print([(feed.environment, views[feed.name]) for feed in feeds], as_json, watch)
        if watch:
            while True:
                feed, view = await queue.get()
                _print_changes(views[feed.name], view, as_json)
                views[feed.name] = view
        return exit_code(list(views.values()))
    finally:
        # A connection that does not let itself be closed holds up nobody.
        await asyncio.wait([asyncio.ensure_future(feed.close()) for feed in feeds], timeout=3.0)


async def _settle(feed: EnvironmentFeed | BrokenFeed, timeout: float) -> None:
    from veza_tui.model.view import Link

    end = time.monotonic() + timeout
    down_until = time.monotonic() + min(RETRY_SECONDS, timeout)
    while time.monotonic() < end:
        await asyncio.sleep(0.05)
        if not feed.settled:
            continue
        if feed.view().link is Link.LIVE or feed.misconfigured or time.monotonic() > down_until:
            break
    feed.flush()


def exit_code(views: Sequence[EnvironmentView]) -> int:
    """0 when all are well (a rollout under way is well), 3 when one cannot be reached, else 1."""
    from veza_tui.model.view import Link
    from veza_tui.model.workload import State

    if any(view.link is not Link.LIVE for view in views):
        return Exit.UNREACHABLE
    return Exit.DONE if all(v.state in (State.OK, State.PROGRESSING) for v in views) else Exit.FAILED


def _print(found: Sequence[tuple[Environment, EnvironmentView]], as_json: bool, watch: bool) -> None:
    from veza_tui.cli.status_json import view_json
    from veza_tui.cli.status_text import print_view

    if not as_json:
        for index, (environment, view) in enumerate(found):
            print_view(environment, view, first=index == 0)
    elif watch:
        for _, view in found:
            event_json({"type": "status", "at": time.time(), **view_json(view)})
    else:
        data_json({"environments": [view_json(view) for _, view in found]})


def _print_changes(before: EnvironmentView, now: EnvironmentView, as_json: bool) -> None:
    from veza_tui.cli.output import data
    from veza_tui.feeds.changes import changes

    for change in changes(before, now):
        if as_json:
            event_json(
                {
                    "type": "change",
                    "at": time.time(),
                    "environment": now.name,
                    "kind": change.kind,
                    "name": change.name,
                    "state": change.state.value,
                    "text": change.text,
                }
            )
        else:
            clock = time.strftime("%H:%M:%S")
            data(f"{clock}  {now.name}  {change.state.value:<11}  {change.kind} {change.name}: {change.text}")
