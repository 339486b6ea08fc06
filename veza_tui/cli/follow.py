"""Follows an operation's journal on stderr; Ctrl-C asks it to cancel, a second one forces."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from typing import TYPE_CHECKING

import click

from veza_tui.model.errors import VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus
from veza_tui.model.text import printable
from veza_tui.operations.fold import TAIL, status_json

if TYPE_CHECKING:
    from veza_tui.operations.service import OperationsService

_MARKS = {
    StepState.DONE: "✔",
    StepState.FAILED: "✖",
    StepState.SKIPPED: "-",
    StepState.UNDONE: "↶",
    StepState.RUNNING: "…",
    StepState.PENDING: " ",
}


class Signals:
    """Ctrl-C asks to cancel, again forces; TERM and HUP leave. In force from before the start: none gets lost."""

    def __init__(self, service: OperationsService) -> None:
        self._service = service
        self._operation = ""
        self._asked = 0
        self.left = asyncio.Event()

    def __enter__(self) -> Signals:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGTERM, self.left.set)
        loop.add_signal_handler(signal.SIGHUP, self.left.set)
        return self

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)

    def attach(self, operation: str) -> None:
        """It has begun: what was asked until now is passed on."""
        self._operation = operation
        if self._asked:
            self._cancel()

    def _interrupt(self) -> None:
        self._asked += 1
        if self._operation:
            self._cancel()
        else:
            click.echo("\ncancel asked for, it is just starting", err=True)

    def _cancel(self) -> None:
        try:
            self._service.cancel(self._operation, force=self._asked > 1)
        except VezaError as error:
            click.echo(f"\nveza-tui: {error}", err=True)
            return
        if self._asked == 1:
            click.echo("\ncancel asked for; Ctrl-C again forces it", err=True)


async def follow(service: OperationsService, operation: str, signals: Signals, *, as_json: bool) -> int:
    """Print progress until the end; returns the outcome's exit code. Leaving does not stop the operation."""
    printer = Printer(sys.stderr.isatty())
    status = await _watch(service, operation, printer, signals.left)
    if status is None:
        click.echo(f"veza-tui: left; {operation} goes on: veza-tui operations attach {operation}", err=True)
        return Exit.TERMINATED
    printer.finish(status)
    if as_json:
        click.echo(json.dumps(status_json(status, tail=True), ensure_ascii=False))
    return exit_code(status)


def exit_code(status: OperationStatus) -> int:
    """Of the outcome; an interrupted operation failed as far as its starter can tell."""
    if status.exit is not None:
        return status.exit
    return Exit.FAILED if status.state is OperationState.INTERRUPTED else Exit.DONE


async def _watch(
    service: OperationsService, operation: str, printer: Printer, stop: asyncio.Event
) -> OperationStatus | None:
    watching = service.watch(operation)
    stopped = asyncio.ensure_future(stop.wait())
    status: OperationStatus | None = None
    try:
        while True:
            following = asyncio.ensure_future(anext(watching, None))
            await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await following
                return None
            new = following.result()
            if new is None:
                return status
            status = new
            printer.update(status)
    finally:
        stopped.cancel()


class Printer:
    """Turns statuses into lines: a step when it starts and ends, output as it comes, a bar on a terminal."""

    def __init__(self, tty: bool) -> None:
        self._tty = tty
        self._seen: dict[str, StepState] = {}
        self._state: OperationState | None = None
        self._tail: tuple[str, ...] = ()
        self._bar = ""

    def update(self, status: OperationStatus) -> None:
        """Print what is new."""
        if status.state is not self._state:
            self._state = status.state
            if status.state is OperationState.WAITING:
                self._line(f"waiting {printable(status.reason)}")
            elif status.state is OperationState.CANCELLING:
                self._line(f"cancelling: {printable(status.safe_point or status.reason)}")
        self._output(status.tail)
        for number, step in enumerate(status.steps, 1):
            if self._seen.get(step.id, StepState.PENDING) is not step.state:
                self._seen[step.id] = step.state
                self._step(number, len(status.steps), step)
        running = next((s for s in status.steps if s.state is StepState.RUNNING), None)
        self._progress(running)

    def finish(self, status: OperationStatus) -> None:
        """The last words."""
        self._clear()
        reason = f": {printable(status.reason)}" if status.reason else ""
        self._line(f"{status.id} {status.state}{reason}")
        for left in status.left:
            self._line(f"  left: {printable(left)}")

    def _step(self, number: int, count: int, step: StepStatus) -> None:
        took = "" if step.took is None else f" {step.took:.1f} s"
        detail = f" · {printable(step.detail)}" if step.detail else ""
        self._line(f"{_MARKS[step.state]} {number}/{count} {printable(step.title)}{took}{detail}")

    def _output(self, tail: tuple[str, ...]) -> None:
        if tail == self._tail:
            return
        old, self._tail = self._tail, tail
        # The tail is a window of the last TAIL lines: find how far it moved.
        new = len(tail) - len(old) if len(tail) < TAIL else _moved(old, tail)
        for line in tail[len(tail) - new :] if new else ():
            self._line(f"  │ {line}")

    def _progress(self, step: StepStatus | None) -> None:
        if not self._tty:
            return
        if step is None or (step.progress is None and not step.detail):
            self._clear()
            return
        bar = ""
        if step.progress is not None:
            filled = round(min(max(step.progress, 0.0), 1.0) * 20)
            bar = "█" * filled + "░" * (20 - filled) + f" {step.progress:4.0%} "
        text = f"  {bar}{printable(step.detail, limit=50)}"
        if text != self._bar:
            self._bar = text
            click.echo(f"\r\x1b[K{text}", err=True, nl=False)

    def _clear(self) -> None:
        if self._bar:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._bar = ""

    def _line(self, text: str) -> None:
        self._clear()
        click.echo(text, err=True)


def _moved(old: tuple[str, ...], new: tuple[str, ...]) -> int:
    for shift in range(len(new)):
        if old[max(len(old) - (len(new) - shift), 0) :] == new[: len(new) - shift]:
            return shift
    return len(new)
