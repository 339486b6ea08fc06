"""Image references shortened to what tells two versions apart."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.tui.presentation.spans import clean


def tag(image: str) -> str:
    """The tag, or the first digits of the digest: ``v1.4.2``, ``@3f2a9c1``; ``latest`` when there is neither."""
    reference, _, digest = image.partition("@")
    last = reference.rsplit("/", 1)[-1]
    _, colon, name = last.partition(":")
    if colon and name:
        return clean(name, 60)
    if digest:
        return "@" + clean(digest.removeprefix("sha256:")[:7])
    return "latest"


def change(old: Sequence[str], new: Sequence[str], arrow: str) -> str:
    """``v1.4.2→v1.5.0`` while two versions run, else the one tag; the first container that differs speaks."""
    current = tag(new[0]) if new else ""
    if not old:
        return current
    for before, after in zip(old, new, strict=False):
        if before != after:
            return f"{tag(before)}{arrow}{tag(after)}"
    return current
