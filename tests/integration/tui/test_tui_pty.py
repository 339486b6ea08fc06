"""The real program on a real terminal: bytes on the wire, colours, signals, start-up imports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.pty import Terminal
from tests.tools.synthetic import RealClock, pod, three
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.pods import PodRows, PodView

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tests.tools.synthetic_app"]
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


class Ordered(Terminal):
    """The synthetic screen, with orders to its feeds."""

    def __init__(self, *arguments: str, columns: int = 160, rows: int = 50, **env: str) -> None:
        self._orders_read, self._orders = os.pipe()
        super().__init__(
            [*COMMAND, "--control", str(self._orders_read), *arguments],
            columns=columns,
            rows=rows,
            env=env,
            pass_fds=[self._orders_read],
            cwd=str(ROOT),
        )
        os.close(self._orders_read)

    def order(self, feed: int, uid: str, **changes: object) -> int:
        os.write(self._orders, json.dumps({"feed": feed, "uid": uid, "set": changes}).encode() + b"\n")
        return self.pump(0.5)

    def close(self) -> None:
        super().close()
        if self._orders >= 0:
            os.close(self._orders)
            self._orders = -1


@pytest.fixture(scope="module")
def screen() -> Iterator[Ordered]:
    """300 calm pods; time stands still, so that ages do not move the counts."""
    with Ordered("--pods", "300", "--calm", "--fixed", "1700000000") as terminal:
        terminal.wait_for(lambda lines: any("backend-api-" in line for line in lines))
        terminal.settle(0.4)
        yield terminal


def test_nothing_is_sent_while_nothing_changes(screen: Ordered) -> None:
    assert screen.pump(1.5) == 0


def test_one_visible_change_is_cheap_and_off_screen_ones_are_free(screen: Ordered) -> None:
    services = three(RealClock(), pods=300, incident=False)
    seen = services.made[0]._then
    order = PodRows(UNICODE).select(seen, PodView())
    names = "\n".join(screen.lines)
    shown = [p for p in order if p.name in names]
    hidden = [p for p in order if p.name not in names]
    assert len(shown) > 25
    assert 0 < screen.order(0, shown[10].uid, restarts=3) <= 600
    assert "3" in next(line for line in screen.lines if shown[10].name in line)
    assert 0 < screen.order(0, shown[11].uid, status="Terminating", ready=0) <= 600
    assert screen.order(0, hidden[10].uid, restarts=9) == 0
    assert screen.order(2, shown[10].uid, restarts=9) == 0, "another tab's pod"
    assert 0 < screen.order(1, shown[10].uid, state="failed") <= 600, "another tab's trouble is in the tab bar"


def test_resize_on_the_terminal(screen: Ordered) -> None:
    for columns, rows in ((80, 24), (250, 80), (160, 50)):
        screen.resize(columns, rows)
        screen.wait_for(lambda lines, rows=rows: "? help" in lines[rows - 1])  # type: ignore[misc]
        screen.settle(0.3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_term_ends_it_cleanly_and_the_terminal_is_restored(number: int) -> None:
    with Ordered(columns=80, rows=24) as terminal:
        terminal.wait_for(lambda lines: any("PODS" in line for line in lines))
        if number == signal.SIGINT:
            terminal.send("\x03")
            assert terminal.wait() == 0
        else:
            terminal.signal(number)
            assert terminal.wait() == 128 + number
        end = bytes(terminal.raw[-300:])
        assert b"\x1b[?1049l" in end
        assert b"\x1b[?25h" in end
        assert b"Traceback" not in terminal.raw


def test_a_closed_terminal_ends_it() -> None:
    terminal = Ordered(columns=80, rows=24)
    try:
        terminal.wait_for(lambda lines: any("PODS" in line for line in lines))
        terminal.hang_up()
        for _ in range(100):
            pid, _status = os.waitpid(terminal.pid, os.WNOHANG)
            if pid:
                terminal.pid = 0
                break
            import time

            time.sleep(0.05)
        assert terminal.pid == 0, "it lives on without a terminal"
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("env", "allowed"),
    [
        ({"NO_COLOR": "1"}, r"(0|1|2|3|4|7|39|49)?"),
        ({"COLORTERM": "", "TERM": "xterm"}, r"(0|1|2|3|4|7|3\d|4[1-9]|9\d|10\d)?"),
    ],
)
def test_colours_are_those_that_the_terminal_has(env: dict[str, str], allowed: str) -> None:
    with Ordered("--ascii", columns=80, rows=24, **env) as terminal:
        terminal.wait_for(lambda lines: any("PODS" in line for line in lines))
        terminal.settle(0.2)
        codes = {c for found in COLOUR.findall(bytes(terminal.raw)) for c in found[2:-1].decode().split(";")}
        assert all(re.fullmatch(allowed, code) for code in codes), codes
        assert all(line.isascii() for line in terminal.lines)


def test_an_empty_no_color_means_nothing() -> None:
    with Ordered(columns=80, rows=24, NO_COLOR="") as terminal:
        terminal.wait_for(lambda lines: any("PODS" in line for line in lines))
        assert b"38;2;" in terminal.raw


def test_no_mouse_leaves_the_mouse_alone() -> None:
    with Ordered("--no-mouse", columns=80, rows=24) as terminal:
        terminal.wait_for(lambda lines: any("PODS" in line for line in lines))
        assert b"\x1b[?1003h" not in terminal.raw


def test_help_imports_no_library_of_the_screen_or_the_cluster() -> None:
    script = (
        "import sys\nfrom veza_tui.cli.main import main\ncode = main(['--help'])\n"
        "heavy = {'textual', 'kubernetes', 'aiohttp', 'psycopg', 'redis', 'boto3', 'ruamel', 'yaml', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "[]"


def test_the_screen_paints_before_any_client_is_imported() -> None:
    script = (
        "import sys\nimport veza_tui.tui.app\nimport veza_tui.wiring\n"
        "heavy = {'kubernetes', 'aiohttp', 'psycopg', 'redis', 'boto3', 'ruamel', 'yaml', 'pyrage'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_without_a_terminal_it_says_what_to_use() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "veza_tui"], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert pod(1, now=0.0).uid == "uid-1"
