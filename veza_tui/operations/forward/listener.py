"""Local sockets: binding, proposing another port, carrying a connection without a buffer of our own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.text import printable
from veza_tui.ports.cluster import ByteStream

LOOPBACK = "127.0.0.1"
_READ = 128 << 10
_BACKLOG = 512
_PRIVILEGED = 1024
_TURN = 0.005
"""Seconds of work after which the others are let in."""


class PortTaken(VezaError):
    """The local port cannot be had; ``proposed`` can."""

    def __init__(self, message: str, proposed: int, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.proposed = proposed


def check_address(address: str) -> str:
    """An IP address of this machine to listen on; ``localhost`` is 127.0.0.1.

    Raises:
        ConfigError: it is no IP address.
    """
    if address == "localhost":
        return LOOPBACK
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise ConfigError(
            f"--address {printable(address, limit=60)!r} is no IP address", hint="for example 127.0.0.1 or 0.0.0.0"
        ) from None


def bind(address: str, wanted: int | None, remote: int) -> socket.socket:
    """A listening socket. ``wanted`` None takes the number ``remote`` where that is free, else another one.

    Raises:
        PortTaken: ``wanted`` is in use or needs root; it proposes one that is free.
        ConfigError: the address is not this machine's.
    """
    if wanted is not None:
        return _listen(address, wanted)
    try:
        return _listen(address, remote)
    except PortTaken as taken:
        return _listen(address, taken.proposed)


def propose(address: str, near: int) -> int:
    """A port that is free now, close to ``near`` (8080 gives 8081; 80 gives 8080)."""
    start = near + 8000 if near < _PRIVILEGED else near + 1
    for port in (*range(start, min(start + 20, 65536)), 0):
        with contextlib.suppress(PortTaken), _listen(address, port, proposing=True) as free:
            return int(free.getsockname()[1])
    raise VezaError(f"no free port on {address}")


def _listen(address: str, port: int, *, proposing: bool = False) -> socket.socket:
    made = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(_BACKLOG)
        made.setblocking(False)
    except OSError as error:
        made.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            why = (error.strerror or str(error)).lower()
            raise ConfigError(f"cannot listen on {address}:{port}: {why}", hint="choose another --address") from None
        proposed = 0 if proposing else propose(address, port)
        taken = "is taken" if error.errno == errno.EADDRINUSE else "needs root"
        raise PortTaken(f"port {port} on {address} {taken}", proposed, hint=f"{proposed} is free") from None
    return made


@dataclass(slots=True)
class Counters:
    """Of all connections of a forward; bytes as seen from this machine."""

    open: int = 0
    served: int = 0
    received: int = 0
    sent: int = 0


class Listener:
    """Accepts connections and carries each to the stream that ``connect`` opens."""

    def __init__(
        self,
        sock: socket.socket,
        connect: Callable[[], Awaitable[ByteStream]],
        on_error: Callable[[str], None],
        on_change: Callable[[], None],
        *,
        limit: int = 512,
    ) -> None:
        self._sock = sock
        self._connect = connect
        self._on_error = on_error
        self._on_change = on_change
        self._room = asyncio.Semaphore(limit)
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None
        self.counters = Counters()
        self.port = int(sock.getsockname()[1])

    def start(self) -> None:
        """Accept from now on."""
        self._accepting = asyncio.create_task(self._accept())

    async def close(self) -> None:
        """Listen no more, and cut every connection."""
        tasks = [*self._tasks, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._sock.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            try:
                connection, _ = await loop.sock_accept(self._sock)
            except OSError as error:
                # Out of file descriptors, or the client was gone before it was accepted.
                self._room.release()
                self._on_error(f"cannot accept a connection: {(error.strerror or str(error)).lower()}")
                await asyncio.sleep(0.2)
                continue
            task = asyncio.create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        counters = self.counters
        counters.open += 1
        counters.served += 1
        self._on_change()
        clean = False
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = await self._connect()
            try:
                await carry(connection, stream, counters)
                clean = True
            finally:
                await _quietly(stream.close())
        except VezaError as error:
            self._on_error(error.message)
        except OSError as error:
            # The local client went away: nobody's fault.
            if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                self._on_error((error.strerror or str(error)).lower())
        finally:
            if not clean:
                # A reset tells the client that this was no orderly end.
                with contextlib.suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            counters.open -= 1
            self._room.release()
            self._on_change()


async def _quietly(closing: Awaitable[None]) -> None:
    with contextlib.suppress(VezaError, OSError):
        await closing


class _Turn:
    """No call waits while both sides are quick: this gives the other connections and the screen their turn."""

    def __init__(self) -> None:
        self._since = monotonic()

    async def pass_on(self) -> None:
        now = monotonic()
        if now - self._since > _TURN:
            await asyncio.sleep(0)
            self._since = monotonic()


async def carry(connection: socket.socket, stream: ByteStream, counters: Counters) -> None:
    """Copy both directions until both are at their ends; each end is passed on by itself (half-close).

    Nothing is read before what was read last is written: a slow side holds the other back through TCP.

    Raises:
        OSError: the local side broke.
        ClusterError: the pod's side did.
    """
    loop = asyncio.get_running_loop()
    turn = _Turn()

    async def out() -> None:
        while data := await loop.sock_recv(connection, _READ):
            await stream.write(data)
            counters.sent += len(data)
            await turn.pass_on()
        await stream.write_eof()

    async def back() -> None:
        while data := await stream.read():
            await loop.sock_sendall(connection, data)
            counters.received += len(data)
            await turn.pass_on()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)

    sending, receiving = asyncio.create_task(out()), asyncio.create_task(back())
    try:
        done, _ = await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_EXCEPTION)
        # What the pod's side said explains more than that writing to it failed.
        for task in sorted(done, key=lambda task: task is not receiving):
            task.result()
    finally:
        for task in (sending, receiving):
            task.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
