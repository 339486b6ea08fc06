"""The whole demo in one process: cluster API, controllers, services, PostgreSQL, Valkey, workspace, control socket."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from veza_tui.embedded.api.faults import Fault, Faults
from veza_tui.embedded.api.server import ApiServer, Context, User
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.nodes import NodeSpec
from veza_tui.embedded.cluster.simulation import ClusterSimulation
from veza_tui.embedded.platform import lifetime, manifests
from veza_tui.embedded.platform.boot import FOUNDED, PastClock, boot
from veza_tui.embedded.platform.control import VARIABLE, ControlServer
from veza_tui.embedded.platform.demo_workspace import ENVIRONMENTS
from veza_tui.embedded.platform.deployments import LiveDeployments
from veza_tui.embedded.platform.incidents import Incidents, Scene
from veza_tui.embedded.platform.registry import images
from veza_tui.embedded.platform.services.mesh import Mesh
from veza_tui.embedded.platform.services.traffic import Traffic
from veza_tui.embedded.platform.stores import Options, Stores
from veza_tui.model.errors import ConfigError

PODS_A_NODE = 100


class Platform:
    """``start`` it, use ``ready`` (what the headless demo prints), ``close`` it."""

    def __init__(self, options: Options, stores: Stores) -> None:
        self.options = options
        self.stores = stores
        self.home, self.workspace = stores.home, stores.workspace
        self.postgres, self.caches = stores.postgres, stores.caches
        self.kubeconfig = self.home.state / "kubeconfig"
        self.mesh = Mesh()
        self.faults = Faults()
        self.clock = PastClock(options.time_scale)
        self.store = Store(clock=self.clock.now)
        self.tokens = {name: secrets.token_urlsafe(24) for name in ("oncall", "viewer", "nobody")}
        self.server: ApiServer | None = None
        self.simulation: ClusterSimulation | None = None
        self.incidents = Incidents(
            Scene(self.postgres, self.caches, self.mesh, self.faults, LiveDeployments(self.store), self._back_up)
        )
        self.control = ControlServer(self.home.run / "control", self._verbs())
        self._background: list[asyncio.Task[Any]] = []

    # -- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """The cluster up on the stores, which run already; three environments rolled out.

        Raises:
            VezaError: a part does not come up; what is up already is for ``close``.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self.stores.fill())
            group.create_task(self._start_cluster())
        self._background.append(asyncio.create_task(Traffic(self.mesh, self.options.traffic).run()))
        self._background.append(asyncio.create_task(self._prepare_next()))
        await self.control.start()
        if self.options.incident:
            await self.incidents.start(self.options.incident)

    async def _start_cluster(self) -> None:
        nodes = max(3, math.ceil((self.options.pods + 40) / PODS_A_NODE))
        self.simulation = ClusterSimulation(
            self.store,
            images=images(self.mesh),
            clock=self.clock,
            nodes=[NodeSpec(f"veza-node-{i + 1}", zone=f"embedded-{'abc'[i % 3]}") for i in range(nodes)],
            state=self._nodes_directory(),
            tool_path=manifests.tool_path(self.postgres.binaries.directory, Path(sys.executable).parent),
        )
        users = {
            "oncall": User("oncall", "admin"),
            "viewer": User("viewer", "viewer"),
            "nobody": User("nobody", "nobody"),
        }
        self.clock.back = FOUNDED
        self.server = ApiServer(
            self.store,
            self.simulation.runtime,
            tokens={token: users[name] for name, token in self.tokens.items()},
            faults=self.faults,
        )
        await boot(self.store, self.simulation, self.clock, self.workspace, self.options.pods)
        await self.server.start()
        contexts = [Context(e.context, self.tokens["oncall"], e.namespace, "oncall") for e in ENVIRONMENTS]
        contexts += [
            Context("prod-eu-viewer", self.tokens["viewer"], "veza-production", "viewer"),
            Context("prod-eu-nobody", self.tokens["nobody"], "veza-production", "nobody"),
        ]
        self.server.write_kubeconfig(self.kubeconfig, contexts, current=ENVIRONMENTS[0].context)

    async def _back_up(self) -> None:
        """By the program itself, as an administrator's nightly job would."""
        folder = self.workspace.directory / "backups"
        if any(folder.glob("*/production.yaml")):
            return
        command = [sys.executable, "-m", "veza_tui", "-C", str(self.workspace.directory)]
        command += ["backup", "production", "--verify", "--reason", "nightly", "--confirm", "production"]
        child = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await child.communicate()
        if child.returncode:
            last = (errors.decode(errors="replace").strip().splitlines() or ["no word"])[-1]
            raise ConfigError(f"the backup before the incident failed: {last}")

    async def _prepare_next(self) -> None:
        await asyncio.sleep(2)  # the screen comes first
        await self.postgres.replenish()

    async def close(self) -> None:
        """Stop everything that was started, also what left its parent; remove what is temporary. Idempotent."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._background.clear()
        with contextlib.suppress(Exception):
            await self.control.stop()
        for part in (self.server, self.simulation):
            if part is not None:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(part.stop(), 5)
        await self.stores.close()

    # -- what others see ------------------------------------------------------------------------------------------

    @property
    def ready(self) -> dict[str, Any]:
        """The line of JSON that ``demo --headless`` prints."""
        production = self.caches["production"]
        return {
            "kubeconfig": str(self.kubeconfig),
            "workspace": str(self.workspace.directory),
            "postgres": {"host": self.postgres.host, "port": self.postgres.port},
            "cache": {"host": production.host, "port": production.port},
            "pid": os.getpid(),
            "caches": {name: {"host": c.host, "port": c.port} for name, c in self.caches.items()},
            "control": str(self.control.path),
            "state_home": str(self.home.state / "xdg-state"),
            "environment": self.environment,
        }

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which ``veza-tui`` looks at this demo."""
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "VEZA_WORKSPACE": str(self.workspace.directory),
            "XDG_STATE_HOME": str(self.home.state / "xdg-state"),
            VARIABLE: str(self.control.path),
            lifetime.MARKER: str(self.home.run),
        }

    def _nodes_directory(self) -> Path:
        path = self.home.run / "nodes"
        path.mkdir(mode=0o700)
        return path

    # -- the control socket ---------------------------------------------------------------------------------------

    def _verbs(self) -> dict[str, Any]:
        async def listing(request: Mapping[str, Any]) -> dict[str, Any]:
            return {"incidents": self.incidents.listing()}

        async def start(request: Mapping[str, Any]) -> dict[str, Any]:
            return {"message": await self.incidents.start(str(request.get("incident")))}

        async def stop(request: Mapping[str, Any]) -> dict[str, Any]:
            return {"message": await self.incidents.stop(str(request.get("incident")))}

        async def info(request: Mapping[str, Any]) -> dict[str, Any]:
            secret = {"admin_password": self.postgres.admin_password, "tokens": self.tokens}
            pids = {"postgres": self.postgres.pid, **{n: c.pid for n, c in self.caches.items()}}
            return {
                **self.ready,
                **secret,
                "tls": self.postgres.tls,
                "pids": pids,
                "server": self.server.url if self.server else "",
            }

        verbs = {"list": listing, "start": start, "stop": stop, "info": info}
        return verbs | {"postgres": self._do_postgres, "cache": self._do_cache, "api": self._do_api}

    async def _do_postgres(self, request: Mapping[str, Any]) -> dict[str, Any]:
        match request.get("action"):
            case "stop":
                await self.postgres.stop()
            case "crash":
                await self.postgres.stop(immediate=True)
            case "start":
                await self.postgres.start()
            case "reseed":
                await self.postgres.reseed(str(request["database"]))
            case other:
                raise ConfigError(f"no action {other!r}", hint="stop, crash, start or reseed")
        return {}

    async def _do_cache(self, request: Mapping[str, Any]) -> dict[str, Any]:
        cache = self.caches.get(str(request.get("environment")))
        if cache is None or request.get("action") not in ("stop", "start"):
            raise ConfigError("want an environment, and the action stop or start")
        await (cache.stop() if request["action"] == "stop" else cache.start())
        return {}

    async def _do_api(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """``fault`` takes the fields of ``faults.Fault``; ``stop`` and ``start`` keep the port."""
        match request.get("action"):
            case "fault":
                given = {k: v for k, v in request.items() if k not in ("do", "action", "seconds")}
                self.faults.add(Fault(**given), seconds=request.get("seconds"))
            case "clear":
                self.faults.clear()
            case "drop-watches":
                self.faults.drop_watches(abort=bool(request.get("abort")))
            case "compact":
                self.store.compact()
            case "stop" if self.server is not None:
                await self.server.stop()
            case "start" if self.server is not None:
                await self.server.start()
            case other:
                raise ConfigError(f"no action {other!r}", hint="fault, clear, drop-watches, compact, stop or start")
        return {}
