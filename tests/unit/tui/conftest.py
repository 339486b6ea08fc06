"""What the tests of screens have in common."""

from __future__ import annotations

import pytest

from veza_tui.tui.dialogs.confirm import ConfirmScreen
from veza_tui.tui.dialogs.pick import PickScreen


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dark; and a question takes keys as soon as it stands."""
    monkeypatch.setenv("VEZA_THEME", "dark")
    monkeypatch.setattr(ConfirmScreen, "settle", 0.0)
    monkeypatch.setattr(PickScreen, "settle", 0.0)
