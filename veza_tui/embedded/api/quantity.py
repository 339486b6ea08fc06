"""Kubernetes quantities: parse, compare, and the canonical form in which the API stores them (resource.Quantity)."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal, InvalidOperation
from functools import lru_cache

PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_NUMBER = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(.*)$")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX = {v: k for k, v in _DECIMAL.items()}
_EXPONENT = re.compile(r"^[eE]([+-]?\d+)$")


class QuantityError(ValueError):
    """Not a quantity; the text is apimachinery's ErrFormatWrong."""

    def __init__(self) -> None:
        super().__init__(f"quantities must match the regular expression '{PATTERN}'")


def _split(text: str) -> tuple[Decimal, str, str]:
    """(value, format, suffix); format is binary, decimal or exponent."""
    match = _NUMBER.match(text)
    if not match:
        raise QuantityError
    try:
        number = Decimal(match[1])
    except InvalidOperation as error:
        raise QuantityError from error
    suffix = match[2]
    if suffix in _BINARY:
        return number * 1024 ** _BINARY[suffix], "binary", suffix
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix]), "decimal", suffix
    exponent = _EXPONENT.match(suffix)
    if not exponent:
        raise QuantityError
    return number.scaleb(int(exponent[1])), "exponent", suffix


def parse(text: str) -> Decimal:
    """The value.

    Raises:
        QuantityError: malformed.
    """
    return _split(text)[0]


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """As the API stores it: ``1000m`` -> ``1``, ``0.5`` -> ``500m``, ``1024Mi`` -> ``1Gi``.

    Raises:
        QuantityError: malformed.
    """
    value, form, _ = _split(text)
    if value == 0:
        return "0"
    if form == "binary":
        if value == value.to_integral_value() and abs(value) >= 1024:
            whole = int(value)
            for suffix, power in reversed(_BINARY.items()):
                if whole % 1024**power == 0:
                    return f"{whole // 1024**power}{suffix}"
            return str(whole)
        if value == value.to_integral_value():
            return str(int(value))
    nano = int(value.scaleb(9).to_integral_value(ROUND_UP))
    exponent = -9
    while nano % 1000 == 0 and exponent < 18:
        nano //= 1000
        exponent += 3
    if form == "exponent":
        return f"{nano}e{exponent}" if exponent else str(nano)
    return f"{nano}{_SUFFIX[exponent]}"
