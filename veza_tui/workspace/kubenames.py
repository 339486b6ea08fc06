"""Names as Kubernetes wants them (apimachinery's validation). Each check says what is wrong, or ""."""

from __future__ import annotations

import ipaddress
import re

from veza_tui.workspace.checks import dns_label

_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}\Z")
_PREFIX = re.compile(r"[^=\x00-\x1f\x7f-\U0010ffff]*\Z")
_HEADER = re.compile(r"[-A-Za-z0-9]+\Z")
_SYSCTL = re.compile(r"(?:[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?\Z")
_FIELDS = frozenset(
    (
        "metadata.name",
        "metadata.namespace",
        "metadata.labels",
        "metadata.annotations",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "spec.restartPolicy",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
        "spec.schedulerName",
        "status.phase",
        "spec.hostname",
    )
)
_FIELD_OF_MAP = re.compile(r"metadata\.(?:labels|annotations)\['[^']+'\]\Z")


def dns_name(text: str) -> str:
    """RFC 1123 subdomain as Kubernetes reads it: 253 characters, single labels of any length."""
    if len(text) <= 253 and _SUBDOMAIN.match(text):
        return ""
    return "must be a DNS name: lower-case letters, digits, hyphens and dots"


def dns_name_or_empty(text: str) -> str:
    """The same, or nothing."""
    return dns_name(text) if text else ""


def dns_label_or_empty(text: str) -> str:
    """RFC 1123 label, or nothing."""
    return dns_label(text) if text else ""


def qualified(text: str) -> str:
    """``name`` or ``dns.prefix/name``."""
    prefix, slash, name = text.rpartition("/")
    if _QUALIFIED.match(name) and (not slash or not dns_name(prefix)):
        return ""
    return "must be letters, digits, - _ . with an optional dns.prefix/"


def label_value(text: str) -> str:
    """At most 63 letters, digits, ``-``, ``_``, ``.``; or nothing."""
    return "" if not text or _QUALIFIED.match(text) else "must be at most 63 letters, digits, - _ ."


def data_key(text: str) -> str:
    """A key of a ConfigMap or Secret."""
    if _DATA_KEY.match(text) and text != "." and not text.startswith(".."):
        return ""
    return "must be letters, digits, - _ and . only"


def env_prefix(text: str) -> str:
    """What stands before the variables of envFrom."""
    return "" if _PREFIX.match(text) else "must be printable ASCII without ="


def header_name(text: str) -> str:
    """An HTTP header's name."""
    return "" if _HEADER.match(text) else "must be letters, digits and hyphens"


def sysctl(text: str) -> str:
    """A kernel parameter's name."""
    return "" if len(text) <= 253 and _SYSCTL.match(text) else "is no sysctl's name"


def field_path(text: str) -> str:
    """What ``fieldRef`` can read."""
    return "" if text in _FIELDS or _FIELD_OF_MAP.match(text) else "is no field that a pod can read of itself"


def address(text: str) -> str:
    """An IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return "must be an IP address"
    return ""


def outside_address(text: str) -> str:
    """An IP address that is not of this machine or link."""
    wrong = address(text)
    if wrong:
        return wrong
    found = ipaddress.ip_address(text)
    local = found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast
    return "must not be a local address" if local else ""


def finalizer(text: str) -> str:
    """A namespace's finalizer."""
    return "" if text == "kubernetes" or ("/" in text and not qualified(text)) else "must be domain/name"


def relative_path(text: str) -> str:
    """A path below a volume."""
    return relative_path_or_empty(text) if text else "must not be empty"


def relative_path_or_empty(text: str) -> str:
    """The same, or nothing."""
    if text.startswith("/"):
        return "must be a relative path"
    return no_way_up(text)


def no_way_up(text: str) -> str:
    """A path without ``..``."""
    if not text:
        return ""
    return "must not contain `..`" if ".." in text.split("/") else ""


def given(text: str) -> str:
    """Anything but nothing."""
    return "" if text else "must not be empty"


def path_segment(text: str) -> str:
    """A name that can stand in a URL."""
    if not text or text in (".", "..") or "/" in text or "%" in text:
        return "must be a name without / and %"
    return ""
