"""Bytes for people, in powers of 1000. Pure.

What Kubernetes and servers measure is told as they tell it, in powers of 1024, where it is shown (``212Mi``).
"""

from __future__ import annotations


def size_text(size: float, *, tenths_below: float = 10) -> str:
    """``13 MB``, ``1.3 MB``: at most three digits, for lists."""
    units = iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 999.5 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:.1f} {unit}" if size < tenths_below and unit != "B" else f"{size:.0f} {unit}"


def finer_size_text(size: float) -> str:
    """``12.4 MB``: where one size is told, and for progress, which must be seen to move."""
    return size_text(size, tenths_below=100)
