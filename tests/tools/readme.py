"""``python -m tests.tools.readme``: writes the README's key table from the action table; a unit test compares."""

from __future__ import annotations

import re
from pathlib import Path

from veza_tui.tui.presentation.keys import keys_markdown
from veza_tui.tui.registry import available

README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"(<!-- keys:.*?-->\n).*?(<!-- end of keys -->)", re.DOTALL)


def with_keys(text: str) -> str:
    """The README with the key table as it is now."""
    return _BLOCK.sub(lambda m: f"{m[1]}\n{keys_markdown(available())}\n{m[2]}", text)


if __name__ == "__main__":
    README.write_text(with_keys(README.read_text(encoding="utf-8")), encoding="utf-8")
