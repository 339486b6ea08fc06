"""``veza-tui monitor``: the guide's health monitor without a screen: metrics for Prometheus, hooks on changes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.main import Options
from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.feeds.broken import BrokenFeed
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.model.view import EnvironmentView
    from veza_tui.operations.monitor.transitions import Transition


@click.command("monitor")
@click.argument("names", metavar="[ENV]...", nargs=-1)
@click.option("--listen", metavar="ADDRESS:PORT", help="Serve metrics there, for example 127.0.0.1:9105; port 0: any.")
@click.option("--allow-remote", is_flag=True, help="Let --listen be reached from other machines; it asks no password.")
@click.option("--on-change", "hooks", metavar="CMD", multiple=True, help="Run CMD on each change; may be repeated.")
@click.option("--hook-timeout", default=30.0, show_default=True, metavar="S", type=click.FloatRange(0.1, 3600),
              help="Kill a hook after S seconds.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print changes as JSON, one a line.")
@click.pass_obj
def command(
    options: Options,
    names: tuple[str, ...],
    listen: str | None,
    allow_remote: bool,
    hooks: tuple[str, ...],
    hook_timeout: float,
    as_json: bool,
) -> int:
    """Go on until TERM or INT (exit 0): print each change, serve metrics, run hooks. Without ENV, all of them.

    Hooks are commands without a shell; they find the change in VEZA_ENVIRONMENT, VEZA_KIND, VEZA_NAME, VEZA_STATE,
    VEZA_STATE_BEFORE, VEZA_TEXT and VEZA_WORSE. `data.monitoring.on_change` of an environment's file names more.
    """
    from veza_tui.operations.monitor.hooks import parse_hook
    from veza_tui.operations.monitor.serve import parse_address
    from veza_tui.wiring import last_operation, make_feeds, newest_backup_of
    from veza_tui.workspace.load import load_workspace

    workspace = load_workspace(options.workspace)
    wanted = list(dict.fromkeys(names or workspace.names()))
    if not wanted:
        raise ConfigError("this workspace holds no environment", hint="make one: veza-tui init DIR")
    address = parse_address(listen, allow_remote=allow_remote) if listen else None
    commands = [parse_hook(text) for text in hooks]
    feeds = make_feeds(
        workspace,
        wanted,
        last_operation=last_operation,
        newest_backup=newest_backup_of(lambda: workspace),
        record=True,
        others_live_on=not names,
    )
    monitor = _Monitor(feeds, workspace.path, commands, hook_timeout, as_json)
    return asyncio.run(monitor.run(address))


class _Monitor:
    def __init__(
        self,
        feeds: Sequence[EnvironmentFeed | BrokenFeed],
        directory: Any,
        commands: Sequence[tuple[str, ...]],
        hook_timeout: float,
        as_json: bool,
    ) -> None:
        from veza_tui.cli.output import warn
        from veza_tui.operations.monitor.hooks import Hooks, parse_hook
        from veza_tui.operations.monitor.transitions import Tracker

        self._feeds = feeds
        self._hooks = Hooks(directory, warn, timeout=hook_timeout)
        self._json = as_json
        self._trackers = {feed.name: Tracker() for feed in feeds}
        self._commands = {
            feed.name: [*commands, *map(parse_hook, feed.environment.monitoring.on_change)] for feed in feeds
        }

    async def run(self, address: tuple[str, int] | None) -> int:
        from veza_tui.cli.output import progress
        from veza_tui.feeds.clock import SystemClock
        from veza_tui.operations.monitor.metrics import Metrics
        from veza_tui.operations.monitor.serve import MetricsServer

        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, end.set)
        server: MetricsServer | None = None
        if address is not None:
            metrics = Metrics(lambda: [feed.view() for feed in self._feeds], SystemClock(), self._hooks.counts)
            server = MetricsServer(metrics, *address)
            progress(f"metrics at http://{server.label}/metrics")
        try:
            for feed in self._feeds:
                if feed.misconfigured:
                    self._say_broken(feed.view())
                feed.subscribe(self._changed)
                await feed.start()
            progress(f"monitoring {', '.join(feed.name for feed in self._feeds)}; TERM or ctrl-c ends")
            await end.wait()
        finally:
            if server is not None:
                server.close()
            await asyncio.gather(*(feed.close() for feed in self._feeds))
            await self._hooks.close()
        return Exit.DONE

    def _say_broken(self, view: EnvironmentView) -> None:
        from veza_tui.cli.output import warn

        for problem in view.problems:
            warn(f"{view.name} is not monitored: {problem.what} — {problem.todo}")

    def _changed(self, view: EnvironmentView) -> None:
        for change in self._trackers[view.name].feed(view):
            at = time.time()
            self._print(change, at)
            self._hooks.run(self._commands[view.name], change, at)

    def _print(self, change: Transition, at: float) -> None:
        from veza_tui.cli.output import data, event_json

        if self._json:
            event_json(
                {
                    "type": "change",
                    "at": round(at, 3),
                    "environment": change.environment,
                    "kind": change.kind,
                    "name": change.name,
                    "before": change.before.value,
                    "state": change.now.value,
                    "worse": change.worse,
                    "text": change.text,
                }
            )
            return
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
        words = f"{change.before.value} -> {change.now.value}"
        data(f"{clock}  {change.environment}  {change.kind} {change.name}  {words}  {change.text}")
