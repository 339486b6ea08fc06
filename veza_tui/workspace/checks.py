"""What single values must look like. Each check says what is wrong, or ""."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlsplit

Check = Callable[[str], str]

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_HOST_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_QUANTITY = re.compile(
    r"(?P<number>\+?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,3})?\Z"
)
_DECIMAL_SI = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SI = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdw])\Z")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_SIZE = re.compile(r"[1-9][0-9]{0,8}(?:B|KB|MB|GB)\Z")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$.@-]{0,62}\Z")
_COMPRESSION = re.compile(r"(?:none|(?:gzip|lz4|zstd)(?::[0-9]{1,2})?|[0-9])\Z")
_BECH32 = re.compile(r"age1[02-9ac-hj-np-z]{58}\Z")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_LOOPBACK_NAMES = frozenset(
    ("localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback")
)
_LOOPBACK_TEXT = re.compile(
    r"(?<![\w.-])(?:localhost|(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){1,3}|\[?::1\]?|0\.0\.0\.0)(?![\w-]|\.\w)",
    re.IGNORECASE,
)


def dns_label(text: str) -> str:
    """RFC 1123 label, as Kubernetes wants namespaces and Service names."""
    return "" if _LABEL.match(text) else "must be lower-case letters, digits and inner hyphens, at most 63 characters"


def dns_name(text: str) -> str:
    """RFC 1123 subdomain: labels joined by dots, at most 253 characters."""
    if len(text) <= 253 and all(_LABEL.match(part) for part in text.split(".")):
        return ""
    return "must be a DNS name: lower-case letters, digits, hyphens and dots"


def host(text: str) -> str:
    """A host name or an IP address."""
    if "${" in text:
        return "variables are resolved in passwords only"
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        if len(text) <= 253 and all(_HOST_LABEL.match(part) for part in labels) and not labels[-1].isdigit():
            return ""
        return "must be a host name or an IP address, without a port or a scheme"
    return ""


def identifier(text: str) -> str:
    """A database or role name that no client takes for an option or a connection string."""
    if "${" in text:
        return "variables are resolved in passwords only"
    if _IDENTIFIER.match(text):
        return ""
    return "must begin with a letter or _ and hold letters, digits and _ $ . @ - only, at most 63 characters"


def absolute_path(text: str) -> str:
    """An absolute path without ``..``."""
    if text.startswith("/") and ".." not in text.split("/"):
        return ""
    return "must be an absolute path without `..`"


def url_path(text: str) -> str:
    """The path of a probe."""
    if text.startswith("/") and not text.startswith("//") and len(text) <= 200 and not re.search(r"[\s\\#]|\.\.", text):
        return ""
    return "must be a path such as /health"


def quantity_value(text: str) -> Decimal | None:
    """A Kubernetes quantity (apimachinery's resource.Quantity) as a number of cores or bytes; None when it is none."""
    match = _QUANTITY.match(text) if len(text) <= 40 else None
    if match is None:
        return None
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    if suffix in _BINARY_SI:
        return number * (1 << _BINARY_SI[suffix])
    if suffix in _DECIMAL_SI:
        return number.scaleb(_DECIMAL_SI[suffix])
    return number.scaleb(int(suffix[1:]))


def cpu(text: str) -> str:
    """CPU cores."""
    number = quantity_value(text)
    if number is None:
        return "is not a Kubernetes quantity (for example 100m or 1.5)"
    if number <= 0:
        return "must be more than zero"
    if number > 1024:
        return "is more than 1024 cores; thousandths of a core are written with m (500m)"
    if number * 1000 != int(number * 1000):
        return "is finer than a thousandth of a core (1m)"
    return ""


def memory(text: str) -> str:
    """Bytes of memory."""
    number = quantity_value(text)
    if number is None:
        return "is not a Kubernetes quantity (for example 128Mi or 1Gi)"
    if number < 1024 * 1024:
        return "is less than 1Mi: is the unit right? (Mi, Gi)"
    if number > 1 << 50:
        return "is more than 1Pi: is the unit right? (Mi, Gi)"
    return ""


def minutes(text: str) -> int | None:
    """``90m``, ``24h``, ``7d``, ``2w`` in minutes, None when it is no duration."""
    match = _DURATION.match(text)
    return int(match[1]) * _MINUTES[match[2]] if match else None


def duration(text: str) -> str:
    """A duration."""
    return "" if minutes(text) is not None else "must be a duration such as 90m, 24h, 7d or 2w"


def size(text: str) -> str:
    """A file size."""
    return "" if _SIZE.match(text) else "must be a size such as 100MB"


def compression(text: str) -> str:
    """pg_dump's --compress as PostgreSQL 16 and newer take it: a level, or method[:level]."""
    return "" if _COMPRESSION.match(text) else "must be none, gzip, lz4 or zstd, with :LEVEL if wanted (zstd:3)"


def command_line(text: str) -> str:
    """A command with its arguments, quoted as in a shell."""
    import shlex

    try:
        words = shlex.split(text)
    except ValueError:
        return "has a quote that is not closed"
    return "" if words and "\0" not in text else "must be a command"


def age_recipient(text: str) -> str:
    """An age X25519 recipient, or an SSH public key."""
    if _BECH32.match(text) or text.startswith(("ssh-ed25519 ", "ssh-rsa ")):
        return ""
    if text.upper().startswith("AGE-SECRET-KEY"):
        return "is a secret key: remove it from this file at once and name the public one (age1…)"
    return "must be an age recipient (age1…) or an SSH public key"


def storage(text: str) -> str:
    """``s3://bucket/prefix``."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "must be s3://bucket/prefix"
    if parts.scheme != "s3" or parts.query or parts.fragment or not _BUCKET.match(parts.netloc):
        return "must be s3://bucket/prefix, or empty for the workspace's backups/"
    return "" if ".." not in parts.path.split("/") else "must not hold `..`"


def is_loopback(text: str) -> bool:
    """Whether a host means this very machine."""
    bare = text.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    if bare in _LOOPBACK_NAMES or bare.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        # 127.1 is 127.0.0.1 to the resolver.
        return re.match(r"127(?:\.\d{1,3}){0,3}\Z", bare) is not None
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or address.is_unspecified or bool(mapped and mapped.is_loopback)


def names_loopback(text: str) -> bool:
    """Whether a text (an address, a URL) mentions this very machine."""
    return is_loopback(text) or _LOOPBACK_TEXT.search(text) is not None
