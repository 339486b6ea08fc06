"""Exec credential plugins: programs that print an ExecCredential (aws, gke-gcloud-auth-plugin, kubelogin ...).

They are run here because the official loader logs their errors and goes on without credentials.
Protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from veza_tui.adapters.kubernetes.kubeconfig import Access
from veza_tui.adapters.kubernetes.proof import Proof, header_value
from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable

EXEC_TIMEOUT = 60.0
"""Seconds an exec plugin may take: some open a browser."""
MOST_OUTPUT = 1 << 20
"""Bytes of what a plugin prints: an ExecCredential has a few KB."""
LATE_OUTPUT = 1.0
"""Seconds a plugin's output is waited for after its end: a child it left behind may hold the pipe open."""


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
        try:
            environ.update({str(entry["name"]): str(entry["value"]) for entry in self._spec.get("env") or []})
            arguments = self._spec.get("args") or []
            if not isinstance(arguments, list):
                raise TypeError
        except (TypeError, KeyError, ValueError):
            raise ConfigError(
                "the kubeconfig's exec entry has a wrong env or args", hint="env: [{name, value}], args: a list"
            ) from None
        version = str(self._spec.get("apiVersion") or "client.authentication.k8s.io/v1")
        info: dict[str, Any] = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        if self._spec.get("provideClusterInfo"):
            info["spec"]["cluster"] = self._cluster_info()
        environ["KUBERNETES_EXEC_INFO"] = json.dumps(info)
        name = Path(command).name
        try:
            process = await asyncio.create_subprocess_exec(
                command,
                *map(str, arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environ,
                start_new_session=True,  # its children end with it
            )
        except (OSError, ValueError) as error:
            hint = str(self._spec.get("installHint") or "install it or correct the kubeconfig").strip()
            reason = getattr(error, "strerror", "") or "its arguments hold a NUL"
            raise ConfigError(
                f"credential plugin {printable(name, limit=80)} cannot be started: {reason}",
                hint=printable(" ".join(hint.split()), limit=200),
            ) from None
        out, err = bytearray(), bytearray()
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            asyncio.ensure_future(_collect(process.stdout, out)),
            asyncio.ensure_future(_collect(process.stderr, err)),
        ]
        try:
            async with asyncio.timeout(EXEC_TIMEOUT):
                # Before Python 3.11.10 and 3.12.5, ``wait`` waits for the pipes as well.
                while process.returncode is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await asyncio.wait(readers, timeout=LATE_OUTPUT)
        except TimeoutError:
            raise ConfigError(
                f"credential plugin {name} did not end within {EXEC_TIMEOUT:.0f} s", hint="run it by hand once"
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            for reader in readers:
                reader.cancel()
            # A child in a session of its own may hold the pipes: nobody waits for it.
            process._transport.close()  # type: ignore[attr-defined]
            await process.wait()
        if process.returncode != 0:
            last = (err.decode(errors="replace").strip().splitlines() or [""])[-1]
            raise ConfigError(
                f"credential plugin {name} ended with {process.returncode}: {printable(last, limit=160)}",
                hint="log in again with it",
            )
        self._take(name, bytes(out))

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
            token = header_value(str(status.get("token") or ""), f"the token of credential plugin {name}")
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


async def _collect(stream: asyncio.StreamReader, into: bytearray) -> None:
    while data := await stream.read(65536):
        into += data[: max(0, MOST_OUTPUT - len(into))]
