"""Copying to the clipboard of the terminal in front of which the person sits, or to a file that is named.

The terminal never answers whether it took xterm's OSC 52. So what is known not to take it gets a file instead, what is
doubtful gets both, and the message says what was done.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

Multiplexer = Literal["tmux", "screen"]

MAX_BYTES = 74_994
"""Of text: 100,000 bytes of base64 with the sequence around it, the smallest limit of a terminal in use (hterm)."""

_SCREEN_CHUNK = 240
"""GNU screen holds at most 256 bytes of one DCS string (MAXSTR of its versions before 4.2)."""

_NO_CLIPBOARD = {"linux": "the Linux console", "vt100": "a vt100", "vt220": "a vt220"}
_NO_CLIPBOARD_PROGRAMS = {"Apple_Terminal": "Apple's Terminal", "JetBrains-JediTerm": "this IDE's terminal"}
_TMUX_SECONDS = 0.5


def clipboard_text(text: str) -> str:
    """What may reach a clipboard: printable lines, no control character but the line break between them."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(printable(line) for line in lines).strip("\n")


def osc52(text: str, *, tmux: bool = False, through: Sequence[Multiplexer] = ()) -> str:
    """The escape sequence that sets the clipboard, passed through multiplexers; the innermost stands first."""
    sequence = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"
    for multiplexer in reversed(("tmux",) if tmux and not through else tuple(through)):
        sequence = _through_tmux(sequence) if multiplexer == "tmux" else _through_screen(sequence)
    return sequence


def _through_tmux(sequence: str) -> str:
    """tmux(1), allow-passthrough: every ESC inside is doubled."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def _through_screen(sequence: str) -> str:
    """screen(1), "Control Sequences", DCS: passed on without interpretation, in pieces, none with ESC \\ in it."""
    pieces: list[str] = []
    for part in re.split(r"(?<=\x1b)(?=\\)", sequence):
        pieces += [part[i : i + _SCREEN_CHUNK] for i in range(0, len(part), _SCREEN_CHUNK)]
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


def multiplexers(environ: Mapping[str, str], ancestors: Sequence[str] = ()) -> tuple[Multiplexer, ...]:
    """The multiplexers around us, the innermost first; ``ancestors`` are the names of our parent processes.

    Each exports its variable to what runs inside. When both are set, the process that we descend from is the inner
    one: a multiplexer's server has left the terminal in which it was started.
    """
    tmux, screen = bool(environ.get("TMUX")), bool(environ.get("STY"))
    if not (tmux and screen):
        return ("tmux",) if tmux else ("screen",) if screen else ()
    for name in ancestors:
        if name.startswith("tmux"):
            return ("tmux", "screen")
        if name.casefold().startswith("screen"):
            return ("screen", "tmux")
    return ("tmux", "screen") if environ.get("TERM", "").startswith("tmux") else ("screen", "tmux")


def ancestors() -> list[str]:
    """Names of our parent processes, the nearest first; empty where there is no /proc."""
    found: list[str] = []
    pid = os.getppid()
    with contextlib.suppress(OSError, ValueError, IndexError):
        while pid > 1 and len(found) < 32:
            head, _, tail = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")
            found.append(head.partition("(")[2])
            pid = int(tail.split()[1])
    return found


def refusal(environ: Mapping[str, str]) -> str:
    """Which terminal this is, when it is known to take no clipboard; else ""."""
    for variable in ("TERM_PROGRAM", "TERMINAL_EMULATOR"):
        if name := _NO_CLIPBOARD_PROGRAMS.get(environ.get(variable, "")):
            return name
    return _NO_CLIPBOARD.get(environ.get("TERM", ""), "")


def doubtful(environ: Mapping[str, str]) -> bool:
    """VTE (GNOME Terminal and kin) and Konsole took OSC 52 late, or where it was switched on."""
    return bool(environ.get("VTE_VERSION") or environ.get("KONSOLE_VERSION"))


def copy(app: VezaApp, text: str) -> None:
    """Copy ``text``, and say what came of it, in a moment."""
    app.spawn(_copy_and_tell(app, text))


async def _copy_and_tell(app: VezaApp, text: str) -> None:
    app.tell(await put(app, text))


async def put(app: VezaApp, text: str) -> str:
    """Copy ``text``; returns one line that says what happened to it.

    Raises:
        ConfigError: the clipboard cannot take it and the file cannot be written.
    """
    text = clipboard_text(text)
    what = text if len(text) < 80 and "\n" not in text else f"{len(text):,} characters"
    app._clipboard = text
    size = len(text.encode())
    if size > MAX_BYTES:
        return f"{size:,} bytes are too many for a terminal's clipboard: written to {await _to_file(text)}"
    if name := refusal(os.environ):
        return f"{name} takes no clipboard: {what} written to {await _to_file(text)}"
    around = multiplexers(os.environ, ancestors() if os.environ.get("STY") else ())
    if around[:1] == ("tmux",):
        way = await _tmux_way()
        if way == "closed":
            path = await _to_file(text)
            return f"tmux lets no clipboard through (set -g set-clipboard on): {what} written to {path}"
        if way == "buffer" and await _tmux_buffer(text):
            return f"copied {what} (by tmux)"
    _send(app, text, around)
    if doubtful(os.environ):
        return f"copied {what}; if the clipboard stays empty: {await _to_file(text)}"
    return f"copied {what}"


def _send(app: VezaApp, text: str, around: Sequence[Multiplexer]) -> None:
    driver = app._driver
    if driver is None or app.is_headless:
        return
    if around[:1] != ("screen",):
        # With set-clipboard on, tmux takes the plain one and hands it on, through other tmuxes too.
        driver.write(osc52(text))
    if around:
        driver.write(osc52(text, through=around))
    driver.flush()


async def _tmux_way() -> Literal["open", "buffer", "closed"]:
    """What tmux does with OSC 52: takes it (set-clipboard on, or passthrough), only its own buffers go out, or nothing.

    tmux's default (set-clipboard external, allow-passthrough off) ignores it from programs. No answer counts as open.
    """
    output = await _tmux("display-message", "-p", "#{set-clipboard} #{allow-passthrough}")
    if output is None:
        return "open"
    takes, _, passes = output.decode(errors="replace").strip().partition(" ")
    if takes not in ("external", "off") or passes != "0":
        return "open"  # before 3.3 there was no allow-passthrough: everything passed
    return "buffer" if takes == "external" else "closed"


async def _tmux_buffer(text: str) -> bool:
    """``load-buffer -w`` (tmux >= 3.2) sets the clipboard of the terminal outside as well."""
    return await _tmux("load-buffer", "-w", "-", data=text.encode()) is not None


async def _tmux(*arguments: str, data: bytes = b"") -> bytes | None:
    """Output of a tmux command, None when there is no tmux, it fails or does not answer."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        output, _ = await asyncio.wait_for(process.communicate(data), _TMUX_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return None
    return output if process.returncode == 0 else None


async def _to_file(text: str) -> Path:
    from veza_tui.model.errors import ConfigError

    try:
        return await asyncio.to_thread(save, text)
    except OSError as error:
        why = (error.strerror or "error").lower()
        raise ConfigError(f"not copied, and its file cannot be written: {why}") from None


def save(text: str) -> Path:
    """Write ``text`` to ``clipboard.txt`` in the state directory, 0600, over the one before; returns where."""
    from veza_tui.operations.settings import private_directory, state_directory, write_private

    path = private_directory(state_directory()) / "clipboard.txt"
    write_private(path, text.encode() + b"\n")
    return path
