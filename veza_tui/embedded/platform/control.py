"""The demo's control socket: incidents from outside (a key of the TUI, tests) without knowing the platform.

A unix socket in a private directory; its path stands in ``VEZA_DEMO_CONTROL``. One JSON object a line each way::

    {"do": "list"}                            -> {"ok": true, "incidents": [{"name", "title", "environment", "active"}]}
    {"do": "start", "incident": "bad-deploy"} -> {"ok": true, "message": "..."}
    {"do": "stop", "incident": "bad-deploy"}  -> {"ok": true, "message": "..."} or {"ok": false, "error": "..."}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from veza_tui.model.errors import VezaError

VARIABLE = "VEZA_DEMO_CONTROL"
Verb = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class ControlServer:
    """``verbs`` maps the value of ``do`` to what it does."""

    def __init__(self, path: Path, verbs: Mapping[str, Verb]) -> None:
        self.path = path
        self._verbs = dict(verbs)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; only this user may connect (the directory is private, and the socket's mode says so too)."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        self.path.chmod(0o600)

    async def stop(self) -> None:
        """Close the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Mapping[str, Any]:
        try:
            request = json.loads(line)
            verb = self._verbs[request["do"]]
        except (ValueError, KeyError, TypeError):
            return {"ok": False, "error": f"unknown request; known are: {', '.join(sorted(self._verbs))}"}
        try:
            return {"ok": True, **await verb(request)}
        except VezaError as error:
            return {"ok": False, "error": str(error)}
        except Exception as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
