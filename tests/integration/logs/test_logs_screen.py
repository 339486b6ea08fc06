"""The logs screen of the real program on a terminal of its own."""

from __future__ import annotations

import base64
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.bench_logs import log_server
from benchmarks.pty import Terminal
from veza_tui.model.text import printable

PROGRAM = [sys.executable, "-m", "veza_tui"]
COPIED = re.compile(rb"\x1b\]52;c;([^\x07]*)\x07")
PLAIN_TERMINAL = dict.fromkeys(("TMUX", "STY", "VTE_VERSION", "KONSOLE_VERSION", "TERM_PROGRAM"), "")
"""Where these tests are run says nothing about the terminal that they bring."""


@pytest.fixture
def terminal(busy: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    env = {**busy, **PLAIN_TERMINAL, "XDG_STATE_HOME": str(tmp_path)}
    with Terminal(PROGRAM, columns=100, rows=30, env=env) as made:
        made.wait_for(lambda lines: any("web-" in line for line in lines), 20)
        yield made


def logs(terminal: Terminal, key: str = "L") -> None:
    terminal.send(key)
    terminal.wait_for(lambda lines: "LOGS" in lines[1] and any("line " in line for line in lines[3:20]), 20)


def body(terminal: Terminal) -> list[str]:
    return terminal.lines[2:-1]


def test_follows_holds_and_sends_nothing_while_held(terminal: Terminal) -> None:
    logs(terminal)
    assert "following" in terminal.lines[1]
    before = body(terminal)
    terminal.pump(0.6)
    assert body(terminal) != before
    terminal.send("kkk")
    terminal.wait_for(lambda lines: "held" in lines[1])
    terminal.settle(0.3)
    held = body(terminal)
    assert terminal.pump(1.5) == 0
    assert body(terminal) == held
    terminal.send("G")
    terminal.wait_for(lambda lines: "following" in lines[1] and lines[2:-1] != held)


def test_a_filter_that_nothing_passes_sends_nothing(terminal: Terminal) -> None:
    logs(terminal)
    terminal.send("/never said\r")
    terminal.wait_for(lambda lines: any("No line matches" in line for line in lines))
    terminal.settle(0.4)
    assert terminal.pump(1.2) == 0
    terminal.send("\x1b")
    terminal.wait_for(lambda lines: any("line " in line for line in lines[5:20]))


def test_hostile_lines_never_reach_the_terminal_nor_its_clipboard(terminal: Terminal) -> None:
    def copy(keys: str) -> str:
        copied = len(COPIED.findall(terminal.raw))
        terminal.send(keys)
        terminal.wait_for(lambda _: len(COPIED.findall(terminal.raw)) > copied)
        return base64.b64decode(COPIED.findall(terminal.raw)[-1], validate=True).decode()

    logs(terminal, "l")
    terminal.send("/EVIL\r")
    terminal.wait_for(lambda lines: sum("EVIL" in line for line in lines) > 22, 20)
    # One after another, every kind of hostile line; one has 200,000 bytes.
    copied = [copy("kc") for _ in range(9)]
    terminal.send("zr\r")
    terminal.wait_for(lambda lines: not any("LOGS" in line for line in lines[:2]))
    copied.append(copy("c"))
    assert all(text == printable(text) and "EVIL" in text for text in copied)
    assert {"␛[2J␛[31mEVIL", "␛]52;c;RVZJTA==␇EVIL", "EVIL\\u{9b}2J␀␈␍", "\\u{202e}EVIL\\u{2066}"} <= set(copied)
    assert max(map(len, copied)) > 16_000
    raw = bytes(terminal.raw)
    assert b"\x1b[31mEVIL" not in raw
    assert b"\x1b[2J\x1b[31m" not in raw
    text = raw.decode(errors="replace")
    assert not {"\x9b", "\u202e", "\u2066"} & set(text)
    assert "\x00" not in text


def test_regular_expressions_highlight_and_inverse(terminal: Terminal) -> None:
    logs(terminal)
    terminal.send("/line \\d*7 of\r")
    terminal.wait_for(lambda lines: "/line" in lines[1])
    terminal.wait_for(lambda lines: all(re.search(r"line \d*7 of", line) for line in lines[2:-1] if line.strip()))
    terminal.send("\x1b")
    terminal.wait_for(lambda lines: "/line" not in lines[1])
    terminal.send("/!line\r")
    terminal.wait_for(
        lambda lines: "/!line/" in lines[1] and not any(re.search(r"line \d+ of", line) for line in lines[2:-2]), 10
    )
    terminal.send("\x1b")
    # Escape and a slash in one piece would be alt-slash.
    terminal.wait_for(lambda lines: "/!line/" not in lines[1])
    terminal.send("/(a+)+")
    terminal.wait_for(lambda lines: "repeats a repetition" in lines[1])
    terminal.send("\x1b\x1b\x1b")


def test_save_and_keep_writing(terminal: Terminal, tmp_path: Path) -> None:
    logs(terminal)
    terminal.send("w")
    terminal.wait_for(lambda lines: any("saved" in line for line in lines))
    files = list((tmp_path / "veza-tui" / "logs").iterdir())
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    saved = files[0].read_bytes()
    assert b"web-1/app line " in saved
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", saved)
    terminal.send("W")
    terminal.wait_for(lambda lines: "writing" in lines[1])
    written = next(p for p in files[0].parent.iterdir() if p != files[0])
    terminal.wait_for(lambda _: written.read_bytes().count(b"\n") > 30)
    # Its sources are numbered anew now; what waits to be written is of the ones before.
    terminal.send("a")
    terminal.wait_for(lambda lines: "3 containers" not in lines[1])
    terminal.send("W")
    terminal.wait_for(lambda lines: any("wrote" in line for line in lines))
    for line in written.read_bytes().splitlines():
        assert re.match(rb"\S+Z (\S+)/app (line \d+ of \1 |(?!line ))", line), line


def test_a_disk_that_is_full_is_said_until_somebody_knows(busy: dict[str, str], tmp_path: Path) -> None:
    # Python ignores SIGXFSZ: a file that would become larger than this cannot be written.
    limited = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *PROGRAM]
    env = {**busy, **PLAIN_TERMINAL, "XDG_STATE_HOME": str(tmp_path)}
    with Terminal(limited, columns=80, rows=24, env=env) as terminal:
        terminal.wait_for(lambda lines: any("web-" in line for line in lines), 20)
        logs(terminal)
        terminal.send("W")
        terminal.wait_for(lambda lines: "writing stopped at" in lines[2] and ".log " in lines[3], 20)
        assert "File too large" in terminal.lines[2]
        (file,) = (tmp_path / "veza-tui" / "logs").iterdir()
        written = file.read_bytes()
        assert written.endswith(b"\n")
        assert f" {len(written.splitlines()):,} lines until then" in terminal.lines[3]
        assert file.name in terminal.lines[3]
        terminal.send("\x1b")
        terminal.wait_for(lambda lines: "writing stopped" not in lines[2] and "LOGS" in lines[1])


def test_one_pod_wider_and_back(terminal: Terminal) -> None:
    logs(terminal, "l")
    assert "web-" in terminal.lines[1]
    terminal.send("a")
    terminal.wait_for(lambda lines: "logs" in lines[1] and "3 containers" in lines[1], 10)
    terminal.send("tS")
    terminal.pump(0.2)
    terminal.send("5\r")
    terminal.wait_for(lambda lines: bool(re.match(r"\d\d:\d\d:\d\d\.\d{3} web-", lines[4])), 10)
    terminal.send("\x1b")
    terminal.wait_for(lambda lines: "LOGS" not in lines[1])


def test_more_pods_than_can_be_followed() -> None:
    with (
        log_server("--pods", "500", "--rate", "2") as env,
        Terminal(PROGRAM, columns=100, rows=30, env=env) as terminal,
    ):
        terminal.wait_for(lambda lines: any("web-" in line for line in lines), 20)
        terminal.send("L")
        terminal.wait_for(lambda lines: any("following 100 of 500 pods" in line for line in lines), 20)
        terminal.wait_for(lambda lines: sum("line " in line for line in lines) > 5, 20)
