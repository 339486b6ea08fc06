"""What went wrong, from an HTTP answer or a broken connection, as ports.cluster errors with one line and what to do."""

from __future__ import annotations

import json
import os
import re
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from veza_tui.adapters.kubernetes.http_library import aiohttp
from veza_tui.model.text import printable
from veza_tui.ports.cluster import (
    AlreadyExists,
    ClusterError,
    ClusterUnreachable,
    Conflict,
    Denied,
    Gone,
    Invalid,
    NotFound,
)

_HINTS = {
    401: "log in again: the credentials in the kubeconfig are wrong or have expired",
    403: "ask for the permission, or use a context that has it",
    410: "list again",
    429: "the API server is overloaded; try again in a moment",
}
_VALUE = re.compile(r"Invalid value: [\[{].*: (?=field is immutable)", re.DOTALL)
_LONGEST = 65536
"""Characters of a server's message that are looked at."""
_MANAGER = re.compile(r'conflict with "([^"]+)"')


def from_answer(status: int, body: bytes, headers: Mapping[str, str], what: str) -> ClusterError:
    """The error that an HTTP answer means; ``what`` is our request in words, used when the server sent no Status."""
    data = status_object(body)
    # The server repeats the whole value (of a Job its template); the field and the reason say it.
    said = _VALUE.sub("", str(data.get("message") or "")[:_LONGEST])
    message = printable(said, limit=400)
    reason = str(data.get("reason") or "")
    raw = data.get("details")
    details: dict[str, Any] = raw if isinstance(raw, dict) else {}
    if not message:
        message = f"{what}: the server answered {status}"
    if status == 401:
        message = f"{what}: the API server does not accept our credentials (401)"
    if status == 400 and b"HTTP request to an HTTPS server" in body:
        message = f"{what}: the API server speaks https, and the kubeconfig says http"
    kind = _class_of(status, reason)
    if status == 500 and message.startswith("failed to create typed patch object"):
        # A server-side apply with a value of the wrong type: the API server calls its own error what is ours.
        kind = Invalid
    causes = details.get("causes")
    if kind is Conflict and isinstance(causes, list):
        managers = {m for c in causes if isinstance(c, dict) for m in _MANAGER.findall(str(c.get("message") or ""))}
        details = {**details, "managers": sorted(managers)}
    return kind(
        message,
        status=status,
        reason=reason,
        retry_after=_retry_after(headers, details),
        details=details,
        hint=_HINTS.get(status, ""),
    )


def from_event(data: Mapping[str, Any], what: str) -> ClusterError:
    """The error that a watch's ERROR event means (its object is a Status)."""
    code = data.get("code")
    return from_answer(code if isinstance(code, int) else 500, json.dumps(data).encode(), {}, what)


def status_object(body: bytes) -> dict[str, Any]:
    """``body`` as a Kubernetes Status, empty when it is none."""
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) and data.get("kind") == "Status" else {}


def _class_of(status: int, reason: str) -> type[ClusterError]:
    if status == 409:
        return AlreadyExists if reason == "AlreadyExists" else Conflict
    return {400: Invalid, 401: Denied, 403: Denied, 404: NotFound, 410: Gone, 422: Invalid}.get(status, ClusterError)


def _retry_after(headers: Mapping[str, str], details: Mapping[str, Any]) -> float | None:
    value: Any = headers.get("Retry-After") or details.get("retryAfterSeconds")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        pass
    try:
        return max(0.0, parsedate_to_datetime(str(value)).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def from_exception(error: BaseException, server: str, seconds: float | None = None) -> ClusterUnreachable:
    """A connection that could not be made, or broke."""
    hint = "is the cluster up, and are you on its network (VPN, proxy)?"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return ClusterUnreachable(
            f"the TLS certificate of {server} is not trusted: {_tls_reason(error.certificate_error)}",
            hint="correct certificate-authority in the kubeconfig",
        )
    if isinstance(error, aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return ClusterUnreachable(
            f"no TLS with {server}: {_tls_reason(error)}", hint="check the server address in the kubeconfig"
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ClusterUnreachable(f"the name of {server} is not known", hint="check the server address and the VPN")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ClusterUnreachable(
            f"the proxy refuses to reach {server}: {error.status}", hint="check proxy-url or HTTPS_PROXY"
        )
    if isinstance(error, TimeoutError):
        within = f" within {seconds:g} s" if seconds else " in time"
        return ClusterUnreachable(f"no answer from {server}{within}", hint=hint)
    if isinstance(error, OSError) and error.strerror:
        # asyncio words it "Connect call failed ('127.0.0.1', 1)": only what the system said is of use.
        text = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        return ClusterUnreachable(f"cannot reach {server}: {printable(text, limit=120).lower()}", hint=hint)
    return ClusterUnreachable(f"the connection to {server} broke ({type(error).__name__})", hint=hint)


def _tls_reason(error: BaseException) -> str:
    text = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
    return printable(str(text), limit=120)
