"""What can go wrong on purpose: each incident starts, shows itself as the real thing would, and can be stopped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from veza_tui.embedded.api.faults import Fault, Faults
from veza_tui.embedded.platform.postgres import Postgres
from veza_tui.embedded.platform.services.mesh import Mesh, ServiceFault
from veza_tui.embedded.platform.valkey import Valkey
from veza_tui.model.errors import ConfigError

BAD_TAG = "v1.5.0"
MISSING_TAG = "v1.6.0-rc1"
MIGRATION = 8
PRODUCTION, STAGING = "veza-production", "veza-staging"
_PANIC = (
    "panic: runtime error: index out of range [3] with length 3",
    "",
    "goroutine 41 [running]:",
    "veza/stream.(*Segmenter).flush(0xc0001b2000, 0x3)",
    "\t/src/stream/segmenter.go:118 +0x2f4",
)


class Deployments(Protocol):
    """What incidents do to the cluster."""

    def image(self, namespace: str, service: str) -> str:
        """The image of the Deployment behind a Service."""
        ...

    def set_image(self, namespace: str, service: str, image: str, cause: str) -> None:
        """As ``kubectl set image`` does."""
        ...

    def replace_pods(self, namespace: str, service: str) -> None:
        """Delete the pods of a service that are not ready, so that no back-off delays them."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything an incident can reach."""

    postgres: Postgres
    caches: Mapping[str, Valkey]
    """By environment."""
    mesh: Mesh
    faults: Faults
    deployments: Deployments
    back_up: Callable[[], Awaitable[object]] | None = None
    """Makes last night's backup of production, unless there is one: what is lost must be somewhere."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Name, what one reads of it, where it strikes, and its two actions."""

    name: str
    title: str
    environment: str
    start: Callable[[Scene], Awaitable[object]]
    stop: Callable[[Scene], Awaitable[object]]


class Incidents:
    """Starts and stops incidents; remembers which are on."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._active: dict[str, float] = {}
        self._lock = asyncio.Lock()

    def listing(self) -> list[dict[str, Any]]:
        """All incidents, as the control socket answers them; ``since`` is in unix seconds."""
        return [
            {
                "name": incident.name,
                "title": incident.title,
                "environment": incident.environment,
                "active": incident.name in self._active,
                "since": self._active.get(incident.name),
            }
            for incident in INCIDENTS.values()
        ]

    async def start(self, name: str) -> str:
        """Start one; starting one that is on does nothing. Answers with a line to show.

        Raises:
            ConfigError: there is none of that name.
        """
        incident = find(name)
        async with self._lock:
            if name not in self._active:
                await incident.start(self._scene)
                self._active[name] = time.time()
        return f"{name} is on: {incident.title}"

    async def stop(self, name: str) -> str:
        """Stop one and restore what it broke; stopping one that is off restores all the same.

        Raises:
            ConfigError: there is none of that name.
        """
        incident = find(name)
        async with self._lock:
            await incident.stop(self._scene)
            self._active.pop(name, None)
        return f"{name} is off"


def find(name: str) -> Incident:
    """An incident by its name.

    Raises:
        ConfigError: there is none.
    """
    found = INCIDENTS.get(name)
    if found is None:
        raise ConfigError(f"there is no incident {name!r}", hint=f"known are {', '.join(INCIDENTS)}")
    return found


def _with_tag(image: str, tag: str) -> str:
    head, slash, last = image.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}:{tag}"


def _deploy(namespace: str, service: str, tag: str) -> tuple[Callable[[Scene], Awaitable[None]], ...]:
    """Start and stop of an incident that is a deploy of ``tag``."""
    before: dict[str, str] = {}

    async def start(scene: Scene) -> None:
        current = scene.deployments.image(namespace, service)
        if not current.endswith(f":{tag}"):
            before["image"] = current
            scene.deployments.set_image(namespace, service, _with_tag(current, tag), f"release {tag}")

    async def stop(scene: Scene) -> None:
        current = scene.deployments.image(namespace, service)
        if current.endswith(f":{tag}"):  # else somebody has mended it already
            good = before.get("image", _with_tag(current, "v1.4.2"))
            scene.deployments.set_image(namespace, service, good, f"back from {tag}")

    return start, stop


def _fault(namespace: str, service: str, fault: ServiceFault) -> tuple[Callable[[Scene], Awaitable[None]], ...]:
    async def start(scene: Scene) -> None:
        scene.mesh.set_fault(namespace, service, fault)

    async def stop(scene: Scene) -> None:
        scene.mesh.clear_fault(namespace, service)
        scene.deployments.replace_pods(namespace, service)

    return start, stop


async def _lose_data(scene: Scene) -> None:
    """A migration gone wrong, at a moment that ``schema_migrations`` names."""
    if scene.back_up is not None:
        await scene.back_up()
    owner = await scene.postgres.connect("veza_production", user="veza_production")
    async with owner, owner.transaction():
        await owner.execute("DELETE FROM messages WHERE id % 2 = 0")
        await owner.execute("UPDATE messages SET body = left(md5(body), 12), edited_at = NULL")
        await owner.execute(
            "INSERT INTO schema_migrations (version, name) VALUES (%s, 'compact_messages') "
            "ON CONFLICT (version) DO UPDATE SET applied_at = now()",
            (MIGRATION,),
        )


async def _bring_data_back(scene: Scene) -> None:
    """Seed anew, unless a restore has done it already."""
    async with await scene.postgres.connect("veza_production") as admin:
        cursor = await admin.execute("SELECT 1 FROM schema_migrations WHERE version = %s", (MIGRATION,))
        damaged = await cursor.fetchone()
    if damaged:
        await scene.postgres.reseed("veza_production")
        await scene.postgres.freshen()


_flaky: dict[int, tuple[list[Fault], asyncio.Task[None]]] = {}


async def _make_api_flaky(scene: Scene) -> None:
    mixture = [
        Fault("slow", fraction=0.25, delay=1.5),
        Fault("error", fraction=0.10, status=500),
        Fault("throttle", fraction=0.05, retry_after=1),
        Fault("reset", fraction=0.05),
    ]
    for fault in mixture:
        scene.faults.add(fault)

    async def cut() -> None:
        abort = False
        while True:
            scene.faults.drop_watches(abort=abort)
            abort = not abort
            await asyncio.sleep(4)

    _flaky[id(scene.faults)] = (mixture, asyncio.create_task(cut()))


async def _calm_api(scene: Scene) -> None:
    mixture, task = _flaky.pop(id(scene.faults), ([], None))
    for fault in mixture:
        scene.faults.remove(fault)
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _all() -> list[Incident]:
    crash = ServiceFault("crash", lines=_PANIC, exit_code=2, after=4)
    return [
        Incident(
            "bad-deploy",
            f"chat-server {BAD_TAG} was deployed and does not start",
            "production",
            *_deploy(PRODUCTION, "chat-server", BAD_TAG),
        ),
        Incident(
            "crash-loop",
            "stream-server crashes again and again",
            "production",
            *_fault(PRODUCTION, "stream-server", crash),
        ),
        Incident(
            "image-pull",
            f"backend-api {MISSING_TAG} was deployed and is not in the registry",
            "staging",
            *_deploy(STAGING, "backend-api", MISSING_TAG),
        ),
        Incident(
            "oom",
            "backend-api outgrows its memory limit",
            "production",
            *_fault(PRODUCTION, "backend-api", ServiceFault("oom", after=8)),
        ),
        Incident(
            "db-down",
            "PostgreSQL has stopped",
            "all",
            lambda scene: scene.postgres.stop(immediate=True),
            lambda scene: scene.postgres.start(),
        ),
        Incident(
            "cache-down",
            "production's cache has stopped",
            "production",
            lambda scene: scene.caches["production"].stop(),
            lambda scene: scene.caches["production"].start(),
        ),
        Incident(
            "data-loss",
            "a migration deleted half of production's messages and garbled the rest",
            "production",
            _lose_data,
            _bring_data_back,
        ),
        Incident(
            "api-flaky",
            "the cluster's API is slow, errs and cuts connections",
            "all",
            _make_api_flaky,
            _calm_api,
        ),
    ]


INCIDENTS: dict[str, Incident] = {incident.name: incident for incident in _all()}
