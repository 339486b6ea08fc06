"""What a request asks for: path, verb, options (source: apiserver's RequestInfo and metav1 option types)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from veza_tui.embedded.api.errors import ApiError, Cause, bad_request, invalid
from veza_tui.embedded.api.resources import BY_PATH, ResourceType

JSONObject = dict[str, Any]
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}
TRUE = ("1", "true", "True", "t", "T", "TRUE")


@dataclass(slots=True)
class RequestInfo:
    """One request, taken apart. For a non-resource path ``resource`` is empty."""

    method: str
    path: str
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    rest: str = ""
    """What follows the subresource, for proxies."""
    kind: ResourceType | None = None
    query: Mapping[str, str] = field(default_factory=dict)

    def flag(self, name: str) -> bool:
        """A boolean option."""
        return self.query.get(name, "") in TRUE

    def integer(self, name: str) -> int | None:
        """An integer option; raises ApiError 400."""
        text = self.query.get(name)
        if text is None or text == "":
            return None
        try:
            return int(text)
        except ValueError as error:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be stored; raises ApiError 422 for another value than All."""
        value = self.query.get("dryRun")
        if not value:
            return False
        if value != "All":
            raise self._option_error("dryRun", f'Unsupported value: ["{value}"]: supported values: "All"')
        return True

    @property
    def field_validation(self) -> str:
        """Strict, Warn or Ignore; Warn is the default of a server with the feature."""
        value = self.query.get("fieldValidation") or "Warn"
        if value not in ("Strict", "Warn", "Ignore"):
            text = f'Unsupported value: "{value}": supported values: "", "Ignore", "Strict", "Warn"'
            raise self._option_error("fieldValidation", text)
        return value

    def _option_error(self, name: str, text: str) -> ApiError:
        kind = {"update": "UpdateOptions", "patch": "PatchOptions", "delete": "DeleteOptions"}.get(
            self.verb, "CreateOptions"
        )
        return option_error(kind, name, text)


def option_error(kind: str, name: str, text: str) -> ApiError:
    """422 about an option; ``text`` begins with Required value, Unsupported value or Forbidden."""
    reasons = {
        "Unsup": "FieldValueNotSupported",
        "Forbi": "FieldValueForbidden",
        "Requi": "FieldValueRequired",
        "Too l": "FieldValueTooLong",
    }
    return invalid(kind, "meta.k8s.io", "", [Cause(reasons.get(text[:5], "FieldValueInvalid"), text, name)])


def parse(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """Take the path apart; ``kind`` stays None when no resource of ours stands behind it."""
    parts = [p for p in path.split("/") if p]
    verb = _VERBS.get(method, method.lower())
    info = RequestInfo(method, path, verb, query=query)
    if len(parts) >= 3 and parts[0] == "api":
        info.version, parts = parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        info.group, info.version, parts = parts[1], parts[2], parts[3:]
    else:
        return info
    if parts[0] == "watch" and len(parts) > 1:
        parts = parts[1:]
        info.query = {**query, "watch": "1"}
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in ("status", "finalize"):
        info.namespace, parts = parts[1], parts[2:]
    elif parts[0] == "namespaces" and len(parts) > 1:
        info.namespace = parts[1]
    info.resource = parts[0]
    info.name = parts[1] if len(parts) > 1 else ""
    info.subresource = parts[2] if len(parts) > 2 else ""
    if len(parts) > 3 or (info.subresource == "proxy" and path.endswith("/")):
        info.rest = path.split(f"/{info.subresource}/", 1)[-1] if len(parts) > 3 else ""
    info.kind = BY_PATH.get((info.group, info.version, info.resource))
    if not info.name:
        if verb == "get":
            info.verb = "watch" if info.flag("watch") else "list"
        elif verb == "delete":
            info.verb = "deletecollection"
    elif verb == "get" and info.flag("watch") and not info.subresource:
        info.verb = "watch"
    return info
