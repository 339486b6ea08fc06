"""Small facts about objects: times, names, uids, copies, owner references."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

JSONObject = dict[str, Any]
_NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, 0, 1, 3: the alphabet of k8s.io/apimachinery rand
_NAME_LIMIT = 63


def clone(value: Any) -> Any:
    """A deep copy of a JSON value (several times quicker than ``copy.deepcopy``)."""
    kind = type(value)
    if kind is dict:
        return {k: (clone(v) if type(v) in (dict, list) else v) for k, v in value.items()}
    if kind is list:
        return [clone(v) if type(v) in (dict, list) else v for v in value]
    return value


def rfc3339(seconds: float) -> str:
    """metav1.Time: ``2026-01-02T03:04:05Z``."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(seconds: float) -> str:
    """metav1.MicroTime: six decimals."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str | None) -> float | None:
    """Unix seconds of an RFC 3339 time (nanoseconds are cut to microseconds); None for None, empty or malformed."""
    if not text:
        return None
    try:
        if "." in text:
            head, _, tail = text.partition(".")
            digits = tail.rstrip("Zz")
            zone = ""
            for sign in "+-":
                if sign in digits:
                    digits, _, rest = digits.partition(sign)
                    zone = sign + rest
            text = f"{head}.{digits[:6]:0<6}{zone or '+00:00'}"
        return datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00")).timestamp()
    except ValueError:
        return None


def new_uid() -> str:
    """A random UUID."""
    return str(uuid.uuid4())


def random_suffix(length: int = 5) -> str:
    """As generateName appends it."""
    return "".join(secrets.choice(_NAME_ALPHABET) for _ in range(length))


def generate_name(prefix: str) -> str:
    """``prefix`` cut so that the whole stays within 63 characters, plus five random ones."""
    return prefix[: _NAME_LIMIT - 5] + random_suffix()


def controller_of(obj: Mapping[str, Any]) -> JSONObject | None:
    """The owner reference with ``controller: true``."""
    for reference in obj.get("metadata", {}).get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


def dig(obj: Any, *path: str) -> Any:
    """``obj[path[0]][path[1]]…`` or None where something is missing or no mapping."""
    for part in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(part)
    return obj
