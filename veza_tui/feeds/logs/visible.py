"""Log bytes for a pipe or a file: text stays as it is, everything else is made visible. Fast where all is well."""

from __future__ import annotations

from veza_tui.model.text import printable

_SAFE = bytes((0x09, 0x0A, *range(0x20, 0x7F)))


def harmless(data: bytes) -> bool:
    """Whether it is plain ASCII text in every byte."""
    return not data.translate(None, _SAFE)


def visible(data: bytes) -> bytes:
    """``data`` with control, bidi and unassigned characters and invalid UTF-8 made visible; newlines and tabs stay."""
    if harmless(data):
        return data
    try:
        text = data.decode()
        if text.replace("\n", "").replace("\t", "").isprintable():
            return data
    except UnicodeDecodeError:
        text = data.decode("utf-8", "backslashreplace")
    return "\n".join([printable(line, tab="\t") for line in text.split("\n")]).encode("utf-8", "backslashreplace")


def text_of(payload: bytes) -> str:
    """A payload as text; invalid bytes as ``\\xNN``. Hostile still."""
    return payload.decode("utf-8", "backslashreplace")
