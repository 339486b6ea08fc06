"""Operation ids: time first, so that they sort; lower case, so that they fit Kubernetes names."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable

FOLDER = "operations"
"""Their folder under the state directory."""

_ID = re.compile(r"[0-9]{8}t[0-9]{9}-[0-9a-f]{6}")
_PREFIX = re.compile(r"[0-9t-][0-9a-ft-]{0,24}")


def new_id(now: float) -> str:
    """For example ``20260301t120405123-9f03ac``; UTC with milliseconds, then 24 random bits."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%dt%H%M%S}{moment.microsecond // 1000:03d}-{secrets.token_hex(3)}"


def is_id(text: str) -> bool:
    """Whether ``text`` is a whole operation id."""
    return _ID.fullmatch(text) is not None


def ids_in(folder: Path) -> list[str]:
    """The operations that have a directory in ``folder``, oldest first; none where there is no such folder."""
    try:
        return sorted(path.name for path in folder.iterdir() if is_id(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def resolve_id(text: str, known: Iterable[str]) -> str:
    """The one id that ``text`` is or begins.

    Raises:
        ConfigError: it cannot be an id (a path, an option, too long), fits none, or fits several.
    """
    shown = printable(text, limit=40)
    if not _PREFIX.fullmatch(text):
        raise ConfigError(
            f"{shown!r} is not an operation's id", hint="ids look like 20260301t120405123-9f03ac; a prefix will do"
        )
    fits = [each for each in known if each.startswith(text)]
    if text in fits:
        return text
    if not fits:
        raise ConfigError(f"no operation {shown}", hint="list them with: veza-tui operations")
    if len(fits) > 1:
        raise ConfigError(
            f"{shown} fits {len(fits)} operations: {', '.join(sorted(fits)[-3:])}", hint="give more of it"
        )
    return fits[0]
