"""Refusals of the API server as metav1.Status objects (source: apimachinery `StatusReason` and `CauseType` values)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

JSONObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of ``details.causes``; ``reason`` is FieldValueRequired, FieldValueInvalid, FieldManagerConflict ..."""

    reason: str
    message: str
    field: str = ""

    def to_json(self) -> JSONObject:
        """As a StatusCause."""
        out = {"reason": self.reason, "message": self.message}
        if self.field:
            out["field"] = self.field
        return out


@dataclass(slots=True)
class ApiError(Exception):
    """An answer that is a Status; ``code`` is the HTTP status, ``retry_after`` in seconds."""

    code: int
    reason: str
    message: str
    name: str = ""
    group: str = ""
    kind: str = ""
    """In details: the kind for Invalid, the plural resource for the others, as the real server has it."""
    uid: str = ""
    causes: Sequence[Cause] = field(default_factory=tuple)
    retry_after: int = 0
    continue_token: str = ""
    """For an expired list: continues without consistency."""

    def __str__(self) -> str:
        return self.message

    def status(self) -> JSONObject:
        """The Status object."""
        details: JSONObject = {}
        for key in ("name", "group", "kind", "uid"):
            if getattr(self, key):
                details[key] = getattr(self, key)
        if self.causes:
            details["causes"] = [cause.to_json() for cause in self.causes]
        if self.retry_after:
            details["retryAfterSeconds"] = self.retry_after
        out: JSONObject = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_token} if self.continue_token else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            out["reason"] = self.reason
        if details:
            out["details"] = details
        out["code"] = self.code
        return out


def qualified(plural: str, group: str) -> str:
    """``deployments.apps``, or ``pods`` for the core group."""
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> ApiError:
    """404 for an object."""
    return ApiError(
        404, "NotFound", f'{qualified(plural, group)} "{name}" not found', name=name, group=group, kind=plural
    )


def path_not_found() -> ApiError:
    """404 for a path that no resource stands behind."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def already_exists(plural: str, group: str, name: str) -> ApiError:
    """409 on create."""
    message = f'{qualified(plural, group)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, name=name, group=group, kind=plural)


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(plural: str, group: str, name: str, why: str = MODIFIED) -> ApiError:
    """409 for a stale resourceVersion or a failed precondition."""
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiError(409, "Conflict", message, name=name, group=group, kind=plural)


def forbidden(plural: str, group: str, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiError:
    """403 by authorization or admission."""
    what = f'{qualified(plural, group)} "{name}"' if name else qualified(plural, group)
    return ApiError(403, "Forbidden", f"{what} is forbidden: {why}", name=name, group=group, kind=plural, causes=causes)


def unauthorized() -> ApiError:
    """401."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    """410: the resourceVersion or the continue token is too old."""
    return ApiError(410, "Expired", message)


def method_not_supported() -> ApiError:
    """405."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 with its causes; one is written inline, several in brackets, like apimachinery's NewInvalid."""
    lines = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = lines[0] if len(lines) == 1 else "[" + ", ".join(lines) + "]"
    what = f"{kind}.{group}" if group else kind
    message = f'{what} "{name}" is invalid: {text}'
    return ApiError(422, "Invalid", message, name=name, group=group, kind=kind, causes=tuple(causes))


def too_many_requests(message: str, *, retry_after: int = 1, causes: Sequence[Cause] = ()) -> ApiError:
    """429."""
    return ApiError(429, "TooManyRequests", message, retry_after=retry_after, causes=causes)


def unavailable(message: str) -> ApiError:
    """503."""
    return ApiError(503, "ServiceUnavailable", message)


def internal(message: str) -> ApiError:
    """500."""
    cause = Cause("", message)
    return ApiError(500, "InternalError", f"Internal error occurred: {message}", causes=(cause,))
