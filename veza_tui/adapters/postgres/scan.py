"""Reads a plain dump as psql would, and lets through only what a dump may hold.

A plain dump is a script for psql: a backslash outside quotes, comments and COPY data begins a command of psql's, and
``\\!``, ``\\copy … program``, ``\\o |cmd`` or a backtick run a shell (CVE-2025-8714). pg_dump itself writes only
``\\connect`` (with --create) and, since August 2025, ``\\restrict`` and ``\\unrestrict``. So every other one is
refused, these are taken out, and a psql that knows ``\\restrict`` is put under it by the loader: then psql itself
refuses any.

The rules of quoting follow psql's own scanner (source: PostgreSQL, src/fe_utils/psqlscan.l); where its releases differ
among themselves, and pg_dump never writes such text, the dump is refused.
"""

from __future__ import annotations

from veza_tui.adapters.postgres.findings import Findings
from veza_tui.adapters.postgres.lexis import (
    BETWEEN,
    COMMENT,
    DOLLAR,
    DOLLAR_RUN,
    E_QUOTE,
    HOLD,
    LINE_END,
    LONGEST,
    META,
    PLAIN,
    RICH,
    begins_routine,
    begun_mark,
    end_mark,
    ident,
    skip_blank,
)
from veza_tui.adapters.postgres.statements import Verdict, judge
from veza_tui.model.text import printable
from veza_tui.ports.database import ScanReport


class PlainFilter:
    """Feed it a plain dump in blocks; it gives back what psql may see (lines keep their numbers)."""

    def __init__(self, *, owners: bool = True, server_major: int = 0) -> None:
        self._owners = owners
        self._server_major = server_major
        self._buffer = b""
        self._start = 0
        """Where the statement, or the data, that is being read begins in the buffer."""
        self._position = 0
        self._state = ""
        self._tag = b""
        self._depth = 0
        self._parens = 0
        self._begins = 0
        self._words: list[bytes] = []
        self._pattern = RICH
        self._line_begins = True
        self._copy = ""
        self._after_rows = b""
        self._line = 1
        self._head = b""
        self._tail = b""
        self._found = Findings()

    @property
    def refused(self) -> list[str]:
        """Why it may not be loaded, so far."""
        return self._found.refused

    def feed(self, data: bytes) -> bytes:
        """The next block."""
        if len(self._head) < 4096:
            self._head += data[: 4096 - len(self._head)]
        self._tail = (self._tail + data if len(data) < 4096 else data)[-4096:]
        if self._copy and self._start == len(self._buffer) and data and b"\\" not in data:
            # Most of a dump: rows alone, for the end mark has a backslash.
            self._rows(data, data.count(b"\n"))
            self._line_begins = data.endswith(b"\n")
            return data
        self._buffer = self._buffer[self._start :] + data
        self._position -= self._start
        self._start = 0
        return self._run(final=False)

    def finish(self) -> bytes:
        """The rest, at the end of the file."""
        out = self._run(final=True)
        rest = self._buffer[self._start :]
        if self._copy:
            self._refuse(f"it ends inside the data of table {self._copy}: the file is truncated")
        elif self._state not in ("", "-"):
            self._refuse("it ends inside a quotation or comment: the file is truncated")
        elif rest[skip_blank(rest) :]:
            self._refuse("it ends inside a statement: the file is truncated")
        return out

    def report(self) -> ScanReport:
        """What was seen; call it after ``finish``."""
        return self._found.report(self._head, self._tail)

    def notes(self) -> tuple[str, ...]:
        """What was left out, one line each."""
        return self._found.notes()

    def _rows(self, data: bytes | memoryview, rows: int) -> None:
        """Data of the table ``self._copy``, and how many lines end in it."""
        self._found.rows[self._copy] += rows
        self._line += rows

    def _passed(self, verdict: Verdict, text: bytes) -> bytes:
        return b"\n" * text.count(b"\n") if verdict.skip or verdict.refuse else text

    def _refuse(self, why: str) -> None:
        self._found.refuse(self._line, why)

    def _run(self, *, final: bool) -> bytes:
        out: list[bytes] = []
        while self._copy_data(out, final) if self._copy else self._sql(out, final):
            pass
        if len(self._buffer) - self._start > LONGEST:
            self._refuse(f"a statement is longer than {LONGEST >> 20} MiB")
            self._start = len(self._buffer)
            self._reset()
        return b"".join(out)

    def _copy_data(self, out: list[bytes], final: bool) -> bool:
        """Data lines up to ``\\.`` alone on its line; False when more input is needed."""
        buffer, start = self._buffer, self._start
        if final and not buffer.endswith(b"\n"):
            buffer = self._buffer = buffer + b"\n"
        at = end_mark(buffer, start, self._line_begins)
        ended = at >= 0
        cut = at if ended else len(buffer) - (0 if final else begun_mark(buffer, start, self._line_begins))
        if cut > start or ended:
            self._rows(memoryview(buffer)[start:cut], buffer.count(b"\n", start, cut))
            self._line_begins = buffer[cut - 1 : cut] == b"\n" if cut > start else self._line_begins
            if ended:
                cut = buffer.index(b"\n", at) + 1
                self._line += 1
                self._copy = ""
            out.append(buffer[start:cut] + (self._after_rows if ended else b""))
            self._start = self._position = cut
        return ended

    def _sql(self, out: list[bytes], final: bool) -> bool:
        """One statement, or one meta line; False when more input is needed."""
        limit = len(self._buffer) if final else len(self._buffer) - HOLD
        while True:
            if self._state:
                if not self._inside(limit, final):
                    return False
                continue
            match = self._pattern.search(self._buffer, self._position)
            if match is None or match.start() >= limit:
                # Not into a word: it must be seen whole.
                stop = max(self._position, limit)
                while stop > self._position and ident(self._buffer[stop - 1 : stop]):
                    stop -= 1
                self._position = stop
                return False
            token, at = match[0], match.start()
            self._position = match.end()
            if token == b"\\":
                return self._meta(at, out, final)
            if token != b";":
                self._token(token, at)
            elif not self._parens and not self._begins:
                return self._statement(out, final)

    def _token(self, token: bytes, at: int) -> None:
        before = self._buffer[at - 1 : at] if at > self._start else b""
        if token == b"'":
            self._quote(at)
        elif token == b'"':
            self._state = '"'
        elif token == b"--":
            self._state = "-"
        elif token == b"/*":
            self._state, self._depth = "*", 1
        elif token == b"(":
            self._parens += 1
        elif token == b")":
            self._parens = max(self._parens - 1, 0)
        elif token == b"$":
            quote, run = DOLLAR.match(self._buffer, at), DOLLAR_RUN.match(self._buffer, at)
            if ident(before) or (quote is None and run is not None and run.end() - at > HOLD - 8):
                self._refuse("a dollar sign where pg_dump writes none")
            if quote is not None:
                self._state, self._tag = "$", quote[0]
                self._position = quote.end()
        else:
            self._word(token.lower())

    def _quote(self, at: int) -> None:
        prefix = at
        while prefix > self._start and ident(self._buffer[prefix - 1 : prefix]) and at - prefix < 3:
            prefix -= 1
        letters = self._buffer[prefix:at].lower()
        if letters not in (b"", b"e", b"b", b"x", b"n"):
            self._refuse("a word or number right before a quotation, which releases of psql read differently")
        self._state = "e" if letters == b"e" else "q"

    def _word(self, word: bytes) -> None:
        if b"$" in word:
            self._refuse("a dollar sign where pg_dump writes none")
        if len(self._words) < 4:
            self._words.append(word)
            if word not in (b"create", b"or", b"replace", b"function", b"procedure"):
                self._words += [b""] * (4 - len(self._words))
        routine = begins_routine(tuple(w for w in self._words if w))
        if routine and not self._parens:
            if word == b"begin" or (word == b"case" and self._begins):
                self._begins += 1
            elif word == b"end" and self._begins:
                self._begins -= 1
        elif len(self._words) >= 4 and not routine:
            self._pattern = PLAIN

    def _inside(self, limit: int, final: bool) -> bool:
        """Go to the end of a quotation or comment; False when it is not in the buffer yet."""
        state, buffer = self._state, self._buffer
        if state == "$":
            at, width = buffer.find(self._tag, self._position), len(self._tag)
        elif state in ('"', "q"):
            at, width = buffer.find(b'"' if state == '"' else b"'", self._position), 1
        else:
            match = {"-": LINE_END, "e": E_QUOTE, "*": COMMENT}[state].search(buffer, self._position)
            at, width = (match.start(), len(match[0])) if match else (-1, 0)
        if at < 0 or at >= limit:
            if at < 0:
                self._position = max(self._position, limit)
            return False
        if state == "e" and buffer[at : at + 1] == b"'":
            gap = BETWEEN.match(buffer, at + 1)
            after = gap.end() if gap else at + 1
            if after >= len(buffer) and not final:
                return False
            goes_on = buffer[after : after + 1] == b"'" and LINE_END.search(buffer, at, after) is not None
            self._position = after + 1 if goes_on else at + 1
            self._state = "e" if goes_on else ""
        elif state == "e":
            self._position = at + 2
        elif state == "*":
            self._position = at + width
            self._depth += 1 if buffer[at : at + 2] == b"/*" else -1
            self._state = "*" if self._depth else ""
        else:
            self._position = at + width
            self._state = ""
        return True

    def _meta(self, at: int, out: list[bytes], final: bool) -> bool:
        end = self._buffer.find(b"\n", at)
        if end < 0 and not final:
            self._position = at
            return False
        end = len(self._buffer) if end < 0 else end + 1
        line = self._buffer[at:end].rstrip(b"\n")
        before = self._buffer[self._start : at]
        match = META.fullmatch(line)
        lines = before.count(b"\n") + 1
        self._line += lines - 1
        if before[skip_blank(before) :] or (before and not before.endswith(b"\n")) or match is None:
            shown = printable(line.decode(errors="replace"), limit=60)
            self._refuse(f"a command of psql's, which pg_dump does not write: {shown}")
        elif match[2]:
            self._found.connect(match[3].decode(errors="replace"), self._line)
        self._line += 1
        out.append(b"\n" * lines)
        self._start = end
        self._reset()
        return True

    def _statement(self, out: list[bytes], final: bool) -> bool:
        end = self._position
        text = self._buffer[self._start : end]
        verdict: Verdict = judge(text[skip_blank(text) :], owners=self._owners, server_major=self._server_major)
        if verdict.copy:
            stop = self._buffer.find(b"\n", end)
            if stop < 0 and not final:
                self._position = end - 1  # the semicolon is looked at again with the rest of its line
                return False
            if self._buffer[end : stop if stop >= 0 else len(self._buffer)].strip():
                self._refuse("text between COPY and its data")
            end = stop + 1 if stop >= 0 else len(self._buffer)
            text = self._buffer[self._start : end]
        self._found.take(verdict, self._line)
        self._line += text.count(b"\n")
        out.append(self._passed(verdict, text))
        self._start = end
        self._reset()
        if verdict.copy:
            self._copy = verdict.copy
            self._found.rows.setdefault(verdict.copy, 0)
            self._line_begins = True
        return True

    def _reset(self) -> None:
        self._position = self._start
        self._parens = self._begins = self._depth = 0
        self._state, self._pattern, self._words = "", RICH, []
