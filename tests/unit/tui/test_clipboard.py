"""Copying: what is sent through which multiplexer, what goes into a file, what is said."""

from __future__ import annotations

import base64
import os
import re
import stat
from pathlib import Path

import pytest

from tests.tools.synthetic import FixedClock, three
from veza_tui.tui import clipboard
from veza_tui.tui.app import VezaApp
from veza_tui.tui.clipboard import clipboard_text, multiplexers, osc52, put


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TMUX", "STY", "VTE_VERSION", "KONSOLE_VERSION", "TERM_PROGRAM", "TERMINAL_EMULATOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    calls: list[tuple[str, tuple[str, ...]]] = []
    monkeypatch.setattr(clipboard, "_send", lambda app, text, around: calls.append((text, tuple(around))))
    return calls


def app() -> VezaApp:
    return VezaApp(three(FixedClock(1.0)))


class Screen:
    """GNU screen's parser of DCS strings (ansi.c, ASTR and STRESC), and nothing else."""

    def __init__(self) -> None:
        self.longest = 0

    def passes(self, data: str) -> str:
        out, i = "", 0
        while i < len(data):
            assert data.startswith("\x1bP", i), "what is not in a DCS string would be printed"
            i += 2
            string = ""
            while not data.startswith("\x1b\\", i):
                string += data[i]
                i += 1
            i += 2
            self.longest = max(self.longest, len(string))
            out += string
        return out


def tmux_passes(data: str) -> str:
    body = re.fullmatch(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", data)
    assert body, data
    return body[1].replace("\x1b\x1b", "\x1b")


@pytest.mark.parametrize("size", [1, 100, 700, 5000])
def test_each_nesting_arrives_whole(size: int) -> None:
    text = ("pod-ä/" * size)[:size]
    plain = osc52(text)
    assert base64.b64decode(plain.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == text
    assert tmux_passes(osc52(text, through=("tmux",))) == plain
    screen = Screen()
    assert screen.passes(osc52(text, through=("screen",))) == plain
    assert Screen().passes(tmux_passes(osc52(text, through=("tmux", "screen")))) == plain
    assert tmux_passes(screen.passes(osc52(text, through=("screen", "tmux")))) == plain
    assert screen.longest < 256


def test_which_multiplexer_is_the_inner_one() -> None:
    both = {"TMUX": "/tmp/tmux-0/default,1,0", "STY": "12.pts-0"}
    assert multiplexers({}) == ()
    assert multiplexers({"TMUX": "x"}) == ("tmux",)
    assert multiplexers({"STY": "x"}) == ("screen",)
    assert multiplexers(both, ["bash", "tmux: server"]) == ("tmux", "screen")
    assert multiplexers(both, ["bash", "screen", "bash"]) == ("screen", "tmux")
    assert multiplexers({**both, "TERM": "tmux-256color"}) == ("tmux", "screen")
    assert multiplexers({**both, "TERM": "screen"}) == ("screen", "tmux")


def test_only_printable_text_is_copied() -> None:
    assert clipboard_text("pod\x1b]52;c;AAAA\x07\x00\u202e\r\nnext\x7f\t|\n") == "pod␛]52;c;AAAA␇␀\\u{202e}\nnext␡    |"
    assert clipboard_text("a\rb\x85c\u2028d") == "a␍b\\u{85}c\\u{2028}d"


async def test_a_plain_terminal_is_sent_the_sequence_and_told_about(sent: list[tuple[str, tuple[str, ...]]]) -> None:
    assert await put(app(), "backend-api-1") == "copied backend-api-1"
    assert await put(app(), "a\nb") == "copied 3 characters"
    assert sent == [("backend-api-1", ()), ("a\nb", ())]


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"TERM": "linux"}, "the Linux console takes no clipboard: name written to "),
        ({"TERM_PROGRAM": "Apple_Terminal"}, "Apple's Terminal takes no clipboard"),
        ({"TERMINAL_EMULATOR": "JetBrains-JediTerm"}, "this IDE's terminal takes no clipboard"),
    ],
)
async def test_terminals_without_a_clipboard_get_a_private_file(
    environ: dict[str, str], says: str, sent: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "veza-tui" / "clipboard.txt"
    message = await put(app(), "name")
    assert message.startswith(says)
    assert message.endswith(str(path))
    assert path.read_text() == "name\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not sent


async def test_too_much_goes_to_the_file(sent: list[object], tmp_path: Path) -> None:
    message = await put(app(), "é" * clipboard.MAX_BYTES)
    assert message.startswith("149,988 bytes are too many")
    assert (tmp_path / "veza-tui" / "clipboard.txt").read_text() == "é" * clipboard.MAX_BYTES + "\n"
    assert not sent
    # A second, smaller one leaves nothing of the first.
    clipboard.save("short")
    assert (tmp_path / "veza-tui" / "clipboard.txt").read_text() == "short\n"


async def test_a_doubtful_terminal_gets_both(
    sent: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VTE_VERSION", "7600")
    assert (await put(app(), "x")) == f"copied x; if the clipboard stays empty: {tmp_path}/veza-tui/clipboard.txt"
    assert len(sent) == 1


async def test_a_state_directory_that_cannot_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from veza_tui.model.errors import ConfigError

    (tmp_path / "veza-tui").write_text("a file")
    monkeypatch.setenv("TERM", "linux")
    with pytest.raises(ConfigError, match="cannot be written"):
        await put(app(), "x")


def under_tmux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str | None) -> None:
    """A tmux that answers ``display-message`` so and keeps in ``loaded`` what it is given; None: none is installed."""
    script = tmp_path / "bin" / "tmux"
    script.parent.mkdir()
    if answer is not None:
        script.write_text(
            f"#!/bin/sh\ncase $1 in display-message) echo '{answer}';; load-buffer) cat > {tmp_path}/loaded;; esac\n"
        )
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{'/bin:/usr/bin' if answer else '/nowhere'}")
    monkeypatch.setenv("TMUX", "/tmp/none,1,0")
    monkeypatch.setattr(clipboard, "_TMUX_SECONDS", 60.0)


@pytest.mark.parametrize(
    ("answer", "says", "sends", "loads"),
    [
        ("on 0", "copied x", True, False),
        ("external 1", "copied x", True, False),
        ("external", "copied x", True, False),
        ("external 0", "copied x (by tmux)", False, True),
        ("off 0", "tmux lets no clipboard through (set -g set-clipboard on): x written to ", False, False),
        (None, "copied x", True, False),
    ],
)
async def test_what_tmux_lets_through_is_asked_of_it(
    answer: str | None, says: str, sends: bool, loads: bool, sent: list[object], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    under_tmux(monkeypatch, tmp_path, answer)
    assert (await put(app(), "x")).startswith(says)
    assert bool(sent) == sends
    assert (tmp_path / "loaded").exists() == loads


@pytest.mark.parametrize("way", ["terminal", "tmux", "file"])
async def test_hostile_text_is_harmless_whichever_way_it_goes(
    way: str, sent: list[tuple[str, tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hostile = "\x1b]52;c;AAAA\x07\x00\x9b2J\u202e\x1bPtmux;\x1b\x1b]0;t\x07\x1b\\\nrm -rf\r\x7f"
    if way == "tmux":
        under_tmux(monkeypatch, tmp_path, "external 0")
    elif way == "file":
        monkeypatch.setenv("TERM", "linux")
    message = await put(app(), hostile)
    arrived = {
        "terminal": lambda: sent[0][0],
        "tmux": (tmp_path / "loaded").read_text,
        "file": (tmp_path / "veza-tui" / "clipboard.txt").read_text,
    }[way]()
    assert arrived.removesuffix("\n") == ("␛]52;c;AAAA␇␀\\u{9b}2J\\u{202e}␛Ptmux;␛␛]0;t␇␛\\\nrm -rf␍␡")
    assert message.isprintable()


async def test_a_tmux_that_hangs_holds_nothing_up(
    sent: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "bin" / "tmux"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\nexec sleep 30\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TMUX", "/tmp/none,1,0")
    monkeypatch.setattr(clipboard, "_TMUX_SECONDS", 0.05)
    assert await put(app(), "x") == "copied x"
    assert len(sent) == 1
