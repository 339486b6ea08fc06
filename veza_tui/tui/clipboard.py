"""Copying to the clipboard of the terminal in front of which the person sits."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp


def osc52(text: str, *, tmux: bool) -> str:
    """The escape sequence that sets the clipboard (xterm's OSC 52), in tmux's pass-through when inside tmux."""
    sequence = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"
    if not tmux:
        return sequence
    # tmux(1), allow-passthrough: every ESC inside is doubled.
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def copy(app: VezaApp, text: str) -> None:
    """Send ``text`` to the terminal's clipboard; terminals do not say whether they took it."""
    app._clipboard = text
    driver = app._driver
    if driver is None or app.is_headless:
        return
    driver.write(osc52(text, tmux=False))
    if os.environ.get("TMUX"):
        # With set-clipboard on tmux takes the plain one, with allow-passthrough the terminal takes the wrapped one.
        driver.write(osc52(text, tmux=True))
    driver.flush()
