"""Where a Secret's values stand besides its data: in annotations that repeat them. Pure."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from veza_tui.feeds.fields import mapping, text

Raw = Mapping[str, Any]
MASK = "••••••••"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_DEFAULT = re.compile(r"(\$\{\w+:-)[^}]+(?=\})")
_SHORTEST = 4
"""Characters from which a value is looked for in other texts; shorter ones are found everywhere."""


def without_defaults(value: str) -> str:
    """``${NAME:-default}`` without the default: in a Secret's template it is a password for development."""
    return _DEFAULT.sub(rf"\1{MASK}", value)


def masked_annotations(secret: Raw) -> dict[str, str]:
    """A Secret's annotations without anything of its values."""
    values = set(_values(secret))
    out = {}
    for key, raw in mapping(mapping(secret.get("metadata")).get("annotations")).items():
        value = without_defaults(text(raw))
        out[str(key)] = MASK if key == _APPLIED or any(v in value for v in values) else value
    return out


def _values(secret: Raw) -> Iterator[str]:
    for key in ("data", "stringData"):
        for raw in mapping(secret.get(key)).values():
            value = text(raw)
            found = [value]
            if key == "data":
                with contextlib.suppress(binascii.Error, ValueError):
                    found.append(base64.b64decode(value, validate=True).decode())
            yield from (v for v in found if len(v) >= _SHORTEST)
