"""A demo starts quickly, several run side by side, and nothing of it is left however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import DemoPlatform

    Demo = Callable[..., AbstractContextManager[DemoPlatform]]

pytestmark = pytest.mark.integration
SMALL = ("--rows", "6000", "--time-scale", "0.2", "--traffic", "0")
DEMO = [sys.executable, "-m", "veza_tui", "demo", "--headless", *SMALL]


class Family:
    """All processes of a demo, found by descent (Valkey and PostgreSQL overwrite their environment)."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.home = Path(ready["environment"]["VEZA_DEMO_ID"])
        self.members = dict(_family(ready["pid"]))

    def left(self, seconds: float = 10) -> list[str]:
        """Who of them still lives after at most ``seconds``."""
        deadline = time.monotonic() + seconds
        while True:
            left = [name for pid, (born, name) in self.members.items() if _stat(pid)[:2] == (born, name)]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)

    def removed(self, seconds: float = 10) -> bool:
        """Whether the temporary directory is gone after at most ``seconds``."""
        deadline = time.monotonic() + seconds
        while self.home.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.home.exists()


def _stat(pid: int) -> tuple[str, str, str]:
    """(start time, name, state); empty when it is gone or only waits to be reaped."""
    with contextlib.suppress(OSError):
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        fields = rest.split()
        if fields[0] != "Z":
            return fields[19], name, fields[0]
    return "", "", ""


def _family(pid: int) -> list[tuple[int, tuple[str, str]]]:
    found = [(pid, _stat(pid)[:2])]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    return found


def started(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    ready: dict[str, Any] = json.loads(process.stdout.readline())
    process.stdout.close()
    return ready


@contextlib.contextmanager
def headless(command: Sequence[str] = DEMO) -> Iterator[subprocess.Popen[bytes]]:
    """A demo without the fixture's help; killed when the test fails."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ends_on_a_signal_and_removes_what_it_made(number: signal.Signals) -> None:
    with headless() as process:
        _ends_on(process, number)


def _ends_on(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    ready = started(process)
    assert set(ready) >= {"kubeconfig", "workspace", "postgres", "cache", "pid"}
    assert ready["pid"] == process.pid
    family = Family(ready)
    assert sum(name == "valkey-server" for _, name in family.members.values()) == 3
    assert sum(name == "postgres" for _, name in family.members.values()) > 5
    kubeconfig = Path(ready["kubeconfig"])
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    assert kubeconfig.parent.parent.stat().st_mode & 0o777 == 0o700
    process.send_signal(number)
    assert process.wait(15) == 0
    assert family.left() == []
    assert not kubeconfig.parent.parent.exists()


def test_children_die_with_a_killed_demo() -> None:
    with headless() as process:
        family = Family(started(process))
    assert family.left() == []


def test_ends_when_its_parent_is_killed() -> None:
    script = (
        "import subprocess, sys, time\n"
        "P = subprocess.PIPE\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=P, stdout=P, start_new_session=True)\n"
        "print(child.stdout.readline().decode(), end='', flush=True)\n"
        "time.sleep(600)\n"
    )
    demo = [*DEMO, "--with-parent"]
    with headless([sys.executable, "-c", script, *demo]) as parent:
        family = Family(started(parent))
    assert family.left() == []
    assert family.removed()


def test_stops_while_it_starts() -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"starting PostgreSQL" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
        assert output == b""
        assert process.returncode == 0


def test_ends_what_left_its_parent(demo: Demo) -> None:
    with demo(*SMALL) as platform:
        family = Family(platform.ready)
        child = subprocess.Popen(
            ["sleep", "600"], env={**os.environ, **platform.ready["environment"]}, start_new_session=True
        )
    assert child.wait(5) == -signal.SIGTERM
    assert family.left() == []


def test_two_side_by_side_and_a_kept_state(demo: Demo, tmp_path: Path) -> None:
    with demo(*SMALL, "--state", str(tmp_path / "kept")) as one:
        import psycopg

        with demo(*SMALL) as two:
            assert one.ready["postgres"]["port"] != two.ready["postgres"]["port"]
        with psycopg.connect(one.dsn("veza_production"), autocommit=True) as connection:
            connection.execute("INSERT INTO messages (room_id, author_id, body) VALUES (1, 1, 'kept')")
        secrets = (one.workspace / "secrets/production.env").read_text()
        second = subprocess.run(
            [sys.executable, "-m", "veza_tui", "demo", "--headless", "--state", str(tmp_path / "kept")],
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert second.returncode == 5
        assert b"another demo runs on" in second.stderr
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    with demo(*SMALL, "--state", str(tmp_path / "kept")) as again:
        assert (again.workspace / "secrets/production.env").read_text() == secrets
        with psycopg.connect(again.dsn("veza_production")) as connection:
            row = connection.execute("SELECT count(*) FROM messages WHERE body = 'kept'").fetchone()
            assert row == (1,)


def test_an_unknown_incident_is_one_clear_line() -> None:
    command = [sys.executable, "-m", "veza_tui", "demo", "--headless", "--incident", "fire"]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"there is no incident 'fire'" in result.stderr


@pytest.mark.parametrize("way", ["hangup", "term", "kill"])
def test_the_screen_takes_the_platform_with_it(way: str) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-m", "veza_tui", "demo", *SMALL])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    try:
        family = _platform_of(pid, terminal)
        if way == "hangup":
            os.close(terminal)
            terminal = -1
        else:
            os.kill(pid, signal.SIGTERM if way == "term" else signal.SIGKILL)
        assert family.left() == []
        assert family.removed()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if terminal >= 0:
            os.close(terminal)


def _platform_of(pid: int, terminal: int) -> Family:
    """Wait until the screen of process ``pid`` paints; the family of its platform."""
    seen, deadline = b"", time.monotonic() + 20
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                seen += os.read(terminal, 65536)
        if b"\x1b[?1049h" in seen and b"production" in seen.lower():
            break
    else:
        raise AssertionError(f"no screen: {seen[-500:]!r}")
    for child, _ in _family(pid):
        for server, (_, name) in _family(child):
            if name == "postgres":
                for entry in Path(f"/proc/{server}/environ").read_bytes().split(b"\0"):
                    if entry.startswith(b"VEZA_DEMO_ID="):
                        home = entry.partition(b"=")[2].decode()
                        return Family({"environment": {"VEZA_DEMO_ID": home}, "pid": pid})
    raise AssertionError("the screen has no platform")
