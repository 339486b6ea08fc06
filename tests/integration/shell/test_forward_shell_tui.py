"""The real screen on a pty: a guarded forward from the dialog, the live list, a shell and back, nothing left."""

from __future__ import annotations

import signal
import socket
import subprocess

import pytest

from benchmarks.pty import Terminal
from tests.tools.forward_client import ROOT, Lab

pytestmark = pytest.mark.integration


def test_forward_list_shell_and_quit(lab: Lab) -> None:
    argv = lab.command()
    with Terminal(argv, columns=100, rows=30, env=lab.environment, cwd=str(ROOT)) as screen:

        def until(*words: str) -> None:
            screen.wait_for(lambda lines: all(any(w in line for line in lines) for w in words), 20)

        until("bytes-")
        screen.send("3")
        until("PRODUCTION veza.com", "bytes-", "live")
        screen.send("F")
        until("Forward a local port to", "service/postgres:5432")
        screen.pump(0.3)
        # The choice before the last one is the database.
        screen.send("\x1b[A")
        until("enter copies that line")
        screen.send("\x1b[A")
        until("asks how long, why and for the environment's name")
        port = free_port()
        for keys in ("\x15", f"{port}:5432", "\r"):
            screen.send(keys)
            screen.pump(0.2)
        until("for how long?")
        screen.pump(0.3)
        screen.send("\r")
        until("Why a forward to production's database?")
        screen.pump(0.3)
        screen.send("counting rows\r")
        until("Type production to go on")
        screen.pump(0.4)
        screen.send("production")
        screen.pump(0.2)
        screen.send("\r")
        until(f"127.0.0.1:{port} to")
        with socket.create_connection(("127.0.0.1", port), 10) as sock:
            sock.sendall(b"name\n")
            assert sock.recv(100).startswith(b"postgres-")
        screen.send("f")
        until("FORWARDS", f"127.0.0.1:{port}", "psql 'host=127.0.0.1", "ready", "29 min")
        screen.pump(1.0)
        assert screen.pump(1.5) == 0, "nothing changes, nothing is sent"
        screen.send("\x1b")
        until("PODS")
        screen.send("j")
        screen.pump(0.3)
        screen.send("s")
        until("Why a shell in production?")
        screen.pump(0.3)
        screen.send("looking\r")
        until("PRODUCTION", "exit to return")
        screen.send("stty size; echo al''ive\r")
        until("30 100", "alive")
        with socket.create_connection(("127.0.0.1", port), 10) as sock:
            sock.sendall(b"name\n")
            assert sock.recv(100).startswith(b"postgres-"), "forwards go on meanwhile"
        screen.send("exit 3\r")
        until("PODS", "shell in bytes-")
        screen.signal(signal.SIGTERM)
        assert screen.wait(10) == 143
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port)) != 0
    assert [line.get("reason") for line in lab.audit()[-4:]][:2] == ["counting rows", "looking"]
    kinds = [(line["type"], line.get("kind"), line.get("outcome", "")) for line in lab.audit()[-4:]]
    assert kinds[0][:2] == ("intent", "forward-database")
    assert kinds[1][:2] == ("intent", "shell")
    assert kinds[2][:2] == ("outcome", "shell")
    assert kinds[3] == ("outcome", "forward-database", "ended")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_the_help_of_both_commands_imports_no_client(lab: Lab) -> None:
    code = (
        "import sys; from veza_tui.cli.main import main\n"
        "for name in ('forward', 'shell'): main([name, '--help'])\n"
        "assert not {'aiohttp', 'kubernetes', 'textual'} & sys.modules.keys()"
    )
    done = subprocess.run([*lab.command()[:1], "-c", code], capture_output=True, cwd=ROOT, env=lab.environment)
    assert done.returncode == 0, done.stderr
