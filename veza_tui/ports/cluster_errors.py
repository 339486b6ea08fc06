"""What can go wrong with an API server, one class for each way to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.model.errors import VezaError
from veza_tui.model.exits import Exit


class ClusterError(VezaError):
    """The API server said no; ``status`` is the HTTP status, ``reason`` Kubernetes' reason (Conflict, Invalid ...).

    ``retry_after`` is in seconds when the server asked for a pause (429, 503).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.details = dict(details or {})
        if status in (401, 403):
            self.exit = Exit.REFUSED
        elif status in (0, 502, 503):
            self.exit = Exit.UNREACHABLE


class ClusterUnreachable(ClusterError):
    """No connection, no TLS, no answer in time."""

    exit = Exit.UNREACHABLE


class NotFound(ClusterError):
    """404."""


class Conflict(ClusterError):
    """409: somebody wrote in between, or an apply conflict (``details`` names the managers)."""


class AlreadyExists(Conflict):
    """409 on create."""


class Gone(ClusterError):
    """410: the resourceVersion is too old; list again."""


class Denied(ClusterError):
    """401 or 403."""


class Invalid(ClusterError):
    """400 or 422: the object is refused."""
