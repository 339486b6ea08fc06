"""What a runtime says when a process cannot be started, as a kubelet 1.34 with containerd passes it on."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from veza_tui.adapters.kubernetes.streams import EXEC_PROTOCOLS, Exec
from veza_tui.operations.shell.place import not_started
from veza_tui.ports.cluster import ClusterError

CONTAINERD = (
    "Internal error occurred: Internal error occurred: error executing command in container: failed to exec in "
    f'container: failed to start exec "{"4b69" * 16}": OCI runtime exec failed: exec failed: unable to start container '
    'process: exec: "sh": executable file not found in $PATH: unknown'
)


class Answers:
    """A WebSocket that says one thing."""

    protocol = EXEC_PROTOCOLS[0]
    closed = False

    def __init__(self, *messages: bytes) -> None:
        self._left = list(messages)

    async def receive(self) -> Any:
        if not self._left:
            return SimpleNamespace(type=aiohttp.WSMsgType.CLOSED, data=None)
        return SimpleNamespace(type=aiohttp.WSMsgType.BINARY, data=self._left.pop(0))

    async def ping(self) -> None:
        return None

    async def close(self) -> None:
        return None


async def test_the_end_of_a_long_error_tells_that_there_is_no_such_program() -> None:
    status = {"kind": "Status", "status": "Failure", "message": CONTAINERD, "reason": "InternalError", "code": 500}
    session = Exec(Answers(b"\x03" + json.dumps(status).encode()))  # type: ignore[arg-type]
    with pytest.raises(ClusterError) as told:
        await session.exit_code()
    await session.close()
    assert not_started(told.value)
    assert len(told.value.message) <= 300
    assert told.value.message.startswith("Internal error occurred")
