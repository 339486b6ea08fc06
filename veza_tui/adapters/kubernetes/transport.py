"""HTTP to one API server: credentials, TLS, proxies, time and size limits, errors. Knows no Kubernetes kinds."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from multidict import CIMultiDict
from yarl import URL

from veza_tui import __version__
from veza_tui.adapters.kubernetes import errors
from veza_tui.adapters.kubernetes.addresses import proxy_address
from veza_tui.adapters.kubernetes.credentials import credentials
from veza_tui.adapters.kubernetes.http_library import aiohttp
from veza_tui.adapters.kubernetes.kubeconfig import Access
from veza_tui.adapters.kubernetes.proof import Proof, impersonation
from veza_tui.adapters.kubernetes.sockets import Sockets
from veza_tui.adapters.kubernetes.tls import tls_context
from veza_tui.model.errors import ConfigError
from veza_tui.ports.cluster import ClusterError, ClusterUnreachable, Denied

CONNECT_TIMEOUT = 20.0
"""Seconds for TCP and TLS together: an overloaded server accepts at once and takes its time for the handshake. Into the
void it is less: ``Sockets`` has the kernel give up after SYNs at 0 and 1 s."""
REQUEST_TIMEOUT = 30.0
"""Seconds for a whole ordinary request: a cluster that needs 10 s is slow, not down."""
MAX_BODY = 64 << 20
"""Bytes of one answer: a page of 500 pods is 2-5 MB."""
MAX_ERROR_BODY = 64 << 10

_BROKEN = (aiohttp.ClientError, OSError, TimeoutError, ssl.SSLError)


class Transport:
    """One API server with one user's credentials. Use from one event loop."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._credentials = credentials(access)
        self._base = access.server
        self._proxy = _proxy(access)
        self._impersonation = impersonation(access.user, access.user_name)
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None
        self._tls_pair: tuple[bytes | None, bytes | None] | None = None
        self._sockets = Sockets()
        self._closed = False

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | list[tuple[str, str]] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: aiohttp.ClientTimeout | None = None,
        any_status: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer whose body is still to be read. Errors while reading it inside the block are translated, too.

        Raises:
            ClusterError: a subclass by status; ``any_status`` makes every status an answer instead.
            ClusterUnreachable: no connection, no TLS, no answer in time, or it broke.
        """
        limits = timeout or aiohttp.ClientTimeout(total=REQUEST_TIMEOUT, sock_connect=CONNECT_TIMEOUT)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Accept": accept}
        if data is not None:
            headers["Content-Type"] = content_type
        try:
            response = await self._send(method, path, params, data, headers, limits, any_status)
            async with response:
                yield response
        except ClusterError:
            raise
        except _BROKEN as error:
            raise errors.from_exception(error, self._base, _limit(error, limits)) from error

    async def _send(
        self,
        method: str,
        path: str,
        params: Any,
        data: bytes | None,
        headers: dict[str, str],
        limits: aiohttp.ClientTimeout,
        any_status: bool,
    ) -> aiohttp.ClientResponse:
        async def check(response: aiohttp.ClientResponse) -> None:
            if response.status >= 400 and (not any_status or response.status == 401):
                await _raise(response, f"{method} {path}")

        for again in (True, False):
            session, options = await self._ready(headers)
            try:
                # A 401 was not executed, so sending once more with new credentials repeats nothing.
                return await session.request(
                    method,
                    URL(self._base + path, encoded=True),
                    params=params,
                    data=data,
                    timeout=limits,
                    allow_redirects=False,
                    raise_for_status=check,
                    **options,
                )
            except Denied as error:
                if error.status != 401 or not again or not await self._renew():
                    raise
        raise AssertionError("unreachable")

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """A whole answer as JSON, at most ``MAX_BODY`` bytes."""
        async with self.open(method, path, **options) as response:
            body = await read_limited(response, MAX_BODY)
        try:
            return json.loads(body)
        except ValueError:
            raise ClusterError(
                f"{method} {path}: the answer of {self._base} is not JSON", hint="is this a Kubernetes API server?"
            ) from None

    async def websocket(
        self, path: str, params: list[tuple[str, str]], protocols: tuple[str, ...]
    ) -> aiohttp.ClientWebSocketResponse:
        """Upgrade to a WebSocket; one of ``protocols`` is in its ``protocol``."""
        for again in (True, False):
            session, options = await self._ready({})
            try:
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    answer: aiohttp.ClientWebSocketResponse = await session.ws_connect(
                        str(URL(self._base + path, encoded=True).update_query(params)),
                        protocols=protocols,
                        max_msg_size=0,
                        autoping=True,
                        **options,
                    )
                    return answer
            except ClusterError as error:
                if error.status != 401 or not again or not await self._renew():
                    raise
            except aiohttp.WSServerHandshakeError as error:
                raise ClusterError(
                    f"{path}: {self._base} does not speak WebSocket here ({error.status}: {error.message})",
                    status=error.status if error.status >= 400 else 502,
                    hint="a proxy in between may not pass WebSockets",
                ) from None
            except _BROKEN as error:
                raise errors.from_exception(error, self._base, REQUEST_TIMEOUT) from error
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            await self._sockets.end()

    async def _renew(self) -> bool:
        try:
            return await self._credentials.renew()
        except ConfigError as error:
            raise _no_credentials(error) from None

    async def _ready(self, headers: dict[str, str]) -> tuple[aiohttp.ClientSession, dict[str, Any]]:
        if self._closed:
            raise ClusterUnreachable("the connection was closed")
        try:
            proof = await self._credentials.proof()
            ssl_context = self._tls_for(proof)
        except ConfigError as error:
            raise _no_credentials(error) from None
        if self._closed:
            # While the credentials were asked for: nobody would close a session that is made now.
            raise ClusterUnreachable("the connection was closed")
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0, keepalive_timeout=30, socket_factory=self._sockets.make, ttl_dns_cache=10
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers={"User-Agent": f"veza-tui/{__version__} (linux) kubernetes"},
                cookie_jar=aiohttp.DummyCookieJar(),
                raise_for_status=_raise_any,
                auto_decompress=True,
                read_bufsize=1 << 17,  # a busy log comes in fewer, larger pieces
            )
        sent = CIMultiDict([*headers.items(), *self._impersonation])
        options: dict[str, Any] = {"headers": sent, "proxy": self._proxy}
        if proof.authorization:
            sent["Authorization"] = proof.authorization
        if not self.access.compression:
            sent["Accept-Encoding"] = "identity"
        if ssl_context is not None:
            options["ssl"] = ssl_context
            if self.access.tls_server_name:
                options["server_hostname"] = self.access.tls_server_name
        return self._session, options

    def _tls_for(self, proof: Proof) -> ssl.SSLContext | None:
        if not self._base.startswith("https://"):
            return None
        pair = (proof.certificate, proof.key)
        if self._tls is None or pair != self._tls_pair:
            self._tls, self._tls_pair = tls_context(self.access, proof), pair
        return self._tls


async def read_limited(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, at most ``limit`` bytes; ClusterError when it is longer."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise ClusterError(f"the answer is larger than {limit >> 20} MiB: not read", hint="narrow the request")
        chunks.append(chunk)
    return b"".join(chunks)


async def everything(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The body's pieces, also those that came right before the connection broke; then the break is raised.

    aiohttp throws away what it had buffered when a connection ends badly; a watch whose every connection is cut soon
    after its beginning would never get on.
    """
    try:
        async for chunk in content.iter_any():
            yield chunk
    except _BROKEN:
        left = b"".join(getattr(content, "_buffer", ()))[getattr(content, "_buffer_offset", 0) :]
        if left:
            yield left
        raise


async def _raise(response: aiohttp.ClientResponse, what: str) -> None:
    body = b""
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_ERROR_BODY:
                break
    except _BROKEN:
        pass
    raise errors.from_answer(response.status, body, response.headers, what)


async def _raise_any(response: aiohttp.ClientResponse) -> None:
    if response.status >= 400:
        await _raise(response, f"{response.method} {response.url.raw_path}")


def _no_credentials(error: ConfigError) -> Denied:
    return Denied(error.message, status=401, reason="NoCredentials", hint=error.hint)


def _limit(error: BaseException, limits: aiohttp.ClientTimeout) -> float | None:
    """The limit that was passed, in seconds."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return min((s for s in (limits.sock_connect, limits.connect, limits.total) if s), default=None)
    return limits.total or limits.sock_read


def _proxy(access: Access) -> str | None:
    """The kubeconfig's proxy, else the environment's, which is never used for this machine itself (as Go does it)."""
    if access.proxy_url:
        return proxy_address(access.proxy_url, f"proxy-url of context {access.context!r}")
    parts = urlsplit(access.server)
    host = parts.hostname or ""
    if host == "localhost" or host == "::1" or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return None
    url = urllib.request.getproxies().get(parts.scheme)
    # As Go reads it, HTTPS_PROXY may lack its scheme.
    return url and proxy_address(url if "://" in url else f"http://{url}", f"{parts.scheme}_proxy of the environment")
