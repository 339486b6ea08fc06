"""Reads what pg_dump writes to files of its own (custom and directory archives) right behind it, to digest the rows."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from veza_tui.adapters.postgres.archive_rows import Archive, Decoder
from veza_tui.adapters.postgres.process import give_way
from veza_tui.adapters.postgres.row_digests import ArchivedRows, Rows

_BLOCK = 1 << 18
_PAUSE = 0.04
_SEARCH = 0.05
"""The part of the time that may go into looking at a folder of thousands of files."""
_TABLE = re.compile(r"(\d+)\.dat(?:\.gz|\.zst)?")


class Behind:
    """A file, or the folder of a directory archive: read in a thread while it grows."""

    def __init__(self, path: Path, decoder: Callable[[], Decoder]) -> None:
        self._path = path
        self._decoder = decoder
        self._archive = Archive(decoder)
        self._read = 0
        self._tables: dict[str, _Table] = {}
        self._failed = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="rows", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The dump is given up."""
        self._ended.set()
        self._thread.join()

    def result(self) -> dict[str, Rows]:
        """After pg_dump's end: by ``table_key``; empty when it cannot be told."""
        self.stop()
        self._step()
        if self._failed:
            return {}
        if not self._path.is_dir():
            return self._archive.result()
        self._archive.feed((self._path / "toc.dat").read_bytes())
        return {key: self._of(number) for number, key in self._archive.tables.items()}

    def _of(self, number: int) -> Rows:
        name = next((n for n in (f"{number}.dat", f"{number}.dat.gz", f"{number}.dat.zst") if n in self._tables), "")
        return self._tables[name].rows.result() if name else Rows(0, "")

    def _follow(self) -> None:
        pause = _PAUSE
        give_way()
        while not self._ended.wait(pause):
            pause = max(_PAUSE, self._step() / _SEARCH)

    def _step(self) -> float:
        """What was added; returns how many seconds the search for it took."""
        began = time.monotonic()
        took = 0.0
        try:
            if self._path.is_dir():
                grown = [(e.name, e.stat().st_size) for e in os.scandir(self._path) if _TABLE.fullmatch(e.name)]
                took = time.monotonic() - began
                for name, size in grown:
                    table = self._tables.get(name) or self._tables.setdefault(name, _Table(self._decoder()))
                    if size > table.read:
                        table.follow(self._path / name)
            elif self._path.exists():
                self._read = _blocks(self._path, self._read, self._archive.feed)
        except Exception:
            self._failed = True
        return took


class _Table:
    """One table's file. Its decoder goes when its stream has ended: there may be thousands."""

    def __init__(self, decoder: Decoder) -> None:
        self.read = 0
        self.rows = ArchivedRows()
        self._decoder: Decoder | None = decoder

    def follow(self, path: Path) -> None:
        self.read = _blocks(path, self.read, self._feed)

    def _feed(self, block: bytes) -> None:
        if self._decoder is None:
            raise ValueError("bytes after the end of a stream")
        for piece in self._decoder.pieces(block):
            self.rows.feed(piece)
        if self._decoder.ended:
            self._decoder = None


def _blocks(path: Path, start: int, feed: Callable[[bytes], object]) -> int:
    """Feed the file's bytes from ``start`` on; returns where it ends."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while block := file.read(_BLOCK):
            start += len(block)
            feed(block)
    return start
