"""A small pty harness: starts a program on a terminal of its own, counts its bytes, reads its screen with pyte."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

# pyte does not know the kitty keyboard protocol, synchronised output and mode queries: they are no text.
_UNKNOWN = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[\?2026[hl]|\x1b\[[0-9;]*\$[a-z]")


class Terminal:
    """One program on one pty. Answers nothing by itself; ``bytes`` counts what the program sent."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        cwd: str | None = None,
        sync: bool = True,
    ) -> None:
        self.columns, self.rows = columns, rows
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = 0
        self.raw = bytearray()
        self._sync = sync
        self._tail = b""
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                for number in pass_fds:
                    os.set_inheritable(number, True)
                if cwd:
                    os.chdir(cwd)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})}
                for name in ("COLUMNS", "LINES"):
                    environ.pop(name, None)
                os.execvpe(command[0], list(command), environ)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.set_blocking(self.fd, False)

    def pump(self, seconds: float) -> int:
        """Read for ``seconds``; returns the bytes that came."""
        end = time.monotonic() + seconds
        before = self.bytes
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0] and not self._read():
                break
        return self.bytes - before

    def _read(self) -> bool:
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        self.bytes += len(data)
        self.raw += data
        if self._sync and b"\x1b[?2026$p" in data:
            # What a modern terminal answers: synchronised output is understood.
            os.write(self.fd, b"\x1b[?2026;2$y")
        data = self._tail + data
        # A sequence may be cut by the read; keep its beginning for the next one.
        cut = data.rfind(b"\x1b", max(0, len(data) - 16))
        whole = cut < 0 or re.match(rb"\x1b(\[[0-9;?<>=$]*[a-zA-Z~]|[^\[])", data[cut:])
        self._tail = b"" if whole else data[cut:]
        self._stream.feed(_UNKNOWN.sub(b"", data if whole else data[:cut]))
        return True

    def wait_for(self, found: Callable[[list[str]], bool], timeout: float = 10.0) -> float:
        """Seconds from the start until ``found(lines)``; raises TimeoutError with the screen."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found(self.lines):
                return time.monotonic() - self.started
            if select.select([self.fd], [], [], 0.05)[0] and not self._read():
                break
        if found(self.lines):
            return time.monotonic() - self.started
        raise TimeoutError("not on the screen:\n" + "\n".join(self.lines))

    def settle(self, quiet: float = 0.3, timeout: float = 10.0) -> None:
        """Wait until nothing came for ``quiet`` seconds."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.pump(quiet):
            pass

    @property
    def lines(self) -> list[str]:
        """The screen's text."""
        return list(self.screen.display)

    def send(self, keys: str | bytes) -> None:
        """Type."""
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal larger or smaller."""
        self.columns, self.rows = columns, rows
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def cpu(self) -> float:
        """CPU seconds of the program so far."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self) -> int:
        """Resident bytes."""
        with open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def wait(self, timeout: float = 10.0) -> int:
        """The exit code, once it has ended; negative for a signal."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise TimeoutError("it did not end")

    def hang_up(self) -> None:
        """Close the terminal's window."""
        os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        """End the program whatever it does."""
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
            self.pid = 0
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
