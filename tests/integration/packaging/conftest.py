"""Fixtures of the packaging tests; the helpers are in ``packaging_room``, which tests can import by name."""

from packaging_room import installed

__all__ = ["installed"]
