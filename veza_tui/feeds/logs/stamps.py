"""From chunks of bytes to whole stamped lines, at the speed of C where the server speaks as Kubernetes does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from veza_tui.model.log import STAMP
from veza_tui.model.text import printable
from veza_tui.ports.cluster import ClusterError

_ALL = re.compile(rb"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z .*+\n)++")
_ANY = re.compile(rb"(\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)(?: |$)")
_KUBELET = re.compile(rb"unable to retrieve container logs for |failed to try resolving symlinks in path ")
_EPOCH = b"1970-01-01T00:00:00.000000000Z "


class LogGone(ClusterError):
    """The kubelet said in the log's place that it has none: with a 200, as text without a stamp.

    Source: k8s.io/kubernetes pkg/kubelet/kuberuntime (GetContainerLogs) and pkg/kubelet/kuberuntime/logs, 1.34.
    """


def stamp_of(seconds: float) -> bytes:
    """30 bytes of UTC for Unix seconds."""
    whole = datetime.fromtimestamp(seconds, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S.%f").encode() + b"000Z"


def seconds_of(stamp: bytes) -> float:
    """Unix seconds of a stamp's 30 bytes; 0.0 when it is none."""
    try:
        whole = datetime.strptime(stamp[:19].decode(), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        return whole.timestamp() + int(stamp[20:29] or b"0") / 1e9
    except (ValueError, OverflowError):
        return 0.0


def since(stamp: bytes, back: int = 1) -> str:
    """RFC 3339 in whole seconds, ``back`` seconds before ``stamp``: the API server cuts fractions off."""
    return datetime.fromtimestamp(max(0, int(seconds_of(stamp)) - back), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Lines:
    """Whole stamped lines out of chunks. ``limit`` bytes of a line are kept; a mark says how many were cut off."""

    def __init__(self, limit: int, first: bytes = _EPOCH) -> None:
        self._limit = limit
        self._rest: list[bytes] = []
        self._held = 0
        self._cut = 0
        self._told = ""
        self._last = first if len(first) == STAMP else first[:30] + b" "

    def feed(self, chunk: bytes) -> bytes:
        """The lines that are whole now, each with its newline; b"" for none."""
        end = chunk.rfind(b"\n")
        if end < 0:
            self._keep(chunk)
            return b""
        data = chunk[: end + 1]
        if self._rest:
            head, data = self._finish(data)
            data = head + data
        if end + 1 < len(chunk):
            self._keep(chunk[end + 1 :])
        if not data:
            return data
        if len(data) > self._limit:
            data = self._shorten(data)
        if _ALL.fullmatch(data) is None:
            data = b"".join([self._stamped(line) for line in data.split(b"\n")[:-1]])
        if data:
            start = data.rfind(b"\n", 0, -1) + 1
            self._last = data[start : start + STAMP]
        return data

    def check(self) -> None:
        """
        Raises:
            LogGone: what came was, or ended with, the kubelet's word that there is no log.
        """
        if self._told:
            raise LogGone(self._told, status=404, reason="LogGone")

    def end(self) -> bytes:
        """What is left when the stream ends without a newline, as a line; b"" for nothing."""
        return self.feed(b"\n") if self._rest else b""

    def drop(self) -> None:
        """Forget an unfinished line: the stream broke inside it."""
        self._rest.clear()
        self._held = self._cut = 0

    def _keep(self, piece: bytes) -> None:
        room = self._limit + STAMP - self._held
        if len(piece) > room:
            self._cut += len(piece) - max(room, 0)
            piece = piece[: max(room, 0)]
        if piece:
            self._rest.append(piece)
            self._held += len(piece)

    def _finish(self, data: bytes) -> tuple[bytes, bytes]:
        end = data.index(b"\n")
        self._keep(data[:end])
        line = b"".join(self._rest) + (_mark(self._cut) if self._cut else b"") + b"\n"
        self.drop()
        return line, data[end + 1 :]

    def _shorten(self, data: bytes) -> bytes:
        most = self._limit + STAMP
        lines = data.split(b"\n")
        # A line that was cut already is longer by its mark alone.
        if max(map(len, lines)) <= most + 40:
            return data
        return b"\n".join([line if len(line) <= most + 40 else line[:most] + _mark(len(line) - most) for line in lines])

    def _stamped(self, line: bytes) -> bytes:
        found = _ANY.match(line)
        if found is None and _KUBELET.match(line):
            self._told = printable(line.decode(errors="replace"), limit=160)
            return b""
        if found is None:
            # No stamp: a message of the server's own, or the end of a line whose beginning is older than asked for.
            return self._last + line + b"\n"
        clock, fraction, zone = found.groups()
        if zone != b"Z":
            clock = _to_utc(clock, zone)
        self._last = clock + b"." + (fraction or b"").ljust(9, b"0") + b"Z "
        return self._last + line[found.end() :] + b"\n"


def _mark(cut: int) -> bytes:
    return f"… [{cut} bytes cut]".encode()


def _to_utc(clock: bytes, zone: bytes) -> bytes:
    try:
        local = datetime.strptime(clock.decode(), "%Y-%m-%dT%H:%M:%S")
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        return (local + offset if zone[:1] == b"-" else local - offset).strftime("%Y-%m-%dT%H:%M:%S").encode()
    except (ValueError, OverflowError):
        return clock
