"""Answers: JSON, Status, Warning headers, what the client accepts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.history import dumps

JSONObject = dict[str, Any]
_HEADERS = {"Cache-Control": "no-cache, private"}
JSON = "application/json"


@dataclass(slots=True)
class Accept:
    """What the client wants: ``form`` is "", Table, PartialObjectMetadata or PartialObjectMetadataList."""

    form: str = ""
    version: str = "v1"
    yaml: bool = False


def accepted(header: str) -> Accept:
    """The first form that we can give; raises ApiError 406."""
    if not header:
        return Accept()
    for part in header.split(","):
        media, *parameters = [p.strip() for p in part.split(";")]
        options = dict(p.partition("=")[::2] for p in parameters)
        if media in (JSON, "application/*", "*/*"):
            if options.get("as") and options.get("v") not in (None, "v1", "v1beta1"):
                continue
            return Accept(options.get("as", ""), options.get("v", "v1"))
        if media == "application/yaml":
            return Accept(yaml=True)
    message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml"
    raise ApiError(406, "NotAcceptable", message)


def answer(body: bytes, status: int = 200, *, warnings: tuple[str, ...] = ()) -> web.Response:
    """JSON bytes."""
    response = web.Response(body=body, status=status, content_type=JSON, headers=_HEADERS)
    for text in warnings:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response


def answer_object(
    value: Any, accept: Accept | None = None, status: int = 200, *, warnings: tuple[str, ...] = ()
) -> web.Response:
    """A JSON value, as YAML when asked for."""
    if accept is not None and accept.yaml:
        import yaml

        text = yaml.safe_dump(value, sort_keys=True, allow_unicode=True)
        return web.Response(text=text, status=status, content_type="application/yaml", headers=_HEADERS)
    return answer(dumps(value), status, warnings=warnings)


def answer_error(error: ApiError) -> web.Response:
    """A Status."""
    response = answer(dumps(error.status()), error.code)
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@dataclass(slots=True)
class Warnings:
    """Collected while a request is served."""

    lines: list[str] = field(default_factory=list)

    def add(self, lines: list[str]) -> None:
        """More of them, each once."""
        self.lines += [line for line in lines if line not in self.lines]
