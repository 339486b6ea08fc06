"""Shells on the record: may this person, why, for how long, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.text import printable
from veza_tui.operations.audit import AuditLog, Record
from veza_tui.operations.audit_events import publish
from veza_tui.operations.checks import missing, need_text, stream_needs
from veza_tui.operations.policy import read_only_reason
from veza_tui.operations.settings import state_directory
from veza_tui.operations.shell.debug import debug_need, leave_debug, start_debug
from veza_tui.operations.shell.place import Place, find_place, find_shell, not_started
from veza_tui.operations.shell.terminal import Ended
from veza_tui.operations.who import current_person
from veza_tui.operations.world import World
from veza_tui.ports.cluster import Cluster, ClusterError, ExecSession

Attach = Callable[[ExecSession], Awaitable[Ended]]


def plainly(error: ClusterError, place: Place, container: str, program: str) -> VezaError:
    """What a runtime says of a program that is not in the image, in words; any other error as it is."""
    if not not_started(error):
        return error
    return VezaError(f"container {container} of pod {place.pod} has no program {printable(program, limit=60)}")


class Shells:
    """One world's shells."""

    def __init__(self, world: World, *, state: Path | None = None) -> None:
        self.world = world
        self._audit = AuditLog(state or state_directory(), world.clock)

    def needs_reason(self, environment: Environment) -> bool:
        """Whether a person must say why."""
        return environment.production

    async def enter(self, name: str, pod: str) -> Place:
        """Check that this person may, and find the pod.

        Raises:
            RefusedError: read-only, or the permission is missing (audited as a denial).
            VezaError: there is no such pod.
        """
        environment = self.world.environment(name)
        why = read_only_reason(environment, self.world.read_only)
        if not why:
            needs = stream_needs(environment.kubernetes.namespace, "exec")
            lacked = await missing(self.cluster(environment), needs)
            why = f"missing permission: {', '.join(map(need_text, lacked))}" if lacked else ""
        if why:
            await self._write("denial", environment, detail=f"{why}; pod {printable(pod, limit=100)}")
            raise RefusedError(why, hint="no shell was opened")
        return await find_place(self.cluster(environment), environment, pod)

    def cluster(self, environment: Environment) -> Cluster:
        """The environment's cluster."""
        return self.world.cluster(environment)

    async def shell(self, place: Place, container: str) -> str:
        """The container's best shell; NoShell when it has none."""
        return await find_shell(self.cluster(place.environment), place, container)

    async def may_debug(self, place: Place) -> bool:
        """Whether a debug container may be added."""
        return (await self.cluster(place.environment).allowed([debug_need(place.namespace)]))[0]

    async def debug(self, place: Place, container: str, image: str, reason: str) -> str:
        """Add a debug container and wait until it runs; returns its name. On the record.

        Raises:
            RefusedError: no permission.
            VezaError: it does not start.
        """
        self._check_reason(place, reason)
        detail = f"debug container {printable(image, limit=100)} for {place.pod}/{container}"
        await self._write("intent", place.environment, kind="debug-container", detail=detail, reason=reason)
        outcome = "failed"
        try:
            name = await start_debug(self.cluster(place.environment), place, container, image)
            outcome = "running"
        finally:
            await self._write("outcome", place.environment, kind="debug-container", detail=detail, outcome=outcome)
        return name

    async def leave_debug(self, place: Place, name: str) -> None:
        """Let a debug container end."""
        await leave_debug(self.cluster(place.environment), place, name)

    async def run(
        self, place: Place, container: str, command: Sequence[str], attach: Attach, *,
        tty: bool, stdin: bool, reason: str = "",
    ) -> Ended:  # fmt: skip
        """Execute ``command`` there and give it to ``attach``; beginning and end are audited.

        The record names the program, not its arguments: a password may stand in them.

        Raises:
            ConfigError: production without a reason.
            ClusterError: it cannot be started.
        """
        self._check_reason(place, reason)
        environment = place.environment
        cluster = self.cluster(environment)
        more = f" and {len(command) - 1} arguments" if len(command) > 1 else ""
        detail = f"{place.pod}/{container}: {printable(command[0], limit=100)}{more}"
        user = await cluster.whoami()
        line = await self._write("intent", environment, detail=detail, reason=reason, kube_user=user)
        published = asyncio.create_task(publish(cluster, environment.kubernetes.namespace, line))
        began = self.world.clock.monotonic()
        outcome, code = "could not be started", None
        try:
            try:
                session = await cluster.exec(place.namespace, place.pod, container, command, tty=tty, stdin=stdin)
            except ClusterError as error:
                raise plainly(error, place, container, command[0]) from None
            outcome = "cut"
            ended = await attach(session)
            if isinstance(ended.error, ClusterError):
                ended = Ended(error=plainly(ended.error, place, container, command[0]))
            if ended.code is not None:
                outcome, code = f"exit {ended.code}", ended.code
            elif ended.signal:
                outcome = f"left by signal {ended.signal}"
            return ended
        finally:
            seconds = round(self.world.clock.monotonic() - began, 1)
            outcome += f" after {seconds:g} s"
            extra = {"seconds": seconds, "exit_code": code}
            await self._write(
                "outcome", environment, detail=detail, outcome=outcome, kube_user=user, extra=extra
            )  # fmt: skip
            await asyncio.gather(published, return_exceptions=True)

    def _check_reason(self, place: Place, reason: str) -> None:
        if self.needs_reason(place.environment) and not reason.strip():
            raise ConfigError(f"a shell in {place.environment.name} asks for a reason", hint="give --reason TEXT")

    async def _write(
        self, kind_: str, environment: Environment, *, kind: str = "shell", **more: object
    ) -> dict[str, object]:
        record = Record(kind_, current_person(), environment=environment.name, kind=kind, **more)  # type: ignore[arg-type]
        return await asyncio.to_thread(self._audit.append, record)
