"""Log lines on stdout: whole pieces of bytes at a time, made visible; no escape sequence reaches a pipe."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from veza_tui.cli.output import coloured, progress
from veza_tui.feeds.logs.visible import harmless, text_of, visible
from veza_tui.model.log import STAMP, TAG, TAG_MORE, TAG_NOTE, Source, source_of
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.feeds.logs.match import Matcher

_COLOURS = (b"36", b"32", b"33", b"35", b"34", b"96", b"92", b"93", b"95", b"94")


class LogOutput:
    """Writes lines as the options want them. ``named`` puts the source before each line."""

    writing = False
    """Whether a write is under way, which a slow reader may block."""

    def __init__(
        self,
        sources: Mapping[int, Source],
        *,
        named: Callable[[], bool],
        timestamps: bool = False,
        matcher: Matcher | None = None,
        as_json: bool = False,
    ) -> None:
        self._sources = sources
        self._named = named
        self._timestamps = timestamps
        self._matcher = matcher
        self._json = as_json
        self._fd = sys.stdout.fileno()
        self._coloured = coloured(sys.stdout)
        self._prefixes: dict[int, tuple[str, bytes]] = {}
        self.written = 0
        sys.stdout.flush()

    @property
    def plain(self) -> bool:
        """Whether a single source's bytes can be passed on as they come."""
        return self._matcher is None and not self._json

    def raw(self, source: Source, data: bytes) -> None:
        """One source's stamped lines."""
        prefix = self._prefix(source.number) if self._named() else b""
        self.written += 1
        body = visible(data)
        if not self._timestamps:
            # Half the cost of a substitution: every line that comes here begins with its stamp.
            body = prefix + (b"\n" + prefix).join([line[STAMP:] for line in body[:-1].split(b"\n")]) + b"\n"
        elif prefix:
            body = prefix + body[:-1].replace(b"\n", b"\n" + prefix) + b"\n"
        self._write(body)

    def lines(self, lines: list[bytes]) -> None:
        """Tagged lines of all sources in order."""
        if self._matcher is not None:
            lines = self._filtered(lines)
        if self._json:
            self._write("".join([self._document(line) for line in lines]).encode())
            return
        named = self._named()
        begin = 0 if self._timestamps else STAMP
        safe = harmless(b"".join(lines))  # the tags, too: they are ASCII for the first hundred sources
        out: list[bytes] = []
        for line in lines:
            if line[-1] == TAG_NOTE:
                self._flush(out)
                self._note(line)
            elif named:
                out.append(self._prefix(source_of(line)) + (line[begin:-TAG] if safe else visible(line[begin:-TAG])))
            else:
                out.append(line[begin:-TAG] if safe else visible(line[begin:-TAG]))
        self._flush(out)

    def _flush(self, out: list[bytes]) -> None:
        if out:
            self.written += len(out)
            self._write(b"\n".join(out) + b"\n")
            out.clear()

    def _filtered(self, lines: list[bytes]) -> list[bytes]:
        """A trace passes or stays as a whole."""
        assert self._matcher is not None
        kept: list[bytes] = []
        at = 0
        while at < len(lines):
            stop = at + 1
            while stop < len(lines) and lines[stop][-1] == TAG_MORE:
                stop += 1
            if self._matcher.matches_any(lines[at:stop]):
                kept += lines[at:stop]
            at = stop
        return kept

    def _note(self, line: bytes) -> None:
        source = self._sources[source_of(line)]
        progress(f"veza-tui: {source.pod}/{source.container}: {text_of(line[STAMP:-TAG])}")

    def _document(self, line: bytes) -> str:
        source = self._sources[source_of(line)]
        text = text_of(line[STAMP:-TAG])
        out: dict[str, str] = {"time": line[:30].decode("ascii", "replace"), "pod": source.pod}
        out["container"] = source.container
        if line[-1] == TAG_NOTE:
            out["note"] = text
        else:
            from veza_tui.feeds.logs.parse import level_of

            self.written += 1
            out["level"] = level_of(text).name.lower()
            out["line"] = text
        return json.dumps(out, ensure_ascii=not text.isprintable()) + "\n"

    def _prefix(self, number: int) -> bytes:
        source = self._sources[number]
        known = self._prefixes.get(number)
        if known is not None and known[0] == source.short:
            return known[1]
        if not self._coloured:
            # In a pipe the whole name, for what reads it.
            made = printable(f"{source.pod}/{source.container} ").encode()
        else:
            colour = _COLOURS[hash_of(source.pod) % len(_COLOURS)]
            made = b"\x1b[" + colour + b"m" + printable(source.short or source.pod).encode() + b"\x1b[0m "
        self._prefixes[number] = (source.short, made)
        return made

    def _write(self, body: bytes) -> None:
        view = memoryview(body)
        LogOutput.writing = True
        try:
            while view:
                try:
                    view = view[os.write(self._fd, view) :]
                except BlockingIOError:
                    select.select((), (self._fd,), ())
        finally:
            LogOutput.writing = False

    def reader_gone(self) -> bool:
        """Whether the other end of the pipe was closed: nobody would notice while no line comes."""
        poll = select.poll()
        poll.register(self._fd, 0)
        return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


def hash_of(name: str) -> int:
    """The same number for a name in every process."""
    value = 5381
    for char in name:
        value = (value * 33 ^ ord(char)) & 0xFFFFFFFF
    return value
