"""Synthetic environments and feeds: the screens' input without any cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from veza_tui.model.environment import Environment, EnvironmentType, KubernetesTarget, Policy
from veza_tui.model.view import EnvironmentView, HealthRow, Identity, LastOperation, Link, NewestBackup, Problem
from veza_tui.model.workload import AutoscalerRow, ContainerRow, EventRow, PodRow, RolloutRow, State
from veza_tui.tui.provided import placeholder

SERVICES = ("backend-api", "chat-server", "stream-server")
DOMAINS = {"development": "dev.veza.com", "staging": "staging.veza.com", "production": "veza.com"}
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class FixedClock:
    """Time that stands still until it is moved."""

    def __init__(self, now: float) -> None:
        self.at = now

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class RealClock:
    """The machine's."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def environment(name: str, *, read_only: bool = False) -> Environment:
    """Development, staging or production as in the guide."""
    kind = {"staging": EnvironmentType.STAGING, "production": EnvironmentType.PROD}.get(name, EnvironmentType.DEV)
    short = {"development": "dev", "production": "prod"}.get(name, name)
    return replace(
        placeholder(name),
        type=kind,
        domain=DOMAINS.get(name, f"{name}.veza.com"),
        kubernetes=KubernetesTarget(f"{short}-eu", f"veza-{name}"),
        policy=Policy(auto_deploy=name == "development", manual_approval=name == "production"),
        read_only=read_only,
    )


def suffix(number: int, length: int = 5) -> str:
    """A name's random-looking end, the same for the same number."""
    number = number * 2654435761 % 2**32
    out = ""
    for _ in range(length):
        out += _LETTERS[number % len(_LETTERS)]
        number //= len(_LETTERS)
        number += 7919
    return out


def pod(number: int, service: str = "backend-api", *, now: float, age: float = 2.2 * 86400, **changes: Any) -> PodRow:
    """A pod that is well, unless ``changes`` say otherwise."""
    name = f"{service}-6c8d9f7b5-{suffix(number)}"
    container = ContainerRow(
        service, f"registry.veza.com/{service}:v1.4.2", True, "running", "", "", 0, None, "", None, "1Gi", "1"
    )
    row = PodRow(
        uid=f"uid-{number}",
        name=name,
        namespace="veza",
        status="Running",
        ready=1,
        total=1,
        restarts=0,
        last_restart=None,
        created=now - age,
        node=f"node-{number % 4 + 1}",
        ip=f"10.1.{number // 250}.{number % 250 + 2}",
        owner=f"{service}-6c8d9f7b5",
        owner_kind="ReplicaSet",
        labels=(("app", service),),
        containers=(container,),
        state=State.OK,
        cause="",
    )
    return replace(row, **changes)


def crashing(number: int, service: str = "chat-server", *, now: float) -> PodRow:
    """A pod in CrashLoopBackOff."""
    base = pod(number, service, now=now, age=250)
    container = replace(
        base.containers[0],
        image=f"registry.veza.com/{service}:v1.5.0",
        ready=False,
        state="waiting",
        reason="CrashLoopBackOff",
        message=f"back-off 5m0s restarting failed container={service} pod={base.name}",
        restarts=7,
        last_exit_code=1,
        last_reason="Error",
        last_finished=now - 20,
    )
    return replace(
        base,
        status="CrashLoopBackOff",
        ready=0,
        restarts=7,
        last_restart=now - 20,
        state=State.FAILED,
        cause="exit 1",
        containers=(container,),
    )


def rollout(name: str, desired: int, **changes: Any) -> RolloutRow:
    """A rollout that is done, unless ``changes`` say otherwise."""
    row = RolloutRow(
        f"uid-{name}", name, "veza", desired, desired, desired, desired, desired, "14",
        (f"registry.veza.com/{name}:v1.4.2",), (), False, State.OK, "", 0.0,
    )  # fmt: skip
    return replace(row, **changes)


def health(name: str, kind: str, now: float, *, bad: bool = False, base: float = 0.012, detail: str = "") -> HealthRow:
    """A check with 30 answers, one each 30 s."""
    history = []
    for i in range(30):
        broke = bad and i >= 26
        value = base * (1 + (i * 7 % 5) / 4)
        history.append((now - 30 * (29 - i), State.FAILED if broke else State.OK, value))
    state = State.FAILED if bad else State.OK
    return HealthRow(name, kind, state, history[-1][2], detail, f"GET /health of {name}", "200", now, tuple(history))


def view(
    name: str, *, pods: int = 11, now: float, incident: bool = False, monotonic: float | None = None
) -> EnvironmentView:
    """A whole environment; ``incident`` makes a rollout hang on a crashing pod."""
    sizes = {"development": 1, "staging": 2}.get(name, 0)
    replicas = [sizes] * 3 if sizes else [5, 3, 3]
    rows: dict[str, PodRow] = {}
    count = sum(replicas) if pods == 11 else pods
    for i in range(count):
        service = (
            SERVICES[i % 3] if pods != 11 else SERVICES[0 if i < replicas[0] else 1 if i < sum(replicas[:2]) else 2]
        )
        rows[f"uid-{i}"] = pod(i, service, now=now, age=86400 * (2 + i % 9) + i * 977)
    last_lines: dict[str, str] = {}
    rollouts = [rollout(s, r) for s, r in zip(SERVICES, replicas, strict=True)]
    warnings: tuple[EventRow, ...] = ()
    if incident:
        bad = crashing(9000, now=now)
        rows[bad.uid] = bad
        last_lines[bad.uid] = "DB_URL is not set"
        rollouts[1] = replace(
            rollouts[1],
            ready=max(replicas[1] - 1, 0),
            updated=1,
            revision="15",
            images=("registry.veza.com/chat-server:v1.5.0",),
            old_images=("registry.veza.com/chat-server:v1.4.2",),
            state=State.DEGRADED,
        )
        warnings = (
            EventRow("e1", "Warning", "BackOff", "Back-off restarting failed container", "Pod", bad.name, bad.uid, 14,
                     now - 240, now - 12, "kubelet"),
        )  # fmt: skip
    checks = (
        health("backend-api", "service", now),
        health("chat-server", "service", now, bad=incident, base=0.02, detail="503 database" if incident else ""),
        health("stream-server", "service", now, base=0.015),
        health("database", "database", now, base=0.002, detail="41/100"),
        health("cache", "cache", now, base=0.0006, detail="13 MB"),
    )
    target = environment(name).kubernetes
    scales = (
        tuple(AutoscalerRow(f"a-{s}", s, s, 3, 10, r, r, 41, 70) for s, r in zip(SERVICES, replicas, strict=True))
        if name == "production"
        else ()
    )
    return EnvironmentView(
        name,
        link=Link.LIVE,
        identity=Identity("https://10.0.0.1:6443", target.context or "", target.namespace, "oncall", "v1.34.1", "u"),
        heard_at=now if monotonic is None else monotonic,
        pods=MappingProxyType(rows),
        synced=True,
        rollouts=tuple(rollouts),
        autoscalers=scales,
        warnings=warnings,
        last_lines=MappingProxyType(last_lines),
        health=checks,
        last_operation=LastOperation("op1", "deploy", "oncall", "rolled-back" if incident else "done", now - 5000),
        newest_backup=NewestBackup("b1", now - 3 * 3600, True, now - 3 * 3600),
    )


class SyntheticFeed:
    """A feed that publishes what it is told to."""

    def __init__(self, name: str, first: EnvironmentView | None = None, then: EnvironmentView | None = None) -> None:
        self.name = name
        self.cluster: Any = None
        self._view = first or EnvironmentView(name)
        self._then = then
        self._callbacks: list[Callable[[EnvironmentView], None]] = []
        self.refreshed = 0
        self.started = False
        self.closed = False

    def view(self) -> EnvironmentView:
        return self._view

    def subscribe(self, callback: Callable[[EnvironmentView], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def publish(self, new: EnvironmentView) -> None:
        self._view = new
        for callback in tuple(self._callbacks):
            callback(new)

    def change_pod(self, uid: str, **changes: Any) -> None:
        """One pod changes."""
        pods = dict(self._view.pods)
        if "state" in changes:
            changes["state"] = State(changes["state"])
        pods[uid] = replace(pods[uid], **changes)
        self.publish(replace(self._view, pods=MappingProxyType(pods)))

    async def start(self) -> None:
        self.started = True
        if self._then is not None:
            self.publish(self._then)

    async def refresh(self) -> None:
        self.refreshed += 1

    async def close(self) -> None:
        self.closed = True


class SyntheticServices:
    """Services made of synthetic feeds."""

    user = "oncall"

    def __init__(self, environments: Sequence[Environment], feeds: Sequence[Any], clock: Any, **services: Any) -> None:
        self._environments = list(environments)
        self.made = list(feeds)
        self.clock = clock
        self.read_only = False
        self._services = services

    def environments(self) -> Sequence[Environment]:
        return self._environments

    def again(self, name: str) -> Environment:
        return next(e for e in self._environments if e.name == name)

    def feeds(self, environments: Sequence[Environment]) -> Sequence[Any]:
        return self.made

    def service(self, name: str) -> Any:
        return self._services[name] if name in self._services or name != "operations" else NoOperations()

    async def close(self) -> None:
        """What it was given belongs to the test."""


class NoOperations:
    """Operations of a scene that has none: everything is allowed."""

    async def missing(self, environment: str, needs: Sequence[Any]) -> tuple[Any, ...]:
        return ()

    async def untouched(self, environment: str) -> bool:
        return False

    def interrupted(self) -> list[Any]:
        return []


def scene(which: str, calm: EnvironmentView, monotonic: float) -> EnvironmentView:
    """``calm`` in one of the states that a cluster can bring."""
    empty: Mapping[str, PodRow] = MappingProxyType({})
    if which == "connecting":
        return EnvironmentView(calm.name)
    if which == "down":
        wrong = Problem(
            "https://10.0.0.1:6443 refused the connection",
            "Check the VPN and the server's address in the kubeconfig's cluster prod-eu.",
        )
        return EnvironmentView(calm.name, link=Link.DOWN, problems=(wrong,))
    if which == "context":
        wrong = Problem("the kubeconfig has no context dev-eu", "kubectl config get-contexts lists those it has.")
        return EnvironmentView(calm.name, link=Link.DOWN, problems=(wrong,))
    if which == "stale":
        wrong = Problem("no answer from https://10.0.0.1:6443 for 34 s", "It is tried again every few seconds.")
        return replace(calm, link=Link.STALE, heard_at=monotonic - 34, problems=(wrong,))
    if which == "denied":
        wrong = Problem("403: viewer may not list replicasets.apps", "Ask for the role view.", ("replicasets",))
        return replace(calm, problems=(wrong,), replica_sets=())
    if which == "empty":
        return replace(calm, pods=empty, rollouts=(), autoscalers=())
    if which == "loading":
        return replace(calm, pods=empty, synced=False, rollouts=(), health=())
    if which == "hostile":
        pods = dict(calm.pods)
        for number, name in enumerate(HOSTILE):
            uid = f"hostile-{number}"
            container = replace(crashing(number, now=0).containers[0], image=name, name=name, message=name)
            pods[uid] = replace(
                crashing(number, now=calm.health[0].at), uid=uid, name=name, node=name, status=name, cause=name,
                owner=name, ip=name, labels=((name, name),), containers=(container,),
            )  # fmt: skip
        rollouts = (*calm.rollouts, *(rollout(name, 2, reason=name, images=(name,)) for name in HOSTILE[:2]))
        checks = tuple(replace(row, detail=HOSTILE[0], state=State.FAILED) for row in calm.health)
        lines = {f"hostile-{i}": name for i, name in enumerate(HOSTILE)}
        return replace(calm, pods=pods, rollouts=rollouts, health=checks, last_lines=lines)
    return calm


HOSTILE = (
    "[red]markup[/] [bold]x[link=https://evil]",
    "\x1b[31mescape\x1b]0;title\x07\x9b31m",
    "\u202ebidi\u2066 \u200bzero\u200d width",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 rtl",
    "\u6f22\u5b57\u304b\u306a \uff37\uff29\uff24\uff25 \U0001f469\u200d\U0001f680 \U0001f1eb\U0001f1f7 wide",
    "e\u0301\u0301\u0301\u0301 combining a\u0334\u0335",
    "new\nline\r\ttab\x00nul",
    "x" * 300,
    "",
)


def three(clock: Any, *, pods: int = 11, incident: bool = True, first: str = "") -> SyntheticServices:
    """Development, staging and production, the last one with an incident."""
    names = ("development", "staging", "production")
    feeds = [
        SyntheticFeed(
            n,
            then=view(
                n, pods=pods, now=clock.now(), monotonic=clock.monotonic(), incident=incident and n == "production"
            ),
        )
        for n in names
    ]
    if first and feeds[0]._then is not None:
        feeds[0]._then = scene(first, feeds[0]._then, clock.monotonic())
    return SyntheticServices([environment(n) for n in names], feeds, clock)
