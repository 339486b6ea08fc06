"""The detached process: takes an operation's files, runs its plan, leaves the outcome in the journal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path

from veza_tui.model.errors import ConfigError, LockedError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.journal import JournalEvent
from veza_tui.operations.control import CancelRequest, ControlReader
from veza_tui.operations.desk import Desk
from veza_tui.operations.engine import Engine
from veza_tui.operations.gate import Gate
from veza_tui.operations.journal import Journal, JournalReader
from veza_tui.operations.past import past_of
from veza_tui.operations.stepping import trace, words
from veza_tui.operations.store import OperationStore
from veza_tui.operations.world import World
from veza_tui.ports.runner import Runners

Tell = Callable[[int, str, str], None]
"""The handshake: exit code (0: it has begun), message, hint. Only the first word counts."""

MODES = ("run", "resume", "undo")


async def run_operation(
    state: Path, operation_id: str, mode: str, runners: Runners, open_world: Callable[[str, bool], World], tell: Tell
) -> int:
    """Run it in this process; returns the outcome's exit code. ``open_world`` takes (workspace, read_only)."""
    store = OperationStore(state, runners)
    files = store.find(operation_id)
    claim = _claim(files.directory)
    try:
        plan, request = files.plan(), files.request()
        world = open_world(request.workspace, request.read_only)
        past = past_of(JournalReader(files.journal).read())
        if mode == "run" and past.attempts:
            raise ConfigError(f"operation {files.id} has run already", hint="resume or undo it")
        record = runners.myself()
        files.write_runner(record)
        journal = Journal(files.journal)

        def write(event: JournalEvent, sync: bool) -> None:
            journal.append(event, sync=sync)

        try:
            if journal.torn:
                text = f"a last line torn by a crash ({journal.torn} bytes) was cut off"
                write(JournalEvent("note", world.clock.now(), data={"text": text}), True)
            desk = Desk(state, plan, request, world.clock, record)
            engine = Engine(Gate(files, plan, request, world, write, past, desk), files)
            control = ControlReader(files.control)
            _listen(engine, control, world)
            outcome = await engine.run(mode, lambda: tell(Exit.DONE, "", ""))
            return int(outcome.exit)
        finally:
            journal.close()
            await world.close()
    except VezaError as error:
        tell(error.exit, error.message, error.hint)
        return int(error.exit)
    except Exception as error:
        trace(error)
        tell(Exit.FAILED, f"operation {operation_id}: {words(error)}", "")
        return int(Exit.FAILED)
    finally:
        os.close(claim)


def _claim(directory: Path) -> int:
    """Only one process runs an operation, whoever else tries to resume it at the same moment."""
    fd = os.open(directory / "runner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise LockedError(f"operation {directory.name} is being run by another process") from None
    return fd


def _listen(engine: Engine, control: ControlReader, world: World) -> None:
    """SIGUSR1: look at the control file. SIGTERM and SIGINT: a cancel. SIGHUP is ignored."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        for request in control.read():
            engine.cancel(request)

    def signalled() -> None:
        engine.cancel(CancelRequest("a signal", world.clock.now(), force=False))

    loop.add_signal_handler(signal.SIGUSR1, look)
    loop.add_signal_handler(signal.SIGTERM, signalled)
    loop.add_signal_handler(signal.SIGINT, signalled)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    look()
