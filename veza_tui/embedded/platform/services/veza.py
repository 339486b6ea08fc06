"""backend-api, chat-server and stream-server."""

from __future__ import annotations

import asyncio
import json
import random
import time

from aiohttp import web

from veza_tui.embedded.platform.services.app import Service
from veza_tui.embedded.platform.services.backends import Check


class BackendApi(Service):
    """Reads from PostgreSQL; without its cache it is slower, not broken."""

    name = "backend-api"
    port = 8080
    critical = ("database",)

    async def own_route(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self.database is not None
        parts = request.path.strip("/").split("/")
        if parts == ["api", "rooms"]:
            rows = await self.database.query(
                "SELECT id, slug, name, last_message_at FROM rooms ORDER BY last_message_at DESC NULLS LAST LIMIT 20"
            )
            return web.json_response(
                {"rooms": [{"id": i, "slug": s, "name": n, "last_message_at": _iso(at)} for i, s, n, at in rows]}
            )
        if len(parts) == 4 and parts[:2] == ["api", "rooms"] and parts[3] == "messages" and parts[2].isdigit():
            rows = await self.database.query(
                "SELECT m.id, u.handle, m.body, m.sent_at FROM messages m JOIN users u ON u.id = m.author_id "
                "WHERE m.room_id = %s ORDER BY m.sent_at DESC LIMIT 20",
                (int(parts[2]),),
            )
            return web.json_response(
                {"messages": [{"id": i, "author": a, "body": b, "sent_at": _iso(at)} for i, a, b, at in rows]}
            )
        if len(parts) == 3 and parts[:2] == ["api", "users"] and parts[2].isdigit():
            rows = await self.database.query(
                "SELECT id, handle, display_name FROM users WHERE id = %s AND deleted_at IS NULL", (int(parts[2]),)
            )
            if not rows:
                return web.json_response({"error": "no such user"}, status=404)
            return web.json_response(dict(zip(("id", "handle", "name"), rows[0], strict=True)))
        if parts == ["api", "streams", "token"]:
            return web.json_response({"token": _token(request.query.get("stream"))})
        return await super().own_route(request)

    async def own_post(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /api/rooms/N/messages`` with ``{"author": 1, "body": "..."}``."""
        assert self.database is not None
        parts = request.path.strip("/").split("/")
        if len(parts) != 4 or parts[:2] != ["api", "rooms"] or parts[3] != "messages" or not parts[2].isdigit():
            return await super().own_post(request)
        try:
            given = json.loads(await request.text())
            author, body = int(given["author"]), str(given["body"])
        except (ValueError, KeyError, TypeError):
            return web.json_response({"error": "want a JSON object with author and body"}, status=400)
        rows = await self.database.query(
            "INSERT INTO messages (room_id, author_id, body) SELECT r.id, u.id, %s FROM rooms r, users u "
            "WHERE r.id = %s AND u.id = %s RETURNING id",
            (body[:4000] or " ", int(parts[2]), author),
        )
        if not rows:
            return web.json_response({"error": "no such room or author"}, status=404)
        return web.json_response({"id": rows[0][0]}, status=201)


class ChatServer(Service):
    """Keeps presence in the cache and messages in the database: it needs both."""

    name = "chat-server"
    port = 8081
    critical = ("database", "cache")
    needs_url_since = "v1.5.0"

    async def own_route(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self.cache is not None
        if request.path == "/api/presence":
            return web.json_response({"online": int(await self.cache.command("DBSIZE"))})
        return await super().own_route(request)


class StreamServer(Service):
    """Needs no database; asks backend-api for its tokens."""

    name = "stream-server"
    port = 8082
    critical = ("backend-api",)
    uses = ("cache",)

    async def checks(self) -> dict[str, Check]:
        checks, backend = await asyncio.gather(super().checks(), self._backend())
        return {**checks, "backend-api": backend}

    async def _backend(self) -> Check:
        """A GET of ``/live`` on one of backend-api's pods."""
        start = time.monotonic()
        candidates = [i for i in self.mesh.of(self.container.pod.namespace, "backend-api") if i.address]
        try:
            if not candidates:
                raise OSError("no backend-api pod answers")
            async with asyncio.timeout(2):
                address = random.choice(candidates).address
                assert address is not None
                reader, writer = await asyncio.open_connection(*address)
                try:
                    writer.write(b"GET /live HTTP/1.1\r\nHost: backend-api\r\nConnection: close\r\n\r\n")
                    line = await reader.readline()
                finally:
                    writer.close()
            if b" 200 " not in line:
                raise OSError(f"backend-api answered {line.decode(errors='replace').strip()}")
        except (OSError, TimeoutError) as error:
            return Check(False, time.monotonic() - start, str(error) or "no answer within 2 s")
        return Check(True, time.monotonic() - start)

    async def own_route(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/api/streams":
            return web.json_response({"live": len(self.mesh.of(self.container.pod.namespace, self.name))})
        return await super().own_route(request)


def _iso(moment: object) -> str | None:
    return moment.isoformat() if hasattr(moment, "isoformat") else None


def _token(stream: str | None) -> str:
    """A real bug, for the multi-line trace in the log: a request without ``stream`` is not handled."""
    return f"tok-{stream.lower()}"  # type: ignore[union-attr]
