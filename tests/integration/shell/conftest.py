"""One lab for the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tools.forward_client import Lab, forward_lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with forward_lab() as found:
        yield found
