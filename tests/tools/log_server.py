"""An API server that serves nothing but pods and their logs: numbered lines, at a rate or as fast as they are read.

``python -m tests.tools.log_server DIR --pods 12 --rate 5000`` writes ``DIR/kubeconfig`` and ``DIR/workspace`` and
prints ``ready``. Line N of a pod has the stamp START + N / RATE (or N * 20 µs), so it is the same at every reading, and
``sinceTime`` means what it means on a kubelet: whole seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from veza_tui.embedded.api.tls import make_certificate

FILL = 'level=info msg="request served" method=GET path=/api/v1/rooms/42/messages status=200 duration=12.3ms user=u-7'
HOSTILE = (
    "\x1b[2J\x1b[31mEVIL", "\x1b]52;c;RVZJTA==\x07EVIL", "EVIL\x9b2J\x00\x08\r", "\u202eEVIL\u2066", "\udcff\udcfeEVIL",
    "EVIL" * 50_000, '{"level":"error","msg":"EVIL\\u001b[2J","\x1b":"\u202e"}', "[bold]EVIL[/]", "e" + "\u0301" * 40,
)  # fmt: skip
PIECE = 200
"""Lines that are made at once."""


class Server:
    """Pods ``web-0`` ... with one container each."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.start = time.time() if options.rate else 1_700_000_000.0
        self.tasks: set[asyncio.Task[None]] = set()

    def stamp(self, number: int) -> float:
        return self.start + number / (self.options.rate or 50_000)

    def total(self) -> int:
        """Lines that exist by now."""
        most: int = self.options.lines
        if not self.options.rate:
            return most
        return min(most, int((time.time() - self.start) * self.options.rate))

    def lines(self, pod: str, first: int, last: int, timestamps: bool) -> bytes:
        out = []
        second, clock = 0, ""
        for number in range(first, last):
            at = self.stamp(number)
            if int(at) != second:
                second = int(at)
                clock = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            prefix = f"{clock}.{int((at - second) * 1e9):09d}Z " if timestamps else ""
            out.append(f"{prefix}line {number} of {pod} {FILL}\n")
            if self.options.hostile and number % 5 == 0:
                out.append(prefix + HOSTILE[number // 5 % len(HOSTILE)] + "\n")
        return "".join(out).encode("utf-8", "surrogateescape")

    def pod(self, number: int) -> dict[str, Any]:
        ended = bool(self.options.ends) and self.total() >= self.options.lines
        state = {"terminated": {"exitCode": 0, "reason": "Completed"}} if ended else {"running": {}}
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"web-{number}", "namespace": "logs", "uid": f"uid-{number}", "resourceVersion": "5",
                         "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "web"}},
            "spec": {"restartPolicy": "Never", "nodeName": "n", "containers": [{"name": "app", "image": "web:1"}]},
            "status": {"phase": "Succeeded" if ended else "Running", "containerStatuses": [
                {"name": "app", "image": "web:1", "restartCount": 0, "ready": True, "state": state, "lastState": {}}]},
        }  # fmt: skip

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
                length = next((int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0)
                await reader.readexactly(length)
                await self.answer(method, target, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    async def answer(self, method: str, target: str, writer: asyncio.StreamWriter) -> None:
        url = urlsplit(target)
        query, parts = dict(parse_qsl(url.query)), url.path.strip("/").split("/")
        if parts[-1] == "log":
            await self.log(parts[-2], query, writer)
        elif parts[-1] == "pods" and query.get("watch") in ("1", "true"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                await asyncio.sleep(0.25)
                if self.options.ends and self.total() >= self.options.lines:
                    for n in range(self.options.pods):
                        body = json.dumps({"type": "MODIFIED", "object": self.pod(n)}).encode() + b"\n"
                        writer.write(b"%x\r\n%s\r\n" % (len(body), body))
                    await writer.drain()
                    await asyncio.sleep(3600)
                if writer.transport.is_closing():
                    return
        else:
            self.reply(writer, *self.document(parts))
            await writer.drain()

    def document(self, parts: list[str]) -> tuple[int, Any]:
        pods = [self.pod(n) for n in range(self.options.pods)]
        if parts[-1] == "pods":
            return 200, {"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "5"}, "items": pods}
        found = next((p for p in pods if p["metadata"]["name"] == parts[-1]), None)
        if found:
            return 200, found
        if parts[-1] == "version":
            return 200, {"gitVersion": "v1.34.0", "major": "1", "minor": "34"}
        if parts[-1] == "api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if parts == ["api", "v1"]:
            kinds = [{"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get"]}]
            return 200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": kinds}
        if parts == ["apis"]:
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
        return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
                     "message": "not here"}  # fmt: skip

    def reply(self, writer: asyncio.StreamWriter, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        word = "OK" if status == 200 else "Not Found"
        head = f"HTTP/1.1 {status} {word}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    async def log(self, pod: str, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        at = 0
        if query.get("sinceTime"):
            since = datetime.fromisoformat(query["sinceTime"]).timestamp()
            at = max(0, int((since - self.start) * (self.options.rate or 50_000)) - 2)
            while self.stamp(at) < since:
                at += 1
        if "tailLines" in query:
            at = max(at, self.total() - int(query["tailLines"]))
        timestamps = query.get("timestamps") == "true"
        follow = query.get("follow") == "true"
        while True:
            total = self.total()
            if at >= total:
                if not follow or (self.options.ends and at >= self.options.lines):
                    break
                await asyncio.sleep(self.options.tick)
                if writer.transport.is_closing():
                    return
                continue
            last = min(total, at + PIECE)
            body = self.lines(pod, at, last, timestamps)
            at = last
            writer.write(b"%x\r\n%s\r\n" % (len(body), body))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


ROOT = Path(__file__).resolve().parents[2]


def environment() -> str:
    """The repository's development environment under another name, in the server's namespace."""
    text = (ROOT / "environments" / "development.yaml").read_text()
    text = text.replace('name: "development"', 'name: "logs"').split("\n  kubernetes:")[0].rstrip()
    return text + "\n  kubernetes:\n    context: logs\n    namespace: logs\n"


def write_files(directory: Path, url: str) -> None:
    """A kubeconfig for the server and a workspace with the environment ``logs``."""
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "logs",
        "clusters": [{"name": "logs", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "logs", "context": {"cluster": "logs", "user": "u", "namespace": "logs"}}],
    }  # fmt: skip
    if not url.startswith("https"):
        del config["clusters"][0]["cluster"]["insecure-skip-tls-verify"]  # type: ignore[index]
    (directory / "kubeconfig").write_text(json.dumps(config))
    (directory / "workspace" / "environments").mkdir(parents=True, exist_ok=True)
    (directory / "workspace" / "environments" / "logs.yaml").write_text(environment())


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pods", type=int, default=1)
    parser.add_argument("--lines", type=int, default=1 << 40)
    parser.add_argument("--rate", type=int, default=0, help="lines a second of each pod; 0: as fast as they are read")
    parser.add_argument("--tick", type=float, default=0.01)
    parser.add_argument("--ends", action="store_true", help="the pods end with their last line")
    parser.add_argument("--hostile", action="store_true", help="a hostile line after each fifth")
    parser.add_argument("--plain", action="store_true", help="HTTP without TLS")
    return parser.parse_args(arguments)


async def main() -> None:
    options = options_of()
    context = None
    if not options.plain:
        context = make_certificate().context
    server = await asyncio.start_server(Server(options).serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    write_files(options.directory, f"{'https' if context else 'http'}://127.0.0.1:{port}")
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    # The parent's end of the pipe closes when it dies, however that happens.
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
