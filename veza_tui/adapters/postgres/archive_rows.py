"""The rows in an archive of pg_dump's, read as its bytes pass by.

The form is pg_dump's own and documented by its source alone (PostgreSQL, src/bin/pg_dump/pg_backup_archiver.c and
pg_backup_custom.c; archive versions 1.14 to 1.16, which are PostgreSQL 12 to 18). What is not understood has no
digest: the caller then asks the server.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Generator
from typing import Protocol

from veza_tui.adapters.postgres.row_digests import ArchivedRows, Rows, table_key
from veza_tui.adapters.postgres.statements import judge

_VERSIONS = ((1, 14), (1, 15), (1, 16))
_DATA, _BLOBS = 1, 3
_CUSTOM = 1


class Unreadable(Exception):
    """Not as the sources say."""


class Decoder(Protocol):
    """One table's stream."""

    def decompress(self, data: bytes) -> bytes:
        """What these bytes hold."""
        ...


class _Stored:
    """Not compressed."""

    def decompress(self, data: bytes) -> bytes:
        """As it is."""
        return data


def decoder_for(compression: str) -> Callable[[], Decoder] | None:
    """How the tables of an archive made with this ``--compress`` are read; None when they are not."""
    method = compression.partition(":")[0]
    if method in ("none", "0"):
        return _Stored
    if method == "zstd":
        return _zstd()
    # 47: zlib's header (custom) or gzip's (directory).
    return (lambda: zlib.decompressobj(47)) if method == "gzip" or method.isdigit() else None


def _zstd() -> Callable[[], Decoder]:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor
    else:
        from backports.zstd import ZstdDecompressor
    return ZstdDecompressor


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
                        yield size
                continue
            if kind != _DATA:
                raise Unreadable
            key, rows, decoder = self.tables.get(number), ArchivedRows(), self._decoder()
            while size := (yield from self._int()):
                piece = yield size
                if key is not None:
                    rows.feed(decoder.decompress(piece))
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
