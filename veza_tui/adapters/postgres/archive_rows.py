"""The rows in an archive of pg_dump's, read as its bytes pass by.

The form is pg_dump's own and documented by its source alone (PostgreSQL, src/bin/pg_dump/pg_backup_archiver.c and
pg_backup_custom.c; archive versions 1.14 to 1.16, which are PostgreSQL 12 to 18). What is not understood has no
digest: the caller then asks the server.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

from veza_tui.adapters.postgres.row_digests import ArchivedRows, Rows, table_key
from veza_tui.adapters.postgres.statements import judge

_VERSIONS = ((1, 14), (1, 15), (1, 16))
_DATA, _BLOBS = 1, 3
_CUSTOM = 1
_PIECE = 1 << 20
"""Bytes that are held at once: a row may be 1 GB long, and what is compressed may be thousands of times as much."""


class Unreadable(Exception):
    """Not as the sources say."""


class Decoder(Protocol):
    """One table's stream."""

    @property
    def ended(self) -> bool:
        """Whether the stream says that nothing follows."""
        ...

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What these bytes hold, no piece longer than a megabyte or than ``data``."""
        ...


class _Stored:
    """Not compressed."""

    ended = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """As it is."""
        yield data


class _Gzip:
    """zlib's header (custom) or gzip's (directory)."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(47)

    @property
    def ended(self) -> bool:
        """After its sum."""
        return self._stream.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Also what the stream holds back when a piece is full."""
        full = False
        while data or full:
            piece = self._stream.decompress(data, _PIECE)
            data, full = self._stream.unconsumed_tail, len(piece) == _PIECE
            yield piece


class _Zstandard:
    """``stream``: the library's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def ended(self) -> bool:
        """After its frame."""
        return bool(self._stream.eof)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """It keeps what it was given until all of it was asked for."""
        yield self._stream.decompress(data, _PIECE)
        while not (self._stream.eof or self._stream.needs_input):
            yield self._stream.decompress(b"", _PIECE)


def decoder_for(compression: str) -> Callable[[], Decoder] | None:
    """How the tables of an archive made with this ``--compress`` are read; None when they are not."""
    method = compression.partition(":")[0]
    if method in ("none", "0"):
        return _Stored
    if method == "zstd":
        return _zstd()
    return _Gzip if method == "gzip" or method.isdigit() else None


def _zstd() -> Callable[[], Decoder]:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor
    else:
        from backports.zstd import ZstdDecompressor
    return lambda: _Zstandard(ZstdDecompressor())


class Archive:
    """Header, contents and, of a custom archive, the data: fed in blocks of any size."""

    def __init__(self, decoder: Callable[[], Decoder]) -> None:
        self._decoder = decoder
        self._buffer = bytearray()
        self._read = 0
        self._failed = False
        self._int_size = self._offset_size = 0
        self.tables: dict[int, str] = {}
        """``table_key`` by the number of its data in the archive."""
        self._found: dict[str, Rows] = {}
        self._reader = self._archive()
        self._needs = next(self._reader)

    def feed(self, block: bytes) -> None:
        """The next bytes."""
        if self._failed:
            return
        self._buffer += block
        try:
            while len(self._buffer) - self._read >= self._needs:
                start, self._read = self._read, self._read + self._needs
                self._needs = self._reader.send(bytes(memoryview(self._buffer)[start : self._read]))
        except Exception:  # whatever it stumbles over: the server can tell the digests
            self._failed = True
        del self._buffer[: self._read]
        self._read = 0

    def result(self) -> dict[str, Rows]:
        """At the archive's end."""
        return {} if self._failed else self._found

    def _archive(self) -> Generator[int, bytes, None]:
        if (yield 5) != b"PGDMP":
            raise Unreadable
        major, minor, _, self._int_size, self._offset_size, form = yield 6
        if (major, minor) not in _VERSIONS:
            raise Unreadable
        if minor >= 15:
            yield 1  # the compression's method
        else:
            yield from self._int()
        for _ in range(7):  # the time of the dump
            yield from self._int()
        for _ in range(3):  # database, versions
            yield from self._text()
        yield from self._contents(minor, form)
        if form == _CUSTOM:
            yield from self._data()
        else:
            yield 1

    def _contents(self, minor: int, form: int) -> Generator[int, bytes, None]:
        for _ in range((yield from self._int())):
            number = yield from self._int()
            yield from self._int()
            for _ in range(2):  # the object in the catalog
                yield from self._text()
            tag = yield from self._text()
            kind = yield from self._text()
            yield from self._int()
            for _ in range(2):  # what makes it, what drops it
                yield from self._text()
            copy = yield from self._text()
            schema = yield from self._text()
            for _ in range(2):  # tablespace, access method
                yield from self._text()
            if minor >= 16:
                yield from self._int()
            for _ in range(2):  # owner, WITH OIDS
                yield from self._text()
            while (yield from self._text()) is not None:
                pass  # what it depends on
            if form == _CUSTOM:
                yield self._offset_size + 1
            else:
                yield from self._text()
            key = table_key((schema or b"").decode(errors="replace"), (tag or b"").decode(errors="replace"))
            # Another target: the rows of a partition that are loaded through its root.
            if kind == b"TABLE DATA" and copy and judge(copy, owners=True, server_major=0).copy == key:
                self.tables[number] = key

    def _data(self) -> Generator[int, bytes, None]:
        while True:
            kind = (yield 1)[0]
            number = yield from self._int()
            if kind == _BLOBS:
                while (yield from self._int()):
                    while size := (yield from self._int()):
                        for length in _lengths(size):
                            yield length
                continue
            if kind != _DATA:
                raise Unreadable
            key, rows, decoder = self.tables.get(number), ArchivedRows(), self._decoder()
            while size := (yield from self._int()):
                for length in _lengths(size):
                    stored = yield length
                    for piece in decoder.pieces(stored) if key is not None else ():
                        rows.feed(piece)
            if key is not None:
                self._found[key] = rows.result()

    def _int(self) -> Generator[int, bytes, int]:
        data = yield 1 + self._int_size
        value = int.from_bytes(data[1:], "little")
        return -value if data[0] else value

    def _text(self) -> Generator[int, bytes, bytes | None]:
        size = yield from self._int()
        if size < 0:
            return None
        return (yield size) if size else b""


def _lengths(size: int) -> Iterator[int]:
    """A row that is not compressed is one piece: it is taken in several."""
    for start in range(0, size, _PIECE):
        yield min(_PIECE, size - start)
