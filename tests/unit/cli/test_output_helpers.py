"""Shared printing: data, progress, JSON, tables; no escapes into a pipe."""

from __future__ import annotations

import io
import json
import sys

import pytest

from veza_tui.cli import output


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_data_and_progress_go_their_ways(capsys: pytest.CaptureFixture[str]) -> None:
    output.data("data\x1b[31m")
    output.progress("going \u202eon")
    output.warn("careful\n")
    out, err = capsys.readouterr()
    assert out == "data␛[31m\n"
    assert err == "going \\u{202e}on\nwarning: careful␊\n"


def test_json_is_json_and_holds_no_raw_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "prod\x1b[31mé", "list": [1, None]}
    output.data_json(value)
    output.event_json(value)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert json.loads(out[: out.rindex("{")]) == value
    assert json.loads(out.splitlines()[-1]) == value


def test_a_table_in_a_pipe_is_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("A", "B"), [("1", "x " * 200), ("日本", "y")], [("red", "bold")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0] == "A     B"
    assert lines[2] == "日本  y"
    assert "\x1b" not in "".join(lines)


def test_a_table_on_a_terminal_is_coloured_and_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    output.table(("A", "B"), [("1", "word " * 20)], [("red",)])
    lines = screen.getvalue().splitlines()
    assert "\x1b[31m1\x1b[0m" in lines[1]
    assert len(lines) > 3
    assert all(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= 50 for line in lines)


@pytest.mark.parametrize(("variable", "value", "coloured"), [("NO_COLOR", "1", False), ("NO_COLOR", "", True)])
def test_no_color(variable: str, value: str, coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, value)
    assert output.coloured(Terminal()) is coloured


def test_a_terminal_that_knows_no_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.data("café →")
    output.data_json(["é"])
    assert raw.getvalue() == b'caf\\xe9 \\u2192\n[\n  "\\u00e9"\n]\n'
