"""secrets/ENV.env as a shell would read it, and nothing of it shown."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veza_tui.workspace.envfile import parse_env


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A=1\nB=two\n", {"A": "1", "B": "two"}),
        ("A=1\r\nB=two\r\n", {"A": "1", "B": "two"}),
        ("A=1", {"A": "1"}),
        ("# c\n\n  A=1\nexport B=2\nexport\tC=3\n", {"A": "1", "B": "2", "C": "3"}),
        ("A='x y' # c\nB=\"x # y\"\nC=a#b\nD=a #b\n", {"A": "x y", "B": "x # y", "C": "a#b", "D": "a"}),
        ('A="q\\"q\\\\ \\$x \\n"\nB=\'q"\\n\'', {"A": 'q"q\\ $x \n', "B": 'q"\\n'}),
        ("A=\nB=''\nC=\"\"\n", {"A": "", "B": "", "C": ""}),
        ("A=a=b==\nB=$HOME\nC=p@ss!word\n", {"A": "a=b==", "B": "$HOME", "C": "p@ss!word"}),
        ("A=x   \n", {"A": "x"}),
        ("A=pässword\n", {"A": "pässword"}),
        ("", {}),
    ],
)
def test_values(text: str, wanted: dict[str, str]) -> None:
    file = parse_env(text)
    assert not file.problems
    assert {key: secret.reveal() for key, secret in file.values.items()} == wanted


@pytest.mark.parametrize(
    "line",
    [
        "hunter2",
        "A b=hunter2",
        "1A=hunter2",
        "A-B=hunter2",
        "A = hunter2",
        "A= hunter2",
        'A="hunter2',
        "A='hunter2",
        "A='hunter2'x",
        "=hunter2",
        "A=hunter2\x00",
        "A=hunter2\x1b[0m",
        "postgres://user:hunter2@host/db?x=y",
    ],
)
def test_what_cannot_be_used_is_named_by_line_and_not_shown(line: str) -> None:
    file = parse_env(f"OK=1\n{line}\nOK2=2\n")
    assert [p.line for p in file.problems] == [2]
    assert "hunter2" not in repr(file)
    assert set(file.values) == {"OK", "OK2"}


def test_the_last_of_two_counts_and_is_told() -> None:
    file = parse_env("A=1\nB=2\nA=3\n")
    assert file.values["A"].reveal() == "3"
    assert [(p.line, p.key) for p in file.repeated] == [(3, "A")]


@given(st.text(max_size=200))
def test_never_raises(text: str) -> None:
    parse_env(text)


_words = st.text(alphabet=st.characters(codec="ascii", min_codepoint=0x20, max_codepoint=0x7E), max_size=30)


@settings(max_examples=25)
@given(st.lists(_words.filter(lambda w: "'" not in w), min_size=1, max_size=20))
def test_single_quotes_as_sh_reads_them(words: list[str]) -> None:
    text = "".join(f"export V{i}='{word}'\n" for i, word in enumerate(words))
    ours = [secret.reveal() for secret in parse_env(text).values.values()]
    shell = subprocess.run(
        ["sh", "-c", text + "".join(f'printf "%s\\0" "$V{i}"\n' for i in range(len(words)))],
        capture_output=True,
        check=True,
    )
    assert ours == shell.stdout.decode().split("\0")[:-1]


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), _words, max_size=6))
def test_double_quotes_round_trip(values: dict[str, str]) -> None:
    text = "".join(f"{key}={json.dumps(value).replace('$', chr(92) + '$')}\n" for key, value in values.items())
    assert {key: secret.reveal() for key, secret in parse_env(text).values.items()} == values
