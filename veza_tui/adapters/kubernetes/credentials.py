"""How a user proves who they are: certificate, token, token file, exec plugin, auth provider.

The common kinds are read here, since the official client costs 0.8 s to import; an auth provider (OIDC), whose token
refresh is a protocol of its own, goes through the official client's loader into a private Configuration.
Exec plugins are run here because the official loader logs their errors and goes on without credentials.
Exec protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from veza_tui.adapters.kubernetes.kubeconfig import Access, decode
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.text import printable

TOKEN_FILE_SECONDS = 10.0
"""Kubelet renews a projected token minutes before it expires; client-go rereads about once a minute."""
EXEC_TIMEOUT = 60.0
"""Seconds an exec plugin may take: some open a browser."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes with a request: an Authorization value, a client certificate, or neither."""

    authorization: str = field(default="", repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)


class Credentials(Protocol):
    """A source of proofs."""

    async def proof(self) -> Proof:
        """The proof to use now; ConfigError when it cannot be had."""
        ...

    async def renew(self) -> bool:
        """After a 401: get a new one; False when there is nothing else to try."""
        ...


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
        try:
            self._token = self._path.read_text().strip()
        except OSError as error:
            raise ConfigError(
                f"token file {self._path}: {error.strerror}", hint="is the token still mounted?"
            ) from None
        self._read_at = time.monotonic()


class ExecPlugin:
    """A program that prints an ExecCredential (aws, gke-gcloud-auth-plugin, kubelogin ...)."""

    def __init__(self, access: Access, spec: Mapping[str, Any], rest: Proof) -> None:
        self._access = access
        self._spec = spec
        self._rest = rest
        self._lock = asyncio.Lock()
        self._proof: Proof | None = None
        self._expires = float("inf")

    async def proof(self) -> Proof:
        async with self._lock:
            if self._proof is None or time.time() > self._expires - 10:
                await self._run()
            assert self._proof is not None
            return self._proof

    async def renew(self) -> bool:
        async with self._lock:
            await self._run()
            return True

    async def _run(self) -> None:
        command = self._command()
        environ = dict(os.environ)
        for entry in self._spec.get("env") or []:
            environ[str(entry["name"])] = str(entry["value"])
        version = str(self._spec.get("apiVersion") or "client.authentication.k8s.io/v1")
        info: dict[str, Any] = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        if self._spec.get("provideClusterInfo"):
            info["spec"]["cluster"] = self._cluster_info()
        environ["KUBERNETES_EXEC_INFO"] = json.dumps(info)
        name = Path(command).name
        try:
            process = await asyncio.create_subprocess_exec(
                command,
                *(str(a) for a in self._spec.get("args") or []),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environ,
            )
        except OSError as error:
            hint = str(self._spec.get("installHint") or "install it or correct the kubeconfig").strip()
            raise ConfigError(
                f"credential plugin {name} cannot be started: {error.strerror}", hint=printable(hint, limit=200)
            ) from None
        try:
            async with asyncio.timeout(EXEC_TIMEOUT):
                out, err = await process.communicate()
        except TimeoutError:
            raise ConfigError(
                f"credential plugin {name} did not end within {EXEC_TIMEOUT:.0f} s", hint="run it by hand once"
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            last = (err.decode(errors="replace").strip().splitlines() or [""])[-1]
            raise ConfigError(
                f"credential plugin {name} ended with {process.returncode}: {printable(last, limit=160)}",
                hint="log in again with it",
            )
        self._take(name, out)

    def _command(self) -> str:
        command = str(self._spec.get("command") or "")
        if not command:
            raise ConfigError("the kubeconfig's exec entry has no command", hint="repair the kubeconfig")
        # A path with a slash is relative to the kubeconfig, a bare name is looked up on PATH.
        return str(self._access.user_dir / command) if "/" in command else command

    def _cluster_info(self) -> dict[str, Any]:
        info: dict[str, Any] = {"server": self._access.server}
        if self._access.ca_data:
            info["certificate-authority-data"] = base64.b64encode(self._access.ca_data).decode()
        if self._access.insecure:
            info["insecure-skip-tls-verify"] = True
        return info

    def _take(self, name: str, out: bytes) -> None:
        try:
            status = json.loads(out)["status"]
            token = str(status.get("token") or "")
            certificate = str(status.get("clientCertificateData") or "").encode() or self._rest.certificate
            key = str(status.get("clientKeyData") or "").encode() or self._rest.key
            expires = status.get("expirationTimestamp")
            self._expires = datetime.fromisoformat(expires).timestamp() if expires else float("inf")
        except (ValueError, KeyError, TypeError, AttributeError):
            # Never the output itself: it holds the token.
            raise ConfigError(
                f"credential plugin {name} printed no ExecCredential", hint="run it by hand once"
            ) from None
        if not token and not certificate:
            raise ConfigError(
                f"credential plugin {name} gave neither token nor certificate", hint="log in again with it"
            )
        self._proof = Proof(f"Bearer {token}" if token else "", certificate, key)


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
        return Fixed(Proof(f"Bearer {user['token']}", rest.certificate, rest.key))
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password') or ''}".encode()
        return Fixed(Proof("Basic " + base64.b64encode(pair).decode(), rest.certificate, rest.key))
    if isinstance(user.get("exec"), dict):
        return ExecPlugin(access, user["exec"], rest)
    if isinstance(user.get("auth-provider"), dict):
        return AuthProvider(access, rest)
    return Fixed(rest)


def _material(access: Access, name: str) -> bytes | None:
    data = decode(access.user.get(f"{name}-data"), f"{name}-data of user {access.user_name!r}")
    if data is not None or not access.user.get(name):
        return data
    path = access.user_dir / str(access.user[name])
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} {path}: {error.strerror}", hint="repair the kubeconfig") from None
