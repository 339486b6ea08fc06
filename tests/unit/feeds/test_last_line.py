"""The line that explains a crash."""

from __future__ import annotations

import pytest

from veza_tui.feeds.last_lines import last_line

GO = b"""{"msg":"starting"}
panic: assignment to entry in nil map

goroutine 1 [running]:
main.run(...)
\t/src/stream/segmenter.go:118 +0x2f4
"""
PYTHON = b"""Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
KeyError: 'DB_URL'
"""


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"one\ntwo\n\n", "two"),
        (b'{"level":"fatal","msg":"no database","error":"refused"}\n', "no database: refused"),
        (b'{"level":"fatal"}\n', '{"level":"fatal"}'),
        (b'{"broken\n', '{"broken'),
        (b"\x1b[31mred\x1b[0m alert\n", "red alert"),
        (b"evil \x1b[2J\x07\n", "evil ␛[2J␇"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (GO, "panic: assignment to entry in nil map"),
        (PYTHON, "KeyError: 'DB_URL'"),
        (b'FATAL: DB_URL is not set\n{"level":"info","msg":"starting"}\n', "FATAL: DB_URL is not set"),
        (b"FATAL: no\n1\n2\n3\n4\nINFO up again\n", "INFO up again"),
        (b"FATAL: retried\nclosed the pool\n", "closed the pool"),
        (b"unable to retrieve container logs for containerd://5106", ""),
        (b"x" * 1000, "x" * 199 + "…"),
    ],
)
def test_last_line(data: bytes, line: str) -> None:
    assert last_line(data) == line
