"""A certificate for 127.0.0.1, made anew at each start: kubectl sends a token over TLS only.

ECDSA on P-256 (FIPS 186-4) and X.509 v3 (RFC 5280) written out with the standard library, because the base install has
no library for it. It is not hardened against timing and is meant for the loopback of a demo, where the private key
lives for one run in memory.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import secrets
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int]


def _add(a: _Point | None, b: _Point | None) -> _Point | None:
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % _P == 0:
            return None
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, _P) % _P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P) % _P
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    out: _Point | None = None
    addend: _Point | None = point
    while scalar:
        if scalar & 1:
            out = _add(out, addend)
        addend = _add(addend, addend)
        scalar >>= 1
    assert out is not None
    return out


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    out = bytearray([first * 40 + second])
    for number in rest:
        group = [number & 0x7F]
        while number := number >> 7:
            group.append(0x80 | (number & 0x7F))
        out += bytes(reversed(group))
    return _der(6, bytes(out))


_SEQUENCE, _SET, _BITS, _OCTETS = 0x30, 0x31, 3, 4
_SIGNATURE = _der(_SEQUENCE, _oid("1.2.840.10045.4.3.2"))
_CURVE = _oid("1.2.840.10045.3.1.7")
_TRUE = b"\x01\x01\xff"


@dataclass(slots=True)
class _Key:
    secret: int = field(default_factory=lambda: secrets.randbelow(_N - 1) + 1, repr=False)
    public: bytes = b""

    def __post_init__(self) -> None:
        x, y = _multiply(self.secret, _G)
        self.public = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    @property
    def identifier(self) -> bytes:
        return hashlib.sha256(self.public).digest()[:20]

    def sign(self, message: bytes) -> bytes:
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        while True:
            nonce = secrets.randbelow(_N - 1) + 1
            r = _multiply(nonce, _G)[0] % _N
            s = pow(nonce, -1, _N) * (digest + r * self.secret) % _N
            if r and s:
                return _der(_SEQUENCE, _integer(r), _integer(s))

    def pem(self) -> str:
        body = _der(
            _SEQUENCE, _integer(1), _der(_OCTETS, self.secret.to_bytes(32, "big")), _der(0xA0, _CURVE),
            _der(0xA1, _der(_BITS, b"\x00", self.public)),
        )  # fmt: skip
        return _pem("EC PRIVATE KEY", body)


def _pem(label: str, body: bytes) -> str:
    text = base64.b64encode(body).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _name(text: str) -> bytes:
    return _der(_SEQUENCE, _der(_SET, _der(_SEQUENCE, _oid("2.5.4.3"), _der(0x0C, text.encode()))))


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return _der(_SEQUENCE, _oid(oid), _TRUE if critical else b"", _der(_OCTETS, value))


def _certificate(key: _Key, name: str, issuer: _Key, issuer_name: str, extensions: list[bytes]) -> str:
    def time(moment: datetime) -> bytes:
        return _der(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())

    now = datetime.now(UTC)
    public = _der(_SEQUENCE, _der(_SEQUENCE, _oid("1.2.840.10045.2.1"), _CURVE), _der(_BITS, b"\x00", key.public))
    common = [
        _extension("2.5.29.14", _der(_OCTETS, key.identifier)),
        _extension("2.5.29.35", _der(_SEQUENCE, _der(0x80, issuer.identifier))),
    ]
    body = _der(
        _SEQUENCE,
        _der(0xA0, _integer(2)),
        _integer(secrets.randbits(127) | 1),
        _SIGNATURE,
        _name(issuer_name),
        _der(_SEQUENCE, time(now - timedelta(days=1)), time(datetime(2049, 12, 31, tzinfo=UTC) + timedelta(days=365))),
        _name(name),
        public,
        _der(0xA3, _der(_SEQUENCE, *common, *extensions)),
    )
    return _pem("CERTIFICATE", _der(_SEQUENCE, body, _SIGNATURE, _der(_BITS, b"\x00", issuer.sign(body))))


@dataclass(frozen=True, slots=True)
class Certificate:
    """``authority`` is the PEM that clients trust; ``context`` serves with a certificate that it signed."""

    authority: str
    context: ssl.SSLContext = field(repr=False)


def make_certificate(host: str = "127.0.0.1") -> Certificate:
    """A fresh authority and a server certificate for ``host`` (an IP address) and ``localhost``."""
    authority, server = _Key(), _Key()
    name = f"veza-embedded-{secrets.token_hex(4)}"
    usage = _extension("2.5.29.15", _der(_BITS, b"\x01\x06"), critical=True)  # keyCertSign, cRLSign
    basic = _extension("2.5.29.19", _der(_SEQUENCE, _TRUE), critical=True)
    authority_pem = _certificate(authority, name, authority, name, [basic, usage])
    address = ipaddress.ip_address(host).packed
    names = _der(_SEQUENCE, _der(0x87, address), _der(0x82, b"localhost"))
    extensions = [
        _extension("2.5.29.19", _der(_SEQUENCE), critical=True),
        _extension("2.5.29.15", _der(_BITS, b"\x07\x80"), critical=True),  # digitalSignature
        _extension("2.5.29.37", _der(_SEQUENCE, _oid("1.3.6.1.5.5.7.3.1"))),
        _extension("2.5.29.17", names),
    ]
    server_pem = _certificate(server, "veza-embedded-api", authority, name, extensions)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    descriptor, path = tempfile.mkstemp(prefix="veza-tls-")  # mode 0600; OpenSSL loads keys from files only
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(server_pem + server.pem())
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
    return Certificate(authority_pem, context)
