"""A world for the engine without files or network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.tools import synthetic
from tests.tools.clusters import MemoryCluster
from veza_tui.model.environment import Environment, EnvironmentType, KubernetesTarget, Policy
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster
from veza_tui.ports.runner import Handshake, RunnerRecord


def environment(name: str, kind: EnvironmentType) -> Environment:
    namespace = KubernetesTarget(None, "ns")
    return replace(synthetic.environment(name), type=kind, kubernetes=namespace, policy=Policy(manual_approval=False))


PLAIN = environment("development", EnvironmentType.DEV)


class FakeWorld:
    def __init__(
        self, env: Environment, cluster: MemoryCluster, clock: Clock, directory: Path, *, read_only: bool = False
    ) -> None:
        self.env = env
        self._cluster = cluster
        self.clock = clock
        self.directory: Any = directory
        self.workspace: Any = None
        self.read_only = read_only

    def environments(self) -> Sequence[str]:
        return [self.env.name]

    def environment(self, name: str) -> Environment:
        assert name == self.env.name
        return self.env

    def cluster(self, environment: Environment) -> Cluster:
        return cast(Cluster, self._cluster)

    def service(self, environment: Environment, name: str) -> Any:
        raise KeyError(name)

    async def close(self) -> None:
        pass


class FakeRunners:
    def __init__(self, alive: bool | None = True) -> None:
        self.is_alive = alive

    async def start(self, arguments: Sequence[str], log: Path, directory: Path) -> Handshake:
        return Handshake(0)

    def alive(self, record: RunnerRecord) -> bool | None:
        return self.is_alive

    def wake(self, record: RunnerRecord) -> bool:
        return self.is_alive is True

    def myself(self) -> RunnerRecord:
        return RunnerRecord(os.getpid(), 1, "boot", "host")
