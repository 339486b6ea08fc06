"""What a plain YAML scalar means: YAML 1.2 (yq, our reading) and YAML 1.1 as kubectl reads manifests.

Environment files are read by the guide's ``yq`` (1.2 core schema), manifests by kubectl (sigs.k8s.io/yaml: 1.1 booleans
and octals). Where a value of an environment file would mean two things, it is refused.
"""

from __future__ import annotations

import math
import re
from typing import Any

from veza_tui.workspace.yamltree import Mapping, Node, Scalar, Sequence

_CORE = "tag:yaml.org,2002:"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_TRUE_11 = _TRUE | {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE_11 = _FALSE | {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INF = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z")
_NAN = frozenset((".nan", ".NaN", ".NAN"))
# Integers that YAML 1.1, YAML 1.2 and Go read differently or not at all: octal, hexadecimal, binary, 1_000, 12:30.
_ODD_INTEGER = re.compile(
    r"[-+]?(?:0[0-9_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*|[0-9][0-9_]*(?::[0-5]?[0-9])+)\Z"
)
_MAX_DIGITS = 400


def ambiguous(node: Scalar) -> str:
    """Why a plain scalar means different things to YAML 1.1 and 1.2, or "" when it does not."""
    if not node.plain or node.tag is not None:
        return ""
    text = node.text
    if text in (_TRUE_11 - _TRUE) | (_FALSE_11 - _FALSE):
        return f"`{text}` is a boolean in YAML 1.1 and a word in YAML 1.2"
    if _ODD_INTEGER.match(text):
        return f"`{text[:40]}` is a different number in YAML 1.1 and YAML 1.2"
    if _FLOAT.match(text) and not _DECIMAL.match(text) and ("e" in text or "E" in text):
        return f"`{text[:40]}` is a number in YAML 1.2 and may be a word in YAML 1.1"
    return ""


def value(node: Scalar, *, kubernetes: bool = False) -> str | int | float | bool | None:
    """The scalar's value; ``kubernetes`` reads it as kubectl does (YAML 1.1 booleans, ``010`` is eight).

    A number too long to be one stays text.
    """
    text = node.text
    if node.tag is not None and node.tag.startswith(_CORE):
        return _tagged(node, node.tag.removeprefix(_CORE), kubernetes)
    if not node.plain:
        return text
    return _plain(text, kubernetes)


def _tagged(node: Scalar, tag: str, kubernetes: bool) -> str | int | float | bool | None:
    if tag in ("int", "float", "bool", "null"):
        found = _plain(node.text, kubernetes)
        wanted = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}[tag]
        if isinstance(found, wanted):  # type: ignore[arg-type]
            return found
    return node.text


def _plain(text: str, kubernetes: bool) -> str | int | float | bool | None:
    if text in _NULLS:
        return None
    if text in (_TRUE_11 if kubernetes else _TRUE):
        return True
    if text in (_FALSE_11 if kubernetes else _FALSE):
        return False
    if len(text) > _MAX_DIGITS:
        return text
    if _DECIMAL.match(text):
        return int(text)
    odd = _odd_integer(text, kubernetes)
    if odd is not None:
        return odd
    if _FLOAT.match(text):
        number = float(text)
        if not math.isfinite(number):
            return text
        # kubectl sends JSON, where 1e3 is 1000.
        return int(number) if kubernetes and number.is_integer() and abs(number) < 2**63 else number
    if _INF.match(text):
        return -math.inf if text.startswith("-") else math.inf
    return math.nan if text in _NAN else text


def _odd_integer(text: str, kubernetes: bool) -> int | None:
    """``010``, ``0o10``, ``0x10``, ``0b10``, ``1_000``; ``010`` is eight to kubectl and ten to YAML 1.2."""
    body = text.lstrip("+-")
    if not body or not body[0].isdigit() or not body.isascii() or ":" in body:
        return None
    sign = -1 if text.startswith("-") else 1
    digits = body.replace("_", "") if kubernetes else body
    try:
        if digits.startswith("0x"):
            return sign * int(digits[2:], 16)
        if digits.startswith("0o"):
            return sign * int(digits[2:], 8)
        if kubernetes and digits.startswith("0b"):
            return sign * int(digits[2:], 2)
        if kubernetes and len(digits) > 1 and digits[0] == "0" and digits.isdigit():
            return sign * int(digits, 8)
        return sign * int(digits) if digits.isdigit() else None
    except ValueError:
        return None


def plain_data(node: Node, *, kubernetes: bool = False) -> Any:
    """The node as dicts, lists and scalars (the tree is bounded in depth, so recursion is)."""
    if isinstance(node, Scalar):
        return value(node, kubernetes=kubernetes)
    if isinstance(node, Sequence):
        return [plain_data(item, kubernetes=kubernetes) for item in node.items]
    assert isinstance(node, Mapping)
    return {
        _key(node, key) if kubernetes else key: plain_data(item, kubernetes=kubernetes)
        for key, item in node.entries.items()
    }


def _key(node: Mapping, key: str) -> str:
    """The key as kubectl's JSON has it: a plain ``on`` is "true", ``010`` is "8"."""
    found = value(node.keys[key], kubernetes=True)
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, int) else key
