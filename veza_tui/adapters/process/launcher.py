"""Starts the runner: veza-tui itself, in a session of its own, with nothing of the terminal left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from veza_tui.adapters.process.liveness import is_alive, record_of, send_signal
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable
from veza_tui.ports.runner import Handshake, RunnerRecord

# -P: a file named like a module in the current directory is not imported.
COMMAND: tuple[str, ...] = (sys.executable, "-P", "-m", "veza_tui")

# What belongs to a terminal and would mislead a process that has none.
_TERMINAL = ("COLUMNS", "LINES", "TMUX", "TMUX_PANE", "STY", "WINDOWID", "TEXTUAL", "TEXTUAL_FPS", "TEXTUAL_ANIMATIONS")


class ProcessRunners:
    """The processes of this machine (``ports.runner.Runners``)."""

    def __init__(self, command: Sequence[str] = ()) -> None:
        self._command = tuple(command) or COMMAND
        self._ready: _Prepared | None = None

    def prepare(self) -> None:
        """Start a runner that imports what it needs and waits for its orders; it ends when this process does."""
        if self._ready is None:
            with contextlib.suppress(OSError):  # then it is started when it is needed
                self._ready = _Prepared(self._command)

    def dismiss(self) -> None:
        """Nothing was started: the runner that was made ready ends."""
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.dismiss()

    async def start(self, arguments: Sequence[str], log: Path, directory: Path) -> Handshake:
        """Start the runner and wait for its handshake; its environment is ours, secrets in it included."""
        return await asyncio.to_thread(self._start, arguments, log, directory)

    def alive(self, record: RunnerRecord) -> bool | None:
        """See the port."""
        return is_alive(record)

    def wake(self, record: RunnerRecord) -> bool:
        """SIGUSR1 makes the runner read its control file."""
        return send_signal(record, signal.SIGUSR1)

    def myself(self) -> RunnerRecord:
        """The record of this process."""
        return record_of(os.getpid())

    def _start(self, arguments: Sequence[str], log: Path, directory: Path) -> Handshake:
        ready, self._ready = self._ready, None
        if ready is not None and ready.order(arguments, log, directory):
            return _parse(ready.answer(), log)
        reading, writing = os.pipe()
        sink = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            child = subprocess.Popen(
                [*self._command, *arguments, "--handshake", str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=directory,
                env=runner_environment(os.environ, Path.cwd()),
                pass_fds=(writing,),
                start_new_session=True,
                umask=0o077,
            )
        finally:
            os.close(writing)
            os.close(sink)
        with os.fdopen(reading, "rb") as pipe:
            word = pipe.read()  # the end of the pipe: it has spoken and closed it, or it is dead
        child.wait()  # the child forks the runner off and ends at once
        return _parse(word, log)


class _Prepared:
    """A runner that was started before anybody knew what it would run."""

    def __init__(self, command: Sequence[str]) -> None:
        orders, self._orders = os.pipe()
        self._reading, writing = os.pipe()
        try:
            self._child = subprocess.Popen(
                [*command, "_run", "--orders", str(orders), "--handshake", str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=runner_environment(os.environ, Path.cwd()),
                pass_fds=(orders, writing),
                start_new_session=True,
                umask=0o077,
            )
        except OSError:
            os.close(self._orders)
            os.close(self._reading)
            raise
        finally:
            os.close(orders)
            os.close(writing)

    def order(self, arguments: Sequence[str], log: Path, directory: Path) -> bool:
        """Tell it what to run; False when it is dead: it has run nothing then."""
        word = {"arguments": list(arguments), "log": str(log), "directory": str(directory)}
        try:
            with os.fdopen(self._orders, "wb") as pipe:
                pipe.write(json.dumps(word).encode() + b"\n")
        except BrokenPipeError:
            os.close(self._reading)
            self._child.wait()
            return False
        return True

    def dismiss(self) -> None:
        """Close its pipes: that is its end."""
        os.close(self._orders)
        os.close(self._reading)
        self._child.wait()  # it forks the runner off and ends at once

    def answer(self) -> bytes:
        """Its handshake; empty when it died without a word."""
        with os.fdopen(self._reading, "rb") as pipe:
            word = pipe.read()
        self._child.wait()
        return word


def runner_environment(environ: Mapping[str, str], here: Path) -> dict[str, str]:
    """The runner's environment: ours, less the terminal's, with relative paths made absolute (it changes directory)."""
    out = {k: v for k, v in environ.items() if k not in _TERMINAL}
    if out.get("KUBECONFIG"):
        out["KUBECONFIG"] = os.pathsep.join(str(here / part) for part in out["KUBECONFIG"].split(os.pathsep) if part)
    if out.get("PYTHONPATH"):
        out["PYTHONPATH"] = os.pathsep.join(str(here / part) for part in out["PYTHONPATH"].split(os.pathsep) if part)
    out["PYTHONUNBUFFERED"] = "1"
    return out


def _parse(word: bytes, log: Path) -> Handshake:
    try:
        raw = json.loads(word)
        return Handshake(int(raw["exit"]), str(raw.get("message", "")), str(raw.get("hint", "")))
    except (ValueError, KeyError, TypeError):
        tail = log.read_bytes()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return Handshake(Exit.FAILED, log=printable(tail[-1], limit=300) if tail else "")
