"""A container's log: a ring of bounded size with time stamps, previous instance kept, followers woken."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from itertools import islice

from veza_tui.embedded.cluster.objects import rfc3339_nano

MAX_BYTES = 1 << 20
"""Bytes of text kept per container instance; the oldest lines go first, as at a rotation of containerd's log file."""
_CHUNK = 32 << 10


class LogRing:
    """Lines of one container instance."""

    __slots__ = ("_last_ns", "_lines", "_partial", "_size", "_wake", "closed", "first", "limit")

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._lines: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._wake: list[asyncio.Future[None]] = []
        self._last_ns = 0
        self._partial = b""
        self.limit = limit
        self.first = 0
        """Number of the oldest line still kept."""
        self.closed = False

    def __len__(self) -> int:
        return len(self._lines)

    def write(self, text: str | bytes) -> None:
        """Append complete lines; a text of several lines is split."""
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text
        stamp = max(time.time_ns(), self._last_ns + 1)
        for line in data.split(b"\n"):
            self._lines.append((stamp, line + b"\n"))
            self._size += len(line) + 1
            stamp += 1
        self._last_ns = stamp - 1
        while self._size > self.limit and len(self._lines) > 1:
            self._size -= len(self._lines.popleft()[1])
            self.first += 1
        self._notify()

    def feed(self, data: bytes) -> None:
        """Append raw output of a process, keeping an unfinished line back."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > 16 << 10:  # containerd splits lines at 16 KiB
            lines.append(self._partial)
            self._partial = b""
        if lines:
            self.write(b"\n".join(lines))

    def close(self) -> None:
        """The instance has ended: followers end after the last line."""
        if self._partial:
            self.write(self._partial)
            self._partial = b""
        self.closed = True
        self._notify()

    def _notify(self) -> None:
        if self._wake:
            waiting, self._wake = self._wake, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def tail_text(self, lines: int = 80, size: int = 2048) -> str:
        """The end of the log, as terminationMessagePolicy FallbackToLogsOnError takes it."""
        out = b"".join(line for _, line in list(self._lines)[-lines:])
        return out[-size:].decode("utf-8", "replace")

    async def ended(self) -> None:
        """Until the instance has ended."""
        while not self.closed:
            await self._more()

    async def _more(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wake.append(future)
        try:
            await future
        finally:
            if future in self._wake:
                self._wake.remove(future)

    def _from(self, index: int) -> list[tuple[int, bytes]]:
        # A deque is slow in its middle: walk from the nearer end (followers are always near the right one).
        count = len(self._lines) - index
        if count <= 0:
            return []
        if count < index:
            return list(islice(reversed(self._lines), count))[::-1]
        return list(islice(self._lines, index, None))

    async def read(
        self,
        *,
        follow: bool = False,
        since_ns: int = 0,
        tail: int | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Chunks of lines, from ``since_ns`` and at most the last ``tail``, cut after ``limit_bytes``.

        With ``follow`` it waits for more until the instance has ended.
        """
        start = self.first
        if since_ns:
            for stamp, _ in self._lines:
                if stamp >= since_ns:
                    break
                start += 1
        if tail is not None and tail >= 0:
            start = max(start, self.first + len(self._lines) - tail)
        left = limit_bytes if limit_bytes is not None else -1
        position = start
        while True:
            position = max(position, self.first)  # what was rotated away meanwhile is lost, as on a node
            batch: list[bytes] = []
            size = 0
            end = self.first + len(self._lines)
            index = position - self.first
            lines = self._from(index)
            for stamp, line in lines:
                out = rfc3339_nano(stamp).encode() + b" " + line if timestamps else line
                batch.append(out)
                size += len(out)
                position += 1
                if size >= _CHUNK:
                    break
            if batch:
                chunk = b"".join(batch)
                if left >= 0:
                    chunk = chunk[:left]
                    left -= len(chunk)
                if chunk:
                    yield chunk
                if left == 0:
                    return
                if position < end:
                    await asyncio.sleep(0)
                continue
            if not follow or self.closed:
                return
            await self._more()
