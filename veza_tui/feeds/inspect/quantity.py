"""Kubernetes quantities (source: k8s.io/apimachinery/pkg/api/resource): ``100m``, ``1Gi``, ``1e3``."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil

_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?$")
_SUFFIX = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1),
    **{s: Fraction(1000 ** (i + 1)) for i, s in enumerate("kMGTPE")},
    **{f"{s}i": Fraction(1024 ** (i + 1)) for i, s in enumerate("KMGTPE")},
}  # fmt: skip


def quantity(value: str) -> Fraction | None:
    """The exact amount (cores, bytes, counts); None for what is no quantity."""
    match = _FORM.match(value.strip()) if len(value) < 64 else None
    if match is None:
        return None
    number = Fraction(match[1])
    if match[2]:
        return number * Fraction(10) ** int(match[2][1:])
    return number * _SUFFIX[match[3] or ""]


def divided(value: str, divisor: str) -> str:
    """What a container sees of a resource with a divisor: rounded up; divisor 0 means 1."""
    amount, by = quantity(value), quantity(divisor)
    if amount is None:
        return ""
    return str(ceil(amount / (by or 1)))


def canonical(value: str) -> str:
    """As Kubernetes' own tools print it: ``1000m`` is ``1``, ``1024Mi`` is ``1Gi``, ``0.5`` is ``500m``."""
    amount = quantity(value)
    if amount is None:
        return value
    if amount == 0:
        return "0"
    if re.search(r"[eE][+-]?\d+$", value):
        power = 0
        while (amount / 10 ** (power + 3)).denominator == 1:
            power += 3
        return f"{amount / 10**power}" + (f"e{power}" if power else "")
    binary = value.endswith("i") and amount.denominator == 1
    names = [f"{s}i" for s in reversed("KMGTPE")] if binary else list(reversed("kMGTPE"))
    for suffix in (*names, "", "m", "u", "n"):
        mantissa = amount / _SUFFIX[suffix]
        if mantissa.denominator == 1:
            return f"{mantissa}{suffix}"
    return value
