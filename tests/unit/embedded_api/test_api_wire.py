"""SPDY frames, protobuf bodies, certificates, roles, request paths."""

from __future__ import annotations

import asyncio
import base64
import ssl
import struct
import zlib

import pytest

from veza_tui.embedded.api import rbac
from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.proto import from_protobuf
from veza_tui.embedded.api.rbac import User
from veza_tui.embedded.api.requests import parse
from veza_tui.embedded.api.streams.spdy import (
    DICTIONARY,
    PING,
    RST_STREAM,
    SYN_REPLY,
    SYN_STREAM,
    SpdyConnection,
    Stream,
)
from veza_tui.embedded.api.tls import make_certificate


def frame(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("!HH", 0x8003, kind) + bytes((flags,)) + len(body).to_bytes(3, "big") + body


class Client:
    """The other end of a SpdyConnection."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.opened: list[Stream] = []
        self.server = SpdyConnection(self._keep, self.opened.append)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    async def _keep(self, data: bytes) -> None:
        self.sent.append(data)

    def syn(self, number: int, headers: dict[str, str]) -> bytes:
        block = struct.pack("!I", len(headers))
        for pair in headers.items():
            for text in pair:
                block += struct.pack("!I", len(text)) + text.encode()
        data = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return frame(SYN_STREAM, struct.pack("!II", number, 0) + b"\0\0" + data)


async def test_spdy_streams_are_opened_fed_and_closed() -> None:
    client = Client()
    wire = client.syn(1, {"streamType": "data", "port": "80"}) + client.syn(3, {"streamType": "error", "port": "80"})
    wire += struct.pack("!I", 1) + b"\0" + (5).to_bytes(3, "big") + b"hello"
    wire += struct.pack("!I", 1) + b"\x01" + bytes(3)
    for at in range(0, len(wire), 7):  # frames come in pieces
        await client.server.feed(wire[at : at + 7])
    data, error = client.opened
    assert (data.headers, error.headers["streamtype"]) == ({"streamtype": "data", "port": "80"}, "error")
    assert [chunk async for chunk in data.chunks()] == [b"hello"]
    replies = [s for s in client.sent if struct.unpack("!H", s[2:4])[0] == SYN_REPLY]
    assert len(replies) == 2
    await data.write(b"x" * 100_000)
    await data.close()
    await data.close()
    assert [len(s) - 8 for s in client.sent[2:]] == [65536, 34464, 0]
    assert client.sent[-1][4] == 1


async def test_spdy_pings_resets_and_other_versions() -> None:
    client = Client()
    await client.server.feed(frame(PING, b"\0\0\0\x07"))
    assert client.sent == [frame(PING, b"\0\0\0\x07")]
    await client.server.feed(client.syn(1, {"a": "b"}) + frame(RST_STREAM, struct.pack("!II", 1, 5)))
    assert await asyncio.wait_for(client.opened[0].incoming.get(), 1) == b""
    with pytest.raises(ValueError, match="SPDY version 2"):
        await client.server.feed(struct.pack("!HH", 0x8002, 1) + bytes(4))


def tag(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | 2, len(data))) + data


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\0" + tag(1, tag(1, api_version.encode()) + tag(2, kind.encode())) + tag(2, raw)


def test_protobuf_is_read_by_the_field_schemas() -> None:
    meta = tag(1, b"web") + tag(3, b"default") + tag(8, b"") + tag(11, tag(1, b"app") + tag(2, b"web"))
    surge = tag(2, bytes((8, 1)) + tag(3, b"25%"))
    strategy = tag(1, b"RollingUpdate") + tag(2, surge)
    probe = tag(1, tag(2, tag(1, b"/health") + tag(2, bytes((8, 0, 16, 80)))))
    limits = tag(1, tag(1, b"cpu") + tag(2, tag(1, b"100m")))
    container = tag(1, b"app") + tag(2, b"veza/app:1") + tag(8, limits) + tag(10, probe)
    template = tag(2, tag(2, container))
    body = envelope("apps/v1", "Deployment", tag(1, meta) + tag(2, bytes((8, 3)) + tag(3, template) + tag(4, strategy)))
    got = from_protobuf(body)
    assert got["metadata"] == {"name": "web", "namespace": "default", "labels": {"app": "web"}}
    assert got["spec"]["replicas"] == 3
    assert got["spec"]["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}
    app = got["spec"]["template"]["spec"]["containers"][0]
    assert app["livenessProbe"] == {"httpGet": {"path": "/health", "port": 80}}
    assert app["resources"] == {"limits": {"cpu": "100m"}}


def test_protobuf_secrets_and_refusals() -> None:
    secret = from_protobuf(envelope("v1", "Secret", tag(1, tag(1, b"s")) + tag(2, tag(1, b"k") + tag(2, b"\x00\xff"))))
    assert secret["data"] == {"k": base64.b64encode(b"\x00\xff").decode()}
    with pytest.raises(ApiError) as unknown:
        from_protobuf(envelope("v1", "Martian", b""))
    assert unknown.value.code == 415
    for body in (b"nope", b"k8s\0\xff\xff", envelope("v1", "Secret", b"\x0a\x7f")):
        with pytest.raises(ApiError) as caught:
            from_protobuf(body)
        assert caught.value.code == 400


async def test_the_certificate_is_trusted_strictly() -> None:
    certificate = make_certificate()
    context = ssl.create_default_context(cadata=certificate.authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(2))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certificate.context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
            writer.write(b"ok")
            assert await reader.read(2) == b"ok"
            writer.close()
            await writer.wait_closed()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="other.example")
    assert "PRIVATE" not in certificate.authority


@pytest.mark.parametrize(
    ("role", "verb", "group", "resource", "sub", "want"),
    [
        ("admin", "delete", "apps", "deployments", "", True),
        ("viewer", "list", "", "pods", "", True),
        ("viewer", "get", "", "pods", "log", True),
        ("viewer", "get", "", "secrets", "", False),
        ("viewer", "create", "", "pods", "exec", False),
        ("viewer", "get", "", "pods", "portforward", False),
        ("viewer", "patch", "apps", "deployments", "scale", False),
        ("viewer", "*", "*", "*", "", False),
        ("nobody", "get", "", "pods", "", False),
        ("admin", "*", "*", "*", "", True),
        ("nobody", "create", "authorization.k8s.io", "selfsubjectaccessreviews", "", True),
    ],
)
def test_roles(role: str, verb: str, group: str, resource: str, sub: str, want: bool) -> None:
    assert rbac.allows(User("u", role), verb, group, resource, sub) is want


def test_forbidden_in_kubernetes_words() -> None:
    info = parse("PATCH", "/apis/apps/v1/namespaces/n/deployments/x/scale", {})
    with pytest.raises(ApiError) as caught:
        rbac.authorize(User("nobody", "nobody"), info)
    assert caught.value.message == (
        'deployments.apps "x" is forbidden: User "nobody" cannot patch resource "deployments/scale" '
        'in API group "apps" in the namespace "n"'
    )


@pytest.mark.parametrize(
    ("method", "path", "query", "want"),
    [
        ("GET", "/api/v1/namespaces/n/pods", {}, ("list", "", "pods", "", "n", "")),
        ("GET", "/api/v1/pods", {"watch": "true"}, ("watch", "", "pods", "", "", "")),
        ("GET", "/api/v1/watch/pods", {}, ("watch", "", "pods", "", "", "")),
        ("GET", "/api/v1/namespaces/n", {}, ("get", "", "namespaces", "", "n", "n")),
        ("PUT", "/api/v1/namespaces/n/finalize", {}, ("update", "", "namespaces", "finalize", "n", "n")),
        (
            "DELETE",
            "/apis/apps/v1/namespaces/n/deployments",
            {},
            ("deletecollection", "apps", "deployments", "", "n", ""),
        ),
        ("POST", "/api/v1/namespaces/n/pods/p/eviction", {}, ("create", "", "pods", "eviction", "n", "p")),
        ("GET", "/api/v1/namespaces/n/services/s:80/proxy/a/b", {}, ("get", "", "services", "proxy", "n", "s:80")),
        ("GET", "/apis/metrics.k8s.io/v1beta1/nodes", {}, ("list", "metrics.k8s.io", "nodes", "", "", "")),
    ],
)
def test_request_paths(method: str, path: str, query: dict[str, str], want: tuple[str, ...]) -> None:
    info = parse(method, path, query)
    assert (info.verb, info.group, info.resource, info.subresource, info.namespace, info.name) == want
