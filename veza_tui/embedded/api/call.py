"""One request being served: what every handler needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from veza_tui.embedded.api import views
from veza_tui.embedded.api.decode import Decoded, DecodeError, decode, parse, strict_error
from veza_tui.embedded.api.errors import ApiError, bad_request
from veza_tui.embedded.api.proto import PROTOBUF, from_protobuf
from veza_tui.embedded.api.rbac import User
from veza_tui.embedded.api.requests import RequestInfo, option_error
from veza_tui.embedded.api.resources import BY_KIND, ResourceType
from veza_tui.embedded.api.respond import Accept, answer_object
from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]
_MEDIA = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


@dataclass(slots=True)
class Call:
    """A request, who sent it and what it asks for."""

    request: web.BaseRequest
    store: Store
    info: RequestInfo
    user: User
    accept: Accept
    warnings: list[str] = field(default_factory=list)

    @property
    def kind(self) -> ResourceType:
        """The resource; only for handlers of resources."""
        assert self.info.kind is not None
        return self.info.kind

    @property
    def namespace(self) -> str | None:
        """The namespace in the path, None for cluster-wide kinds."""
        return self.info.namespace if self.kind.namespaced else None

    @property
    def manager(self) -> str:
        """The field manager: the option, or the first word of the User-Agent."""
        given = self.info.query.get("fieldManager", "")
        if len(given.encode()) > 128:
            raise option_error("PatchOptions", "fieldManager", "Too long: may not be more than 128 bytes")
        return given or self.request.headers.get("User-Agent", "unknown").split("/")[0][:128] or "unknown"

    @property
    def media(self) -> str:
        """The body's media type."""
        return self.request.headers.get("Content-Type", "application/json").split(";")[0].strip() or "application/json"

    async def raw_body(self) -> Any:
        """The parsed body, or None when there is none; raises ApiError 400 or 415."""
        body = await self.request.read()
        if not body:
            return None
        if self.media == PROTOBUF:
            return from_protobuf(body)
        if self.media not in ("application/json", "application/yaml"):
            message = f"the body of the request was in an unknown format - accepted media types include: {_MEDIA}"
            raise ApiError(415, "UnsupportedMediaType", message)
        try:
            return parse(body, yaml=self.media == "application/yaml")
        except DecodeError as error:
            text = body.decode("utf-8", "replace")[:200]
            kind = self.info.kind.kind if self.info.kind else "Status"
            detail = f"couldn't get version/kind; json parse error: {error} ({text})"
            message = f"the object provided is unrecognized (must be of type {kind}): {detail}"
            raise bad_request(message) from error

    async def body_object(self, api_version: str = "", kind: str = "") -> JSONObject:
        """The body as an object of the path's kind (or of the one given), checked against its fields.

        Raises:
            ApiError: 400 another kind, fields of a wrong type, unknown fields under Strict; 415.
        """
        value = await self.raw_body()
        if value is None:
            value = {}
        return self.checked(value, api_version or self.kind.api_version, kind or self.kind.kind)

    def checked(self, value: Any, api_version: str, kind: str) -> JSONObject:
        """See ``body_object``."""
        if isinstance(value, dict):
            got_version, got_kind = value.get("apiVersion") or api_version, value.get("kind") or kind
            if (got_version, got_kind) != (api_version, kind):
                raise _wrong_kind(str(got_version), str(got_kind), kind)
        decoded = decode(value, api_version, kind)
        self.complain(decoded, api_version, kind)
        out: JSONObject = decoded.value
        out["apiVersion"], out["kind"] = api_version, kind
        return out

    def complain(self, decoded: Decoded, api_version: str, kind: str) -> None:
        """Refuse, warn about or ignore unknown fields."""
        validation = self.info.field_validation
        if decoded.complaints and validation == "Strict":
            raise strict_error(api_version, kind, decoded.complaints)
        if validation == "Warn":
            self.warnings += [c for c in decoded.complaints if c not in self.warnings]

    def respond(self, obj: JSONObject, status: int = 200) -> web.Response:
        """The object in the form that the client asked for."""
        include = self.info.query.get("includeObject", "Metadata")
        body = obj
        if self.info.kind is not None and obj.get("kind") != "Status":
            if obj.get("kind") == self.info.kind.kind:
                body = views.object_body(self.info.kind, obj, self.accept, include, self.store.clock())
            elif self.accept.form == "PartialObjectMetadata":
                body = views.partial(obj)
        return answer_object(body, self.accept, status, warnings=tuple(self.warnings))


def _wrong_kind(api_version: str, kind: str, wanted: str) -> ApiError:
    version = api_version.rpartition("/")[2]
    if (api_version, kind) in BY_KIND:
        reason = f"converting ({version}.{kind}) to (core.{wanted}): unknown conversion"
    else:
        reason = (
            f'no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'
        )
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {wanted}: {reason}')
