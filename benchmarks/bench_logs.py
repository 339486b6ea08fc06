"""Logs: CPU per line against ``kubectl logs -f``; the screen under 12 pods that write 60,000 lines a second and more.

``python -m benchmarks.bench_logs``. Both read the same numbered lines from the same server over TLS, in turns.
"""

from __future__ import annotations

import compileall
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.platform import ROOT
from benchmarks.pty import Terminal

SIZES = (1_000_000, 300_000, 150_000, 100)
"""Lines of the runs that are compared. Python's start is in every one: the last is little else, and has no budget."""
JUDGED = 150_000
"""Lines from which the budget per line is judged."""


@contextlib.contextmanager
def log_server(*arguments: str) -> Iterator[dict[str, str]]:
    """``tests.tools.log_server`` as a child; yields the environment variables for its clients."""
    with tempfile.TemporaryDirectory(prefix="veza-logs-") as directory:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.tools.log_server", directory, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            if not child.stdout.readline():
                raise RuntimeError("the log server did not start")
            yield {
                "KUBECONFIG": f"{directory}/kubeconfig",
                "VEZA_WORKSPACE": f"{directory}/workspace",
                "XDG_STATE_HOME": f"{directory}/state",
            }
        finally:
            child.stdin.close()
            child.stdout.close()
            child.kill()
            child.wait()


def cpu_of(argv: Sequence[str], env: dict[str, str]) -> tuple[int, float]:
    """(lines on stdout, CPU seconds) of a child that runs to its end."""
    child = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **env}, cwd=ROOT
    )
    assert child.stdout is not None
    lines = 0
    while data := os.read(child.stdout.fileno(), 1 << 16):
        lines += data.count(b"\n")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    return lines, usage.ru_utime + usage.ru_stime


def per_line(lines: int, times: int = 3) -> dict[str, float]:
    """Microseconds of CPU per line, start-up included, medians of turns; ``kubectl`` is absent where it is not."""
    ours = [sys.executable, "-m", "veza_tui", "logs", "logs", "web-0"]
    found: dict[str, list[float]] = {"ours": [], "kubectl": []}
    kubectl = shutil.which("kubectl")
    with log_server("--lines", str(lines), "--ends") as env:
        for _ in range(times):
            for name, argv in (("kubectl", [kubectl or "", "logs", "-f", "web-0", "-n", "logs"]), ("ours", ours)):
                if name == "kubectl" and kubectl is None:
                    continue
                got, cpu = cpu_of(argv, env)
                if got != lines:
                    raise RuntimeError(f"{name} printed {got} of {lines} lines")
                found[name].append(cpu / got * 1e6)
    return {name: statistics.median(values) for name, values in found.items() if values}


def screen(pods: int = 12, rate: int = 6000, seconds: float = 8.0) -> dict[str, Any]:
    """The logs screen of the whole environment at ``pods * rate`` lines a second: lines taken, keys, memory, bytes."""
    argv = [sys.executable, "-m", "veza_tui"]
    with (
        log_server("--pods", str(pods), "--rate", str(rate)) as env,
        Terminal(argv, columns=160, rows=50, env=env, cwd=ROOT) as terminal,
    ):
        terminal.wait_for(lambda lines: any("web-" in line for line in lines), 20)
        terminal.send("L")
        terminal.wait_for(lambda lines: "LOGS" in lines[1] and "following" in lines[1] and "line " in lines[20], 20)
        terminal.pump(3.0)
        begun, cpu, lines = time.monotonic(), terminal.cpu(), _taken(terminal)
        terminal.pump(seconds)
        taken, took = _taken(terminal) - lines, time.monotonic() - begun
        used = (terminal.cpu() - cpu) / took * 100
        waits = []
        for _ in range(12):
            waits.append(_answer(terminal, "z", "wrap \u00b7"))
            terminal.pump(0.31)
        terminal.send("k")
        terminal.pump(1.0)
        held = terminal.lines[2:48]
        sent = terminal.pump(3.0)
        still = terminal.lines[2:48] == held
        return {
            "rate": taken / took,
            "cpu": used,
            "key": statistics.median(waits),
            "slowest key": max(waits),
            "held bytes": sent / 3.0,
            "still": still,
            "rss": terminal.rss() / 1e6,
        }


def _taken(terminal: Terminal) -> int:
    """Lines that came so far: those kept and those dropped, from the screen's title."""
    words = terminal.lines[1].replace(",", "").replace("\u00b7", " ").split()
    return sum(int(words[i - 1]) for i, word in enumerate(words) if word in ("lines", "dropped"))


def _answer(terminal: Terminal, key: str, word: str) -> float:
    """Milliseconds from a key until the title says the other thing."""
    before = word in terminal.lines[1]
    begun = time.monotonic()
    terminal.send(key)
    while (word in terminal.lines[1]) is before:
        terminal.pump(0.002)
        if time.monotonic() - begun > 5:
            raise TimeoutError(f"{key} was not answered")
    return (time.monotonic() - begun) * 1000


def report(*, screen_alone: bool = False) -> int:
    """Print the numbers; 1 when a budget is exceeded."""
    good = True
    # As pip leaves an installed package: a checkout would be compiled anew at every start where Python may not write.
    compileall.compile_dir(f"{ROOT}/veza_tui", quiet=1)
    for size in () if screen_alone else SIZES:
        costs = per_line(size)
        print(f"  CPU of {size:>9,} lines followed            {costs['ours'] * size / 1e6:.2f} s", end="")
        if "kubectl" not in costs:
            print("; no kubectl here")
            continue
        ratio = costs["ours"] / costs["kubectl"]
        judged = size >= JUDGED
        good = good and (ratio <= 1.5 or not judged)
        budget = f" (budget 1.5  {'pass' if ratio <= 1.5 else 'FAIL'})" if judged else " (the start alone)"
        print(f"; kubectl logs -f {costs['kubectl'] * size / 1e6:.2f} s: {ratio:.2f} times{budget}", flush=True)
    found = screen()
    good = good and found["rate"] >= 60_000 and found["slowest key"] <= 100 and found["still"]
    rows = (
        ("12 pods on the screen", f"{found['rate']:,.0f} lines/s (budget 60,000), CPU {found['cpu']:.0f} %"),
        ("a key", f"{found['key']:.0f} ms, slowest {found['slowest key']:.0f} (budget 100)"),
        ("scrolled up", f"{found['held bytes']:.0f} B/s, still: {found['still']}"),
        ("resident memory", f"{found['rss']:.0f} MB"),
    )
    for name, words in rows:
        print(f"  {name:<39} {words}")
    return 0 if good else 1


def main() -> int:
    """By itself."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; numbers want a quiet machine\n")
    return report(screen_alone="--screen" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
