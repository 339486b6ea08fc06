"""Ending on TERM and HUP also when the terminal takes no more bytes.

Textual writes by a thread with a short queue: once a terminal stops reading, the event loop waits for it for ever, and
a handler of the loop is never called. So the signal is taken by the interpreter itself, which asks the loop to end and,
when that has not happened in time, ends the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

GRACE = 2.0
"""Seconds in which the screen may end by itself."""

SIGNALS = (signal.SIGHUP, signal.SIGTERM)
# Leave the alternate screen, show the cursor, stop the mouse and bracketed paste (source: xterm control sequences).
_RESTORE = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\r\n"


class Ending:
    """Handles the signals while the screen is open. ``end`` is called on the loop with 128 + the signal's number."""

    def __init__(self, end: Callable[[int], None], *, leave: Callable[[int], Any] = os._exit) -> None:
        self._end = end
        self._leave = leave
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: dict[int, Any] = {}
        self._terminal: list[Any] | None = None
        self._ends: tuple[socket.socket, socket.socket] | None = None

    def install(self, terminal: list[Any] | None = None) -> None:
        """From now on; ``terminal`` is termios' state of the terminal before the screen was opened."""
        self._loop = asyncio.get_running_loop()
        self._terminal = terminal
        try:
            for number in SIGNALS:
                # Also a second time: a shell had the signals meanwhile, what was there before it counts.
                self._before.setdefault(number, signal.signal(number, lambda *_: None))
        except ValueError:  # not in the main thread: a test
            return
        if self._ends is None:
            self._ends = socket.socketpair()
            for end in self._ends:
                end.setblocking(False)
            threading.Thread(target=self._listen, args=(self._ends[0],), name="ending", daemon=True).start()
        # The kernel may hand a signal to any thread, and the main one may be waiting in a lock: the interpreter's
        # wake-up descriptor is written to in either case, and a thread of our own reads it.
        signal.set_wakeup_fd(self._ends[1].fileno(), warn_on_full_buffer=False)

    def remove(self) -> None:
        """What was there before is there again."""
        if self._ends is None:
            return
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
        self._ends[1].close()  # ends the listener
        self._ends = None

    def _listen(self, end: socket.socket) -> None:
        end.setblocking(True)
        with end:
            while data := end.recv(16):
                for number in data:
                    if number in SIGNALS:
                        self._taken(128 + number)

    def _taken(self, code: int) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it is ending already
                self._loop.call_soon_threadsafe(self._end, code)
        threading.Thread(target=self._wait_and_leave, args=(code,), name="ending-last", daemon=True).start()

    def _wait_and_leave(self, code: int) -> None:
        threading.Event().wait(GRACE)
        with contextlib.suppress(Exception):
            self._restore()
        self._leave(code)

    def _restore(self) -> None:
        import termios

        descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
        # Whatever is queued for a terminal that does not read is thrown away.
        termios.tcflush(descriptor, termios.TCOFLUSH)
        os.set_blocking(descriptor, False)
        with contextlib.suppress(OSError):
            os.write(descriptor, _RESTORE)
        os.set_blocking(descriptor, True)
        if self._terminal is not None:
            termios.tcsetattr(descriptor, termios.TCSANOW, self._terminal)
