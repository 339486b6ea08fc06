"""The API server: HTTPS on 127.0.0.1 in front of a Store and a NodeRuntime."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import web

from veza_tui.embedded.api import (
    accounts,
    discovery,
    kubeconfig,
    metrics,
    openapi,
    openapi_v2,
    rbac,
    read,
    reviews,
    subresources,
    write,
)
from veza_tui.embedded.api.bootstrap import bootstrap
from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import (
    ApiError,
    internal,
    method_not_supported,
    path_not_found,
    too_many_requests,
    unauthorized,
)
from veza_tui.embedded.api.faults import Fault, Faults
from veza_tui.embedded.api.kubeconfig import Context
from veza_tui.embedded.api.rbac import User
from veza_tui.embedded.api.requests import RequestInfo, parse
from veza_tui.embedded.api.resources import REVIEWS
from veza_tui.embedded.api.respond import Accept, accepted, answer, answer_error, answer_object
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.api.streams import endpoints as streams
from veza_tui.embedded.api.streams.proxy import Proxy
from veza_tui.embedded.api.tls import make_certificate
from veza_tui.embedded.api.watch import serve_watch

__all__ = ["ApiServer", "Context", "User"]
_LOG = logging.getLogger(__name__)
_BODY_LIMIT = 3 * 1024 * 1024
_HEALTH = ("/healthz", "/livez", "/readyz")


class ApiServer:
    """``tokens`` maps bearer tokens to users; ``bookmark_interval`` in seconds. Faults are switched in ``faults``.

    ``tls`` False serves plain HTTP, over which kubectl sends no token (client-go drops credentials without TLS).
    """

    def __init__(
        self,
        store: Store,
        runtime: NodeRuntime,
        *,
        tokens: Mapping[str, User],
        host: str = "127.0.0.1",
        port: int = 0,
        bookmark_interval: float = 60.0,
        faults: Faults | None = None,
        tls: bool = True,
    ) -> None:
        self.store = store
        self.runtime = runtime
        self._proxy = Proxy(runtime)
        self.tokens = dict(tokens)
        self.faults = faults or Faults()
        self.bookmark_interval = bookmark_interval
        self.url = ""
        self.certificate = make_certificate(host) if tls else None
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._web: web.Server | None = None
        bootstrap(store)

    async def start(self) -> str:
        """Listen; the answer is the URL, for example ``https://127.0.0.1:40123``."""
        loop = asyncio.get_running_loop()
        self._web = web.Server(
            self._handle,
            request_factory=self._request,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=75,
        )
        context = self.certificate.context if self.certificate else None
        self._server = await loop.create_server(self._web, self._host, self._port, backlog=256, ssl=context)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if context else ''}://{self._host}:{self._port}"
        return self.url

    async def stop(self) -> None:
        """Close every connection, end every stream. Idempotent."""
        self.faults.clear()
        self.faults.thaw()
        self.faults.drop_watches()
        if self._server is not None:
            self._server.close()
        if self._web is not None:
            await self._web.shutdown(0.2)
        if self._server is not None:
            await self._server.wait_closed()
        self._server = self._web = None

    def write_kubeconfig(self, path: Path, contexts: Sequence[Context], *, current: str = "") -> None:
        """A kubeconfig of mode 0600; ``current`` names the current context (the first by default)."""
        authority = self.certificate.authority if self.certificate else ""
        kubeconfig.write(path, self.url, contexts, authority=authority, current=current)

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_BODY_LIMIT)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._serve(request)
        except ApiError as error:
            return answer_error(error)
        except web.HTTPRequestEntityTooLarge:
            message = f"Request entity too large: limit is {_BODY_LIMIT}"
            return answer_error(ApiError(413, "RequestEntityTooLarge", message))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            _LOG.exception("%s %s", request.method, request.path)
            return answer_error(internal(f"{type(error).__name__}: {error}"))

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path = unquote(urlsplit(request.raw_path if hasattr(request, "raw_path") else request.path).path)
        user = self._user(request)
        await self._suffer(request, path, user)
        if user is None:
            if path not in rbac.PUBLIC_URLS or request.headers.get("Authorization"):
                raise unauthorized()
            return self._public(request, path)
        user = rbac.impersonated(user, request.headers, self.tokens.values())
        info = parse(request.method, path, request.query)
        rbac.authorize(user, info)
        if not info.resource:
            return self._public(request, path)
        return await self._resource(Call(request, self.store, info, user, _accept(request, info)))

    def _user(self, request: web.BaseRequest) -> User | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer":
            return None
        return self.tokens.get(token) or accounts.authenticate(self.store, token)

    async def _suffer(self, request: web.BaseRequest, path: str, user: User | None) -> None:
        """Meet the faults that are switched on."""
        for fault in self.faults.strike(path, user.name if user else "", request.method):
            await self._strike(fault, request)

    async def _strike(self, fault: Fault, request: web.BaseRequest) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay)
        elif fault.kind == "error":
            if fault.status == 409:
                raise ApiError(
                    409, "Conflict", "the object has been modified; please apply your changes to the latest version"
                )
            message = "etcdserver: request timed out"
            raise ApiError(fault.status, "InternalError" if fault.status == 500 else "ServiceUnavailable", message)
        elif fault.kind == "throttle":
            message = "the server has received too many requests and has asked us to try again later"
            raise too_many_requests(message, retry_after=fault.retry_after)
        elif fault.kind == "unauthorized":
            raise unauthorized()
        elif fault.kind == "reset" and request.transport is not None:
            request.transport.abort()
            raise ConnectionResetError("fault")
        elif fault.kind == "hang":
            await self.faults.gone(fault)

    def _public(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """Paths that are no resources."""
        if request.method not in ("GET", "HEAD"):
            raise method_not_supported()
        parts = [p for p in path.split("/") if p]
        aggregated = "APIGroupDiscoveryList" in request.headers.get("Accept", "")
        match parts:
            case ["version"]:
                return answer_object(discovery.version())
            case [("healthz" | "livez" | "readyz") as name, *_]:
                verbose = "verbose" in request.query
                return web.Response(text=f"[+]ping ok\n[+]store ok\n{name} check passed\n" if verbose else "ok")
            case ["api"] | ["apis"] if aggregated:
                response = answer_object(discovery.aggregated(parts == ["api"]))
                response.headers["Content-Type"] = discovery.AGGREGATED
                return response
            case ["api"]:
                return answer_object(discovery.api_versions(self.url.partition("://")[2]))
            case ["apis"]:
                return answer_object(discovery.group_list())
            case ["apis", group] if group and group in discovery.groups():
                return answer_object(discovery.api_group(group))
            case ["api", "v1"]:
                return answer_object(discovery.resource_list("", "v1"))
            case ["apis", group, version] if version in discovery.groups().get(group, ()):
                return answer_object(discovery.resource_list(group, version))
            case ["openapi", "v2"]:
                wanted = request.headers.get("Accept", "json")
                if openapi_v2.ASKED in wanted or openapi_v2.MEDIA in wanted:
                    return web.Response(body=openapi_v2.document(), content_type=openapi_v2.MEDIA)
                if "json" not in wanted and "*/*" not in wanted:
                    raise ApiError(406, "NotAcceptable", "406: Not Acceptable")
                return answer_object(openapi.swagger())
            case ["openapi", "v3"]:
                return answer_object(openapi.index())
            case ["openapi", "v3", *rest]:
                try:
                    return answer(openapi.document("/".join(rest)))
                except KeyError:
                    raise path_not_found() from None
            case []:
                return answer_object({"paths": ["/api", "/api/v1", "/apis", *_HEALTH, "/openapi/v3", "/version"]})
        if parts[0] in ("api", "apis"):
            raise path_not_found()
        return web.Response(status=404, text="404 page not found\n")

    async def _resource(self, call: Call) -> web.StreamResponse:
        info, kind = call.info, call.info.kind
        if kind is None or (info.name and not kind.namespaced and info.namespace and kind.kind != "Namespace"):
            raise path_not_found()
        if info.subresource:
            if info.subresource in streams.NAMES and info.subresource in kind.subresources:
                return await streams.serve(call, self.runtime, self._proxy)
            return await subresources.serve(call)
        if kind.kind in REVIEWS:
            if info.method != "POST":
                raise method_not_supported()
            return answer_object(await reviews.review(call, self.tokens), call.accept, 201)
        if kind.group == "metrics.k8s.io":
            return metrics.serve(call, self.runtime)
        verb = info.verb
        if verb not in kind.verbs or (kind.namespaced and not info.namespace and verb not in ("list", "watch")):
            raise method_not_supported()
        if verb == "watch":
            return await serve_watch(
                call.request, self.store, kind, info, call.accept,
                bookmark_interval=self.bookmark_interval, faults=self.faults,
            )  # fmt: skip
        if verb == "get":
            return read.get_object(self.store, kind, info, call.accept)
        if verb == "list":
            return read.list_objects(self.store, kind, info, call.accept)
        if verb == "create" and info.name:
            raise method_not_supported()
        if not info.name and verb in ("update", "patch"):
            raise method_not_supported()
        handlers = {
            "create": write.create, "update": write.update, "patch": write.patch, "delete": write.delete,
            "deletecollection": write.delete_collection,
        }  # fmt: skip
        return await handlers[verb](call)


def _accept(request: web.BaseRequest, info: RequestInfo) -> Accept:
    """Streams and proxies pass any Accept header on."""
    if info.subresource in streams.NAMES:
        return Accept()
    return accepted(request.headers.get("Accept", ""))
