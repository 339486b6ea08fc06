"""The words and marks that the scanner of plain dumps looks for."""

from __future__ import annotations

import re

WORD = rb"[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*"
PLAIN = re.compile(rb"['\"\\;$()]|--|/\*")
# At a statement's start, and in CREATE FUNCTION or PROCEDURE, words matter: psql counts BEGIN, CASE and END there.
RICH = re.compile(rb"['\"\\;$()]|--|/\*|" + WORD)
E_QUOTE = re.compile(rb"['\\]")
LINE_END = re.compile(rb"[\n\r]")
COMMENT = re.compile(rb"/\*|\*/")
DOLLAR = re.compile(rb"\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$")
DOLLAR_RUN = re.compile(rb"\$[A-Za-z0-9_\x80-\xff]*")
# A string goes on after white space with a line end in it (SQL's rule): what follows is read by the same rules.
BETWEEN = re.compile(rb"(?:[ \t\f\v]|--[^\n\r]*)*(?:[\n\r](?:[ \t\n\r\f\v]+|--[^\n\r]*(?:[\n\r]|$))*)?")
LEADING = re.compile(rb"(?:\s+|--[^\n\r]*(?:[\n\r]|$))*")
META = re.compile(rb"\\(?:(restrict|unrestrict)[ \t]+[A-Za-z0-9]+|(connect|c)[ \t]+([^\n]+?))[ \t]*\r?", re.I)
VERSION = re.compile(rb"^-- Dumped from database version ([0-9][^\s]*)", re.M)
COMPLETE = b"-- PostgreSQL database dump complete"
HOLD = 256
"""Bytes kept back so that no token is cut by the end of a block."""
LONGEST = 512 << 20
"""Bytes of one statement; larger ones are refused rather than held in memory."""
ROUTINES = ((b"create", b"function"), (b"create", b"procedure"))


def begins_routine(words: tuple[bytes, ...]) -> bool:
    """CREATE [OR REPLACE] FUNCTION or PROCEDURE."""
    replaces = words[:3] == (b"create", b"or", b"replace") and bool(words[3:4])
    return (words[:2] if not replaces else (b"create", words[3])) in ROUTINES


def ident(char: bytes) -> bool:
    return bool(char) and (char.isalnum() or char in b"_$" or char >= b"\x80")


def skip_blank(text: bytes) -> int:
    """Where the first word stands, after blank lines and comments."""
    position = 0
    while True:
        match = LEADING.match(text, position)
        position = match.end() if match else position
        if not text.startswith(b"/*", position):
            return position
        depth = 0
        for token in COMMENT.finditer(text, position):
            depth += 1 if token[0] == b"/*" else -1
            if not depth:
                position = token.end()
                break
        else:
            return position


def end_mark(data: bytes, start: int, line_begins: bool) -> int:
    r"""Where ``\.`` stands alone on its line, which ends the rows of a COPY; -1 when it is not there."""
    if line_begins and data.startswith((b"\\.\n", b"\\.\r\n"), start):
        return start
    at = data.find(b"\n\\.", start)
    while at >= 0 and not data.startswith((b"\n", b"\r\n"), at + 3):
        at = data.find(b"\n\\.", at + 1)
    return at + 1 if at >= 0 else -1


def begun_mark(data: bytes, start: int, line_begins: bool) -> int:
    """How many bytes at the end may be the beginning of that mark."""
    for mark in (b"\\.\r", b"\\.", b"\\"):
        at = len(data) - len(mark)
        if at >= start and data.endswith(mark) and (data[at - 1 : at] == b"\n" if at > start else line_begins):
            return len(mark)
    return 0
