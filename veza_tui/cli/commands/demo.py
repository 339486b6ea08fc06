"""``veza-tui demo``: the embedded platform, and the screen on it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.cli.main import Options

HANGUP_SECONDS = 3.0
"""How long the screen has to end by itself after the terminal was closed."""
STOP_SECONDS = 20.0
"""How long the platform may take to stop before it is killed (its children then die by themselves)."""


@click.command("demo")
@click.option("--headless", is_flag=True, help="No screen: print one line of JSON when ready, stay up until TERM.")
@click.option(
    "--state", metavar="DIR", type=click.Path(path_type=Path), help="Keep database, workspace and history here."
)
@click.option("--incident", metavar="NAME", default="", help="Begin with an incident, for example bad-deploy.")
@click.option(
    "--rows", type=click.IntRange(1_000, 20_000_000), default=120_000, show_default=True, help="Messages in production."
)
@click.option("--pods", type=click.IntRange(0, 20_000), default=0, help="Further pods that only look like ones.")
@click.option("--time-scale", type=click.FloatRange(0.01, 10), default=1.0, help="0.1: Kubernetes' delays are a tenth.")
@click.option("--traffic", type=click.FloatRange(0, 200), default=1.5, show_default=True, help="Requests a second.")
@click.option("--with-parent", is_flag=True, hidden=True)
@click.pass_obj
def command(
    screen: Options,
    headless: bool,
    state: Path | None,
    incident: str,
    rows: int,
    pods: int,
    time_scale: float,
    traffic: float,
    with_parent: bool,
) -> int:
    """Three environments on this machine: a cluster API, PostgreSQL and Valkey, for trying everything out.

    Incidents: bad-deploy, crash-loop, image-pull, oom, db-down, cache-down, data-loss, api-flaky.
    """
    if headless:
        from veza_tui.embedded.platform.headless import run
        from veza_tui.embedded.platform.stores import Options as PlatformOptions

        options = PlatformOptions(state, rows, pods, time_scale, traffic, incident)
        return run(options, with_parent=with_parent, progress=lambda text: click.echo(f"demo: {text}", err=True))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("the demo's screen needs a terminal", hint="use veza-tui demo --headless")
    arguments = ["--rows", str(rows), "--pods", str(pods), "--time-scale", str(time_scale), "--traffic", str(traffic)]
    arguments += ["--incident", incident] if incident else []
    arguments += ["--state", str(state)] if state else []
    return _with_screen(screen, arguments)


def _with_screen(options: Options, arguments: list[str]) -> int:
    """The platform in a child of its own session, the screen here. The child ends when this process does."""
    child = subprocess.Popen(
        [sys.executable, "-m", "veza_tui", "demo", "--headless", "--with-parent", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        from veza_tui.cli.commands.ui import open_screen, prepare_environment

        prepare_environment(os.environ)
        importlib.import_module("textual.app")  # while the platform starts
        ready = _await_ready(child)
        os.environ.update(ready["environment"])
        options.workspace = Path(ready["workspace"])
        threading.Thread(target=_watch_terminal, args=(child,), daemon=True).start()
        return open_screen(options)
    finally:
        _stop(child)


def _watch_terminal(child: subprocess.Popen[bytes]) -> None:
    """End all when the terminal is closed and the screen does not end by itself: it may be stuck in writing to it."""
    terminal = select.poll()
    terminal.register(sys.stdin.fileno(), 0)  # hang-ups are told unasked
    terminal.poll()
    time.sleep(HANGUP_SECONDS)
    _stop(child)
    os._exit(128 + signal.SIGHUP)


def _await_ready(child: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Show the child's progress on one line until it prints its JSON."""
    assert child.stdout is not None
    assert child.stderr is not None
    lines: list[str] = []
    reader = threading.Thread(target=_show_progress, args=(child.stderr, lines), daemon=True)
    reader.start()
    line = child.stdout.readline()
    if not line:
        code = child.wait()
        reader.join(2)
        _clear_line()
        reason = (lines[-1] if lines else f"exit code {code}").removeprefix("veza-tui: ")
        known = code in set(Exit)
        error = VezaError(reason)
        error.exit = Exit(code) if known and code else Exit.FAILED
        raise error
    lines.append("")  # tells the thread to be quiet from now on
    _clear_line()
    ready: dict[str, Any] = json.loads(line)
    return ready


def _show_progress(stream: IO[bytes], lines: list[str]) -> None:
    """Until the end of the stream: what comes after the start is read and dropped, lest the child should block."""
    quiet = False
    for raw in stream:
        quiet = quiet or bool(lines and lines[-1] == "")
        if quiet:
            continue
        text = raw.decode(errors="replace").strip()
        lines.append(text or " ")
        with contextlib.suppress(OSError):
            sys.stderr.write(f"\r\x1b[K{text[:100]} …")
            sys.stderr.flush()


def _clear_line() -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End of its stdin is its signal; then wait, since it removes what it made."""
    assert child.stdin is not None
    with contextlib.suppress(OSError):
        child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()
