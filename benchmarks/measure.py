"""The measurements. Each returns plain numbers; judging them is the report's work."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.platform import ROOT, command, environment
from benchmarks.pty import Terminal
from tests.tools.synthetic import pod

SYNTHETIC = [sys.executable, "-m", "tests.tools.synthetic_app"]


class Ordered:
    """A program on a pty that takes orders on a pipe; ``{fd}`` in its command is the pipe's number."""

    def __init__(self, argv: Sequence[str], columns: int, rows: int) -> None:
        reading, self._orders = os.pipe()
        argv = [a.replace("{fd}", str(reading)) for a in argv]
        self.terminal = Terminal(argv, columns=columns, rows=rows, pass_fds=[reading], cwd=ROOT)
        os.close(reading)

    def order(self, **order: Any) -> None:
        os.write(self._orders, json.dumps(order).encode() + b"\n")

    def cost(self, change: Callable[[], None], times: int = 5) -> tuple[int, float]:
        """Median bytes and CPU milliseconds of one change."""
        sizes: list[int] = []
        before = self.terminal.cpu()
        for _ in range(times):
            change()
            sizes.append(self.terminal.pump(0.35))
        return int(statistics.median(sizes)), (self.terminal.cpu() - before) * 1000 / times

    def __enter__(self) -> Ordered:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminal.close()
        os.close(self._orders)


def wire(columns: int = 160, rows: int = 50) -> dict[str, float]:
    """Bytes on the wire with 300 pods; time stands still, so nothing but the change is counted."""
    argv = [*SYNTHETIC, "--pods", "300", "--calm", "--fixed", "1700000000", "--control", "{fd}"]
    with Ordered(argv, columns, rows) as screen:
        terminal = screen.terminal
        terminal.wait_for(lambda lines: any("backend-api-" in line for line in lines))
        terminal.settle()
        idle = terminal.pump(5.0) / 5.0
        shown = next(i for i in range(300) if pod(i, now=0).name in terminal.lines[rows // 2])
        hidden = next(i for i in range(299, 0, -1) if pod(i, now=0).name not in "\n".join(terminal.lines))
        count = 0

        def change(number: int) -> None:
            nonlocal count
            count += 1
            screen.order(feed=0, uid=f"uid-{number}", set={"restarts": count})

        visible, cpu = screen.cost(lambda: change(shown))
        off_screen, _ = screen.cost(lambda: change(hidden))
    return {"idle": idle, "visible": visible, "visible_cpu": cpu, "off_screen": off_screen}


def datatable(columns: int = 160, rows: int = 50) -> dict[str, float]:
    """The same for Textual's DataTable."""
    with Ordered([sys.executable, "-m", "benchmarks.datatable_peer", "{fd}"], columns, rows) as peer:
        peer.terminal.wait_for(lambda lines: any("backend-api-" in line for line in lines))
        peer.terminal.settle()
        size, cpu = peer.cost(lambda: peer.order(change=1))
    return {"visible": size, "visible_cpu": cpu}


def starts(ready: dict[str, Any], times: int = 7) -> dict[str, float]:
    """First paint and first live rows in seconds from the start of the process: best and median, and CPU seconds."""
    paints, rows, cpu = [], [], []
    for _ in range(times):
        with Terminal(command(ready), columns=160, rows=50, env=environment(ready), cwd=ROOT) as terminal:
            paints.append(terminal.wait_for(lambda lines: "veza" in lines[0]))
            terminal.send("3")
            rows.append(terminal.wait_for(lambda lines: sum("Running" in line for line in lines) >= 5, 30))
            cpu.append(terminal.cpu())
    return {
        "paint": min(paints),
        "paint_median": statistics.median(paints),
        "rows": min(rows),
        "rows_median": statistics.median(rows),
        "rows_cpu": min(cpu),
    }


def kubectl_start(ready: dict[str, Any], namespace: str, times: int = 3) -> float | None:
    """Seconds until ``kubectl get pods -w`` prints its first rows; None without kubectl."""
    program = shutil.which("kubectl")
    if program is None:
        return None
    found = []
    for _ in range(times):
        begin = time.monotonic()
        child = subprocess.Popen(
            [program, "get", "pods", "-w", "-n", namespace],
            env={**os.environ, **environment(ready)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert child.stdout is not None
        try:
            for _line in range(6):
                child.stdout.readline()
            found.append(time.monotonic() - begin)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
    return statistics.median(found)


def rest(ready: dict[str, Any], seconds: float = 40.0) -> dict[str, float]:
    """The real program left alone on the platform: CPU per cent, bytes a second, resident megabytes."""
    with Terminal(command(ready), columns=160, rows=50, env=environment(ready), cwd=ROOT) as terminal:
        terminal.send("3")
        terminal.wait_for(lambda lines: sum("Running" in line for line in lines) >= 5, 30)
        terminal.pump(10.0)
        before = terminal.cpu()
        sent = terminal.pump(seconds)
        return {
            "cpu": (terminal.cpu() - before) / seconds * 100,
            "bytes": sent / seconds,
            "rss": terminal.rss() / 1e6,
        }
