"""Keys as people write them (``G``, ``ctrl-d``, ``/``) and as Textual calls them (``G,shift+g``, ``slash``)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

NAMED = {
    "enter": "enter", "tab": "tab", "space": "space", "esc": "escape", "escape": "escape",
    "backspace": "backspace", "delete": "delete", "insert": "insert", "up": "up", "down": "down", "left": "left",
    "right": "right", "home": "home", "end": "end", "pageup": "pageup", "pgup": "pageup", "pagedown": "pagedown",
    "pgdn": "pagedown", **{f"f{i}": f"f{i}" for i in range(1, 13)},
}  # fmt: skip

# textual.keys.KEY_NAME_REPLACEMENTS: shorter than Unicode's names; a test compares all of ASCII.
_SHORTER = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip

# What a terminal sends for these is the very byte of another key (ECMA-48: ctrl clears bits 6 and 7).
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+j": "enter"}

_STOPS_TERMINAL = frozenset(("ctrl+z", "ctrl+c"))

RESERVED = frozenset(("ctrl+c", *"123456789"))
"""Keys that mean the same for everybody: the way out, and the environments."""


class KeyProblem(ValueError):
    """A key that cannot be used; ``str()`` says why, ``todo`` what to write."""

    def __init__(self, message: str, todo: str) -> None:
        super().__init__(message)
        self.todo = todo


def textual_key(written: str) -> str:
    """Textual's name of a key that a person wrote; an upper-case letter is both ways terminals report it.

    Raises:
        KeyProblem: there is no such key, terminals cannot send it, or it is reserved.
    """
    parts = _parts(written)
    modifiers, base = parts[:-1], parts[-1]
    if len(set(modifiers)) != len(modifiers) or not set(modifiers) <= {"ctrl", "alt", "shift"}:
        raise _unknown(written)
    if len(base) == 1:
        made = _character(written, base, modifiers)
    elif base.casefold() in NAMED:
        name = NAMED[base.casefold()]
        made = "+".join([*sorted(modifiers), name])
        if name in ("enter", "tab", "space", "escape", "backspace") and modifiers and made != "shift+tab":
            raise KeyProblem(
                "is a key that terminals do not tell apart", f"use {shown_key(name)} itself, or another key"
            )
    else:
        raise _unknown(written)
    if made in RESERVED:
        raise KeyProblem("is reserved: it means the same for everybody", "use another key")
    if made in _STOPS_TERMINAL:
        raise KeyProblem("is a key that stops programs", "use another key")
    if made in _SAME_BYTE:
        raise KeyProblem(f"is sent by terminals as {_SAME_BYTE[made]}", "use another key")
    return made


def _parts(written: str) -> list[str]:
    if len(written) == 1:
        return [written]
    separator = "+" if "+" in written.rstrip("+") else "-"
    body = written[:-1] if written.endswith(separator) else written
    parts = body.split(separator)
    if body != written:
        parts = [*(p for p in parts if p), separator]
    return [*(p.casefold() for p in parts[:-1]), parts[-1]]


def _character(written: str, char: str, modifiers: list[str]) -> str:
    if not char.isprintable() or char == " " or not char.isascii():
        raise KeyProblem("is no key of its own", "write one ASCII character, or a name such as space or f5")
    if char.isalpha():
        if modifiers == ["shift"] or (not modifiers and char.isupper()):
            return f"{char.upper()},shift+{char.lower()}"
        if "shift" in modifiers:
            raise KeyProblem("is a key that terminals do not tell apart", "leave shift out")
        return "+".join([*sorted(modifiers), char.lower()])
    if modifiers:
        raise KeyProblem("is a key that terminals do not send", "use a letter after ctrl- or alt-")
    if char.isdigit():
        return char
    name = unicodedata.name(char).lower().replace("-", "_").replace(" ", "_")
    return _SHORTER.get(name, name)


def _unknown(written: str) -> KeyProblem:
    from veza_tui.workspace.reader import suggestion

    known = [*NAMED, "ctrl-a", "ctrl-d", "ctrl-r", "shift-tab", "alt-a"]
    hint = suggestion(written.casefold(), known)
    hint = hint if hint.startswith("did") else "write one character, ctrl-x, alt-x, shift-tab, or a name such as f5"
    return KeyProblem("is not a key", hint)


def shown_key(key: str) -> str:
    """A key as the help writes it: ``esc``, ``ctrl-d``, ``G``, ``/``."""
    name = key.split(",", 1)[0]
    if name == "escape":
        return "esc"
    if "+" in name:
        return name.replace("+", "-")
    return _characters().get(name, name)


def names_of(keys: Iterable[str]) -> list[str]:
    """Every name under which a press of these keys can come."""
    return [name for key in keys for name in key.split(",")]


def _characters() -> dict[str, str]:
    made = {}
    for code in range(0x21, 0x7F):
        char = chr(code)
        if not char.isalnum():
            made[_character(char, char, [])] = char
    return made
