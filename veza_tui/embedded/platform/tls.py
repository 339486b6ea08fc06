"""A self-signed certificate for the demo's PostgreSQL, so that ``ssl_mode: require`` is true there."""

from __future__ import annotations

import shutil
from pathlib import Path

from veza_tui.embedded.platform.process import run


async def certificate(directory: Path) -> bool:
    """Write ``server.crt`` and ``server.key`` into ``directory`` by ``openssl``; False when it is missing."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return False
    code, _ = await run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "3650", "-subj", "/CN=veza-demo", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            *("-keyout", str(directory / "server.key"), "-out", str(directory / "server.crt")),
        ]
    )
    if code != 0:
        return False
    (directory / "server.key").chmod(0o600)
    return True
