"""How a user proves who they are: certificate, token, token file, exec plugin, auth provider.

The common kinds are read here, since the official client costs 0.8 s to import; an auth provider (OIDC), whose token
refresh is a protocol of its own, goes through the official client's loader into a private Configuration.
Exec plugins are in ``execplugin``.
"""

from __future__ import annotations

import asyncio
import base64
import time
from pathlib import Path

from veza_tui.adapters.kubernetes.execplugin import ExecPlugin
from veza_tui.adapters.kubernetes.kubeconfig import Access, decode
from veza_tui.adapters.kubernetes.proof import Credentials, Proof, header_value
from veza_tui.model.errors import ConfigError, VezaError

TOKEN_FILE_SECONDS = 10.0
"""Kubelet renews a projected token minutes before it expires; client-go rereads about once a minute."""


class Fixed:
    """Certificate, token or basic authentication as written in the kubeconfig."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof

    async def proof(self) -> Proof:
        return self._proof

    async def renew(self) -> bool:
        return False


class TokenFile:
    """A token in a file that somebody else renews."""

    def __init__(self, path: Path, rest: Proof) -> None:
        self._path = path
        self._rest = rest
        self._read_at = float("-inf")
        self._token = ""

    async def proof(self) -> Proof:
        if time.monotonic() - self._read_at > TOKEN_FILE_SECONDS:
            self._read()
        return Proof(f"Bearer {self._token}", self._rest.certificate, self._rest.key)

    async def renew(self) -> bool:
        before = self._token
        self._read()
        return self._token != before

    def _read(self) -> None:
        hint = "is the token still mounted?"
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"token file {self._path}: {error.strerror}", hint=hint) from None
        except UnicodeDecodeError:
            raise ConfigError(f"token file {self._path} is not text", hint=hint) from None
        if not token:
            raise ConfigError(f"token file {self._path} is empty", hint=hint)
        self._token = header_value(token, f"the token in {self._path}")
        self._read_at = time.monotonic()


class AuthProvider:
    """``auth-provider`` (OIDC): the official client's loader refreshes the token; called in a thread."""

    def __init__(self, access: Access, rest: Proof) -> None:
        self._access = access
        self._rest = rest
        self._lock = asyncio.Lock()
        self._proof: Proof | None = None

    async def proof(self) -> Proof:
        async with self._lock:
            if self._proof is None:
                self._proof = await asyncio.to_thread(self._load)
            return self._proof

    async def renew(self) -> bool:
        async with self._lock:
            self._proof = await asyncio.to_thread(self._load)
            return True

    def _load(self) -> Proof:
        from kubernetes.client import Configuration
        from kubernetes.config import load_kube_config_from_dict

        configuration = Configuration()
        try:
            load_kube_config_from_dict(  # type: ignore[no-untyped-call]
                dict(self._access.raw), client_configuration=configuration, persist_config=False
            )
        except VezaError:
            raise
        except Exception as error:
            raise ConfigError(
                f"auth provider of user {self._access.user_name!r} failed: {type(error).__name__}", hint="log in again"
            ) from None
        keys = configuration.api_key
        token = str(keys.get("authorization") or keys.get("BearerToken") or "")
        if not token:
            raise ConfigError(f"auth provider of user {self._access.user_name!r} gave no token", hint="log in again")
        value = token if token.startswith("Bearer ") else f"Bearer {token}"
        return Proof(value, self._rest.certificate, self._rest.key)


def credentials(access: Access) -> Credentials:
    """The credentials of ``access``'s user, in kubectl's order of precedence.

    Raises:
        ConfigError: a file that it names cannot be read.
    """
    user = access.user
    rest = Proof("", _material(access, "client-certificate"), _material(access, "client-key"))
    if (rest.certificate is None) != (rest.key is None):
        raise ConfigError(
            f"user {access.user_name!r} has a client certificate or key without the other", hint="repair the kubeconfig"
        )
    if user.get("tokenFile"):
        return TokenFile(access.user_dir / str(user["tokenFile"]), rest)
    if user.get("token"):
        token = header_value(str(user["token"]), f"the token of user {access.user_name!r}")
        return Fixed(Proof(f"Bearer {token}", rest.certificate, rest.key))
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password') or ''}".encode()
        return Fixed(Proof("Basic " + base64.b64encode(pair).decode(), rest.certificate, rest.key))
    if isinstance(user.get("exec"), dict):
        return ExecPlugin(access, user["exec"], rest)
    if isinstance(user.get("auth-provider"), dict):
        name = str(user["auth-provider"].get("name") or "")
        if name in ("gcp", "azure"):  # kubectl dropped them in 1.26
            raise ConfigError(
                f"user {access.user_name!r} has the auth provider {name}, which Kubernetes no longer has",
                hint=f"use its exec plugin: {'gke-gcloud-auth-plugin' if name == 'gcp' else 'kubelogin'}",
            )
        return AuthProvider(access, rest)
    # As Go's HTTP client: what stands in the URL counts when there is no other Authorization.
    return Fixed(Proof(access.url_login, rest.certificate, rest.key))


def _material(access: Access, name: str) -> bytes | None:
    data = decode(access.user.get(f"{name}-data"), f"{name}-data of user {access.user_name!r}")
    if data is not None or not access.user.get(name):
        return data
    path = access.user_dir / str(access.user[name])
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} {path}: {error.strerror}", hint="repair the kubeconfig") from None
