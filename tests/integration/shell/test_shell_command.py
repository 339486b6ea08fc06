"""``veza-tui shell`` as a child process: pipes, a real terminal, refusals, debug containers, the record."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence

import pytest

from tests.tools.forward_client import ROOT, Lab

pytestmark = pytest.mark.integration


class Pty:
    """A program on a terminal of its own."""

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self.master, self.slave = pty.openpty()
        self.size(100, 30)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            command, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=env, cwd=ROOT, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.text = ""

    def size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, pattern: str, timeout: float = 15.0) -> str:
        """Read until the pattern is there; what came before and with it is taken away."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.text)
            if found:
                taken, self.text = self.text[: found.end()], self.text[found.end() :]
                return taken
            left = end - time.monotonic()
            assert left > 0, f"{pattern!r} is not in {self.text!r}"
            if select.select([self.master], [], [], left)[0]:
                self.text += os.read(self.master, 65536).decode(errors="replace")

    def __enter__(self) -> Pty:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def shell(lab: Lab, *arguments: str) -> Pty:
    return Pty(lab.command("shell", *arguments), lab.environment)


def test_pipes_and_the_exit_code(lab: Lab) -> None:
    data = bytes(range(256)) * 4096
    done = lab.run(
        "shell", "development", "two", "-c", "first", "--", "sh", "-c", "cat; echo oops >&2; exit 7", stdin=data
    )
    assert done.returncode == 7
    assert done.stdout == data
    assert done.stderr == b"oops\n"


def test_a_shell_reads_commands_from_a_pipe(lab: Lab) -> None:
    done = lab.run("shell", "development", "deployment/bytes", stdin=b"echo $((6*7))\nexit 3\n")
    assert (done.returncode, done.stdout) == (3, b"42\n")


def test_a_terminal_with_size_ctrl_c_and_exit_code(lab: Lab) -> None:
    with shell(lab, "development", "deployment/bytes") as term:
        term.type("stty size; echo rea''dy\r")
        assert "30 100" in term.until("ready")
        term.size(120, 40)
        os.killpg(term.process.pid, signal.SIGWINCH)
        term.type("sleep 0.3; stty size\r")
        term.until("40 120")
        term.type("sleep 1000\r")
        term.until("sleep 1000")
        time.sleep(0.2)
        term.type("\x03")
        term.type("echo aga''in; exit 5\r")
        term.until("again")
        assert term.process.wait(10) == 5
        assert termios.tcgetattr(term.slave) == term.before


def test_several_containers_ask(lab: Lab) -> None:
    silent = lab.run("shell", "development", "two")
    assert silent.returncode == 2
    assert b"first, second" in silent.stderr
    with shell(lab, "development", "two") as term:
        term.until(r"which one\?")
        time.sleep(0.1)
        term.type("2\n")
        term.type("exit 4\r")
        assert term.process.wait(10) == 4
    assert lab.audit()[-1]["detail"].startswith("two/second")


def test_a_cut_connection_puts_the_terminal_back(lab: Lab) -> None:
    with shell(lab, "development", "deployment/bytes") as term:
        term.type("printf '\\033[?1049h\\033[?25lfull''screen'; sleep 100\r")
        term.until("fullscreen")
        lab.order("stop")
        try:
            assert term.process.wait(10) == 3
            text = term.until(re.escape("\x1b[?1049l") + ".*veza-tui: [^\r\n]+")
            assert "\x1b[?25h" in text
            assert termios.tcgetattr(term.slave) == term.before
        finally:
            lab.order("start")


def test_production_asks_for_a_reason_and_is_audited(lab: Lab) -> None:
    silent = lab.run("shell", "production", "two", "-c", "first", "--", "true")
    assert silent.returncode == 2
    assert b"--reason" in silent.stderr
    arguments = ("shell", "production", "two", "-c", "first", "--reason", "disk full", "--", "sh", "-c", "secret-word")
    done = lab.run(*arguments)
    assert done.returncode == 127
    intent, outcome = lab.audit()[-2:]
    assert (intent["type"], intent["kind"], intent["reason"]) == ("intent", "shell", "disk full")
    assert outcome["exit_code"] == 127
    assert outcome["seconds"] >= 0
    assert "secret-word" not in str(lab.audit())


def test_read_only_and_missing_permission(lab: Lab) -> None:
    done = subprocess.run(
        [*lab.command()[:3], "--read-only", "-C", str(lab.workspace), "shell", "development", "two", "--", "true"],
        env=lab.environment, cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 6
    assert lab.audit()[-1]["type"] == "denial"
    path = lab.workspace / "environments" / "staging.yaml"
    text = path.read_text()
    path.write_text(text.replace('context: "admin"', 'context: "viewer"'))
    try:
        denied = lab.run("shell", "staging", "two", "-c", "first", "--", "true")
    finally:
        path.write_text(text)
    assert denied.returncode == 6
    assert b"pods/exec" in denied.stderr


def test_no_shell_says_so_and_a_debug_container_helps(lab: Lab) -> None:
    silent = lab.run("shell", "development", "bare")
    assert silent.returncode == 1
    assert b"has no shell" in silent.stderr
    assert b"--debug-image" in silent.stderr
    done = lab.run("shell", "development", "bare", "--debug-image", "busybox:1.37", stdin=b"echo inside; exit 9\n")
    assert (done.returncode, done.stdout) == (9, b"inside\n")
    with shell(lab, "development", "bare") as term:
        term.until(r"Add a debug container .*\[y/N\] ")
        time.sleep(0.1)
        term.type("n\n")
        assert term.process.wait(10) == 1
    kinds = [(line["type"], line.get("kind")) for line in lab.audit()]
    assert ("intent", "debug-container") in kinds


def test_a_program_that_is_not_there(lab: Lab) -> None:
    done = lab.run("shell", "development", "two", "-c", "first", "--", "no-such-program")
    assert done.returncode == 1
    assert b"has no program no-such-program" in done.stderr
