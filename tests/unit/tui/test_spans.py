"""Lines of spans keep their width whatever the text is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tools.synthetic import HOSTILE
from veza_tui.tui.presentation.spans import (
    EMPTY,
    Span,
    apart,
    beside,
    clean,
    clip,
    fit,
    fit_middle,
    line_width,
    merged_blanks,
    pad,
    plain,
)


@given(st.text(max_size=60), st.integers(0, 40))
@settings(max_examples=80, deadline=None)
def test_fit_always_takes_the_cells_it_is_given(text: str, cells: int) -> None:
    shown = clean(text)
    assert cell_len(fit(shown, cells)) == cells
    assert cell_len(fit(shown, cells, align="right")) == cells
    assert cell_len(fit_middle(shown, cells)) == cells


@given(st.lists(st.tuples(st.text(max_size=12), st.sampled_from(["text", "bad"])), max_size=5), st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_pad_always_fills_the_line(parts: list[tuple[str, str]], cells: int) -> None:
    line = tuple(Span(clean(text), role) for text, role in parts)
    assert line_width(pad(line, cells)) == cells
    assert line_width(clip(line, cells)) <= cells
    assert line_width(merged_blanks(pad(line, cells))) == cells


@pytest.mark.parametrize("text", HOSTILE)
def test_clean_text_is_one_line_without_controls(text: str) -> None:
    shown = clean(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not any(c in shown for c in "\u202e\u2066\u200b\u200d\ufe0f")


def test_accents_stay_and_stacks_of_them_do_not() -> None:
    assert clean("cafe\u0301") == "café"
    assert len(clean("a" + "\u0334" * 40)) <= 3


def test_a_cut_line_ends_in_an_ellipsis_and_the_middle_cut_keeps_the_end() -> None:
    assert plain(clip((Span("abcdef"), Span("ghi")), 5)) == "abcd…"
    assert plain(clip((Span("abc"), Span("de")), 5)) == "abcde"
    cut = fit_middle("stream-server-7d9f8b6c5-x2x9k", 20)
    assert cut.endswith("-x2x9k")
    assert cut.startswith("stream")


def test_beside_and_apart_put_things_where_they_belong() -> None:
    lines = beside([(Span("left"),)], [(Span("right"),), (Span("below"),)], 10, 2)
    assert [plain(line) for line in lines] == ["left        right", "            below"]
    assert plain(apart((Span("a"),), (Span("z"),), 6)) == "a    z"
    assert apart((Span("abcdefgh"),), EMPTY, 4) == (Span("abc…"),)
