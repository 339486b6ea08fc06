"""What a cut program left switched on in the terminal."""

from __future__ import annotations

import pytest

from veza_tui.operations.shell.modes import Modes

VI = b"\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?25l text \x1b[?1000;1006h"


def test_a_full_screen_program_that_was_cut_is_undone() -> None:
    modes = Modes()
    modes.feed(VI)
    undo = modes.undo()
    for part in (b"\x1b[?1l", b"\x1b[?2004l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1006l", b"\x1b[?1049l", b"\x1b>"):
        assert part in undo


@pytest.mark.parametrize("step", [1, 2, 3, 5, 11])
def test_sequences_cut_by_the_network_are_seen(step: int) -> None:
    whole, pieces = Modes(), Modes()
    whole.feed(VI)
    for at in range(0, len(VI), step):
        pieces.feed(VI[at : at + step])
    assert pieces.undo() == whole.undo()


def test_a_program_that_tidied_up_leaves_nothing() -> None:
    modes = Modes()
    modes.feed(VI + b"\x1b[?1000;1006l\x1b[?25h\x1b[?2004l\x1b>\x1b[?1l\x1b[?1049l")
    assert modes.undo() == b""


def test_plain_output_costs_nothing() -> None:
    modes = Modes()
    modes.feed(b"hello\r\n")
    modes.feed(b"\x1b[31mred\x1b[0m")
    assert modes.undo() == b""
