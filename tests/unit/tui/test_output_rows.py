"""What an operation says, as rows of a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veza_tui.tui.presentation.output import newest_rows, output_rows
from veza_tui.tui.presentation.spans import line_width, plain

FATAL = 'chat-1: {"time":"2026-11-23T10:00:00Z","level":"fatal","msg":"DB_URL is not set; set it in the Secret",\
"service":"chat-server"}'


@pytest.mark.parametrize("cells", [40, 78, 158])
def test_a_pods_json_line_is_its_message_whole(cells: int) -> None:
    rows = output_rows(FATAL, cells)
    text = " ".join(plain(row).strip() for row in rows)
    assert "chat-1: FATAL DB_URL is not set; set it in the Secret" in text and "service=chat-server" in text
    assert "{" not in text and "2026" not in text
    assert any(span.role == "bad" for row in rows for span in row)


def test_prose_with_a_brace_stays_prose_and_words_stay_whole() -> None:
    rows = output_rows('the answer was {"msg": "x"} and nothing besides, which is told in full here', 40)
    assert '{"msg": "x"}' in plain(rows[0])
    words = {w for row in rows for w in plain(row).split()}
    assert {"nothing", "besides,", "here"} <= words
    assert plain(rows[1]).startswith("    "), "what goes on stands further in"


def test_a_word_too_long_for_a_row_and_the_next_one_stay_two() -> None:
    rows = output_rows('pod: "' + "x" * 70 + '". kubelet does not have a DNS', 40)
    text = "".join(plain(row)[4 if number else 2 :] for number, row in enumerate(rows))
    assert '". kubelet does' in text
    assert all(line_width(row) <= 40 for row in rows)


@given(st.text(max_size=300), st.integers(14, 100))
def test_no_row_is_wider_than_the_screen_and_a_line_has_an_end(text: str, cells: int) -> None:
    rows = output_rows(text, cells)
    assert 1 <= len(rows) <= 6
    assert all(line_width(row) <= cells for row in rows)


def test_the_newest_lines_that_fit_are_shown_whole() -> None:
    lines = ["old " * 30, "middle " * 15, FATAL]
    rows = newest_rows(lines, 4, 60)
    assert len(rows) <= 4 and "chat-1" in " ".join(map(plain, rows))
    assert newest_rows(lines, 0, 60) == [] and newest_rows([], 5, 60) == []
    assert len(newest_rows([FATAL], 1, 40)) == 1, "of the very newest at least its beginning"
