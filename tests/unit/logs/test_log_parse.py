"""Levels in text, logfmt and JSON; JSON readable; hostile text visible; files safe."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from veza_tui.feeds.logs.parse import entry_of, level_of, pretty
from veza_tui.feeds.logs.save import LogFile, as_text
from veza_tui.feeds.logs.stamps import stamp_of
from veza_tui.feeds.logs.visible import visible
from veza_tui.model.errors import VezaError
from veza_tui.model.log import TAG_NOTE, Format, Level, Source, tag

SOURCES = {0: Source(0, "u", "ns", "web-0", "app")}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026-05-01 12:00:00,123 ERROR [main] it broke", Level.ERROR),
        ("2026/05/01 12:00:00 [warn] 7#7: *1 upstream", Level.WARN),
        ("[INFO] hello", Level.INFO),
        ("info: hello", Level.INFO),
        ("Warning: deprecated", Level.WARN),
        ("time=2026-05-01 level=error msg=x", Level.ERROR),
        ('ts=1 severity="warning" msg=x', Level.WARN),
        ("lvl=dbug msg=x", Level.UNKNOWN),
        ("E0501 12:00:00.000000       1 reflector.go:12] failed", Level.ERROR),
        ("I0501 12:00:00.000000       1 main.go:1] up", Level.INFO),
        ("panic: runtime error", Level.ERROR),
        ("\x1b[31mERROR\x1b[0m red", Level.ERROR),
        ('{"level":"info","msg":"x"}', Level.INFO),
        ('{"severity":"CRITICAL","message":"x"}', Level.FATAL),
        ('{"level":50,"msg":"pino"}', Level.ERROR),
        ('{"log":{"level":"warn"},"message":"ecs"}', Level.WARN),
        ('{"msg":"no level"}', Level.UNKNOWN),
        ('{"level":"info"', Level.UNKNOWN),
        ("GET /errors/info 200", Level.UNKNOWN),
        ("an error occurred somewhere in the middle of a long sentence", Level.UNKNOWN),
        ("", Level.UNKNOWN),
    ],
)
def test_levels(text: str, level: Level) -> None:
    assert level_of(text) is level


def test_json_is_taken_apart() -> None:
    entry = entry_of('{"ts":"x","level":"error","msg":"broke","user":{"id":3},"path":"/a b","n":1.5,"ok":true}')
    assert entry.format is Format.JSON
    assert entry.level is Level.ERROR
    assert entry.message == "broke"
    assert entry.fields == (("user", '{"id":3}'), ("path", '"/a b"'), ("n", "1.5"), ("ok", "true"))


def test_logfmt_and_text_stay_as_they_are() -> None:
    assert entry_of("level=info msg=hi status=200").format is Format.LOGFMT
    assert entry_of("just words a=b").format is Format.TEXT


@pytest.mark.parametrize("text", ["{" * 100_000, "[" * 50, '{"a":' * 5000 + "1" + "}" * 5000, "{}", '{"a":NaN}'])
def test_odd_json_is_text_or_read_but_never_an_error(text: str) -> None:
    entry_of(text)
    pretty(text)


def test_pretty_spreads_json() -> None:
    assert pretty('{"a":1}') == ["{", '  "a": 1', "}"]
    assert pretty("plain") == ["plain"]


def test_what_is_printable_stays_byte_for_byte() -> None:
    for good in (b"plain\ttext\n", "ünïcode ✔ 日本語\n".encode(), b"", b"\n\n"):
        assert visible(good) is good


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        (b"\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        (b"\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        (b"nul\x00", "nul␀"),
        ("\x9b2J".encode(), "\\u{9b}2J"),
        ("a\u202eb".encode(), "a\\u{202e}b"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\r\x08\x7f", "␍␈␡"),
        ("\u2028\u2066\U000e0041".encode(), "\\u{2028}\\u{2066}\\u{e0041}"),
    ],
)
def test_what_is_not_is_made_visible(bad: bytes, shown: str) -> None:
    assert visible(b"x " + bad + b"\ny\n").decode() == f"x {shown}\ny\n"


def test_a_saved_file_is_private_and_its_name_is_ours(tmp_path: Path) -> None:
    hostile = "../../etc/passwd\x1b[2J\n" + "n" * 300
    file = LogFile(tmp_path / "logs", hostile, 1_700_000_000.0)
    file.write(
        [stamp_of(1_700_000_000) + b" \x1b[31mred" + tag(0), stamp_of(1_700_000_001) + b" ended" + tag(0, TAG_NOTE)],
        SOURCES,
    )
    file.close()
    assert file.path.parent == tmp_path / "logs"
    assert file.path.name.isascii()
    assert all(c.isalnum() or c in ".-" for c in file.path.name)
    assert len(file.path.name) < 120
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    lines = file.path.read_text().splitlines()
    assert lines[0] == "2023-11-14T22:13:20.000000000Z web-0/app ␛[31mred"
    assert lines[1].endswith("web-0/app -- ended")


def test_files_never_overwrite_each_other_nor_follow_links(tmp_path: Path) -> None:
    first = LogFile(tmp_path, "a", 0.0)
    (tmp_path / (first.path.stem + "-1.log")).symlink_to(tmp_path / "target")
    second = LogFile(tmp_path, "a", 0.0)
    assert first.path != second.path
    assert not (tmp_path / "target").exists()
    first.close()
    second.close()


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(VezaError, match="cannot write"):
        LogFile(tmp_path / "logs", "a", 0.0)


def test_text_of_nothing() -> None:
    assert as_text([], SOURCES) == b""
    assert json.loads(json.dumps("")) == ""
