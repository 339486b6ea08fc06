"""The program of images with ``real_command``: the container's command as a child process of this machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from veza_tui.embedded.cluster.images import Image
from veza_tui.embedded.cluster.process import ChildProcess, Processes
from veza_tui.embedded.cluster.programs import ContainerContext
from veza_tui.embedded.cluster.volumes import substitute


class CommandError(Exception):
    """The command cannot be started; the text is the OCI runtime's."""


def child_environment(
    env: Mapping[str, str], mounts: Mapping[str, Path], home: Path, path: Sequence[str]
) -> dict[str, str]:
    """The container's variables, mountPaths replaced, and PATH, HOME, LANG; nothing of the platform's own."""
    search = os.pathsep.join([*path, os.environ.get("PATH", os.defpath)])
    base = {"PATH": search, "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home)}
    return base | {k: substitute(v, mounts) for k, v in env.items()}


def checked(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> list[str]:
    """``command`` when its program exists.

    Raises:
        CommandError: it does not, with runc's words.
    """
    if not command:
        raise CommandError("no command specified")
    program = command[0]
    if "/" in program:
        target = cwd / program
        if not target.exists():
            raise CommandError(f'exec: "{program}": stat {program}: no such file or directory: unknown')
        if not os.access(target, os.X_OK) or target.is_dir():
            raise CommandError(f'exec: "{program}": permission denied: unknown')
    elif shutil.which(program, path=env.get("PATH")) is None:
        raise CommandError(f'exec: "{program}": executable file not found in $PATH: unknown')
    return list(command)


class CommandProgram:
    """Runs the image's or the container's command; SIGTERM at stop, its output is the log."""

    def __init__(self, processes: Processes, image: Image, path: Sequence[str]) -> None:
        self._processes = processes
        self._image = image
        self._path = tuple(path)

    async def run(self, container: ContainerContext) -> int:
        """Raises CommandError when it cannot start (the kubelet makes RunContainerError of it)."""
        scratch = container.scratch
        if scratch is None:
            raise CommandError("no working directory")
        env = child_environment(container.env, container.mounts, scratch, self._path)
        words = self._image.argv(container.command, container.args)
        command = checked([substitute(w, container.mounts) for w in words], env, scratch)
        child = await self._processes.start(command, env=env, cwd=scratch)
        reading = asyncio.ensure_future(self._copy(child, container))
        stopping = asyncio.ensure_future(container.stop.wait())
        try:
            await asyncio.wait((reading, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                child.signal(signal.SIGTERM)
            await reading
            return await child.wait()
        finally:
            stopping.cancel()
            reading.cancel()
            # Cancelled means SIGKILL: nothing of the session may live on.
            await asyncio.shield(child.kill())

    @staticmethod
    async def _copy(child: ChildProcess, container: ContainerContext) -> None:
        while True:
            channel, data = await child.read()
            if channel == 0:
                return
            container.write(data)
