"""The YAML reader against what people and attackers write."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from veza_tui.workspace.scalars import ambiguous, plain_data, value
from veza_tui.workspace.yamltree import MAX_NODES, Mapping, Scalar, parse


def one(text: str) -> Any:
    documents, problems = parse(text)
    assert not problems, problems
    return plain_data(documents[0])


def problems_of(text: str) -> list[tuple[int, str]]:
    return [(p.line, p.message) for p in parse(text)[1]]


def test_lines_and_order_are_kept() -> None:
    documents, _ = parse("b: 1\n# comment\na:\n  - x\n  - y: 2\n")
    root = documents[0]
    assert isinstance(root, Mapping)
    assert list(root.entries) == ["b", "a"]
    assert root.line_of("a") == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end(end: str) -> None:
    assert one(end.join(["a: 1", "b:", "  c: two", ""])) == {"a": 1, "b": {"c": "two"}}


def test_every_duplicate_key_is_a_problem_with_both_lines() -> None:
    assert problems_of("a: 1\nb: 2\na: 3\nb: 4\n") == [
        (3, "key is given twice (first on line 1)"),
        (4, "key is given twice (first on line 2)"),
    ]


def test_the_same_key_in_two_mappings_is_none() -> None:
    assert one("a: {x: 1}\nb: {x: 2}\n") == {"a": {"x": 1}, "b": {"x": 2}}


def test_aliases_and_merges_are_followed() -> None:
    text = "base: &base {cpu: 1, memory: 2}\nx:\n  <<: *base\n  cpu: 3\ny: *base\n"
    assert one(text) == {"base": {"cpu": 1, "memory": 2}, "x": {"cpu": 3, "memory": 2}, "y": {"cpu": 1, "memory": 2}}


def test_billion_laughs_is_refused_at_once() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]" for i in range(20)]
    began = time.monotonic()
    (line, message), *_ = problems_of("\n".join(lines))
    assert f"{MAX_NODES:,}" in message
    assert line <= 6
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [*a]", "contains itself"),
        ("a: *b", "names no anchor"),
        ("a: " + "[" * 60_000, "nested deeper"),
        ("\n".join(" " * i + "a:" for i in range(300)), "nested deeper"),
        ("a:\n\tb: 1", "tab"),
        ("a: [1, 2\nb: }", "is not YAML"),
        ("a: \x00", "character that YAML forbids"),
        ("a: \x1b[31m", "character that YAML forbids"),
        ("? [a, b]\n: c", "a key is a list"),
        ("a: !!python/object/apply:os.system [id]", "tag"),
        ("a: !custom x", "tag"),
        ('a: "unclosed', "is not YAML"),
        ("%YAML 9.9\n---\na: 1", "is not YAML"),
    ],
)
def test_refused(text: str, words: str) -> None:
    found = problems_of(text)
    assert words in found[0][1]
    assert found[0][0] >= 1


def test_syntax_errors_do_not_quote_the_line() -> None:
    _, problems = parse('database:\n  password: "hunter2\n  user: x: y\n')
    assert problems
    assert "hunter2" not in " ".join(p.message + p.todo for p in problems)


def test_empty_documents_are_left_out() -> None:
    for text in ("", "\n\n", "# only a comment\n", "---\n...\n", "---\n---\n", "null\n", "~\n"):
        assert parse(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "core", "kubernetes"),
    [
        ("on", "on", True),
        ("No", "No", False),
        ("y", "y", True),
        ("true", True, True),
        ("010", 10, 8),
        ("0o10", 8, 8),
        ("0x1F", 31, 31),
        ("1_000", "1_000", 1000),
        ("1e3", 1000.0, 1000.0),
        ("12:30", "12:30", "12:30"),
        ("2024-01-01", "2024-01-01", "2024-01-01"),
        ("~", None, None),
        ("-5", -5, -5),
        ("1.5", 1.5, 1.5),
        ("v1.4.2", "v1.4.2", "v1.4.2"),
        ("9" * 5000, "9" * 5000, "9" * 5000),
    ],
)
def test_scalars_as_yq_and_as_kubectl_read_them(text: str, core: object, kubernetes: object) -> None:
    assert value(Scalar(1, text)) == core
    assert value(Scalar(1, text), kubernetes=True) == kubernetes


@pytest.mark.parametrize("text", ["on", "off", "yes", "N", "010", "0x1F", "1_000", "1e3", "12:30:45"])
def test_what_two_yamls_read_differently_is_ambiguous(text: str) -> None:
    assert ambiguous(Scalar(1, text))
    assert not ambiguous(Scalar(1, text, plain=False))


@pytest.mark.parametrize("text", ["5", "-3", "0", "1.5", "true", "hello", "v1", "", "100m", "1Gi"])
def test_what_they_read_alike_is_not(text: str) -> None:
    assert not ambiguous(Scalar(1, text))


ODD = """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: x}
spec: {a: on, b: 010, c: 0o10, d: 0x1F, e: 1_000, f: 1e3, g: "12:30:45", h: 2024-01-01, i: y, j: N, k: ~, l: .5, m: +5,
  n: 0b11, o: 1., p: "on", q: 1e-3, r: 08, s: 0.10, t: -010, u: !!str 5, v: 1__0, w: 0_1, on: key, 0x10: key}
"""


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")
def test_manifests_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(ODD)
    command = ["kubectl", "annotate", "--local", "-f", str(file), "a=b", "-o", "json"]
    done = subprocess.run(command, capture_output=True, check=True)
    ours = plain_data(parse(ODD)[0][0], kubernetes=True)["spec"]
    theirs = json.loads(done.stdout)["spec"]
    assert ours == theirs
    assert {k: type(v) for k, v in ours.items()} == {k: type(v) for k, v in theirs.items()}


_leaves = st.one_of(st.text(max_size=12), st.integers(-(10**9), 10**9), st.booleans(), st.none())
_trees = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(max_size=8), _trees, min_size=1, max_size=4))
def test_reads_back_what_a_yaml_writer_wrote(data: dict[str, Any]) -> None:
    documents, problems = parse(yaml.safe_dump(data, default_style='"', allow_unicode=True))
    # default_style quotes every scalar and tags those that are no text.
    assert not problems
    assert plain_data(documents[0]) == data


@given(st.text(max_size=200))
def test_never_raises(text: str) -> None:
    documents, problems = parse(text)
    for document in documents:
        plain_data(document)
        plain_data(document, kubernetes=True)
    assert all(p.line >= 0 and p.message and p.todo for p in problems)


@given(st.text(alphabet=":-[]{}&*!|>'\"%@`#,? \n\tab<1", max_size=60))
def test_never_raises_on_yaml_punctuation(text: str) -> None:
    documents, _ = parse(text)
    for document in documents:
        plain_data(document)
