"""Which service instances run where: stands for the cluster's DNS between the demo's services."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from veza_tui.embedded.cluster.programs import ContainerContext


@dataclass(eq=False)
class Instance:
    """A running container of a service."""

    namespace: str
    service: str
    pod: str
    container: ContainerContext
    port: int
    """The container's port, for example 8080."""
    tripped: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a fault concerns it."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it really listens; None before and after."""
        real = self.container.ports.get(self.port)
        return ("127.0.0.1", real) if real else None


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """What an incident does to one service of one namespace: ``crash`` or ``oom``, after about ``after`` seconds."""

    kind: str
    lines: tuple[str, ...] = ()
    exit_code: int = 1
    after: float = 3.0


class Mesh:
    """The registry; all of it in one event loop."""

    def __init__(self) -> None:
        self.instances: list[Instance] = []
        self._faults: dict[tuple[str, str], ServiceFault] = {}

    def join(self, instance: Instance) -> None:
        """It runs."""
        self.instances.append(instance)
        if self.fault(instance) is not None:
            instance.tripped.set()

    def leave(self, instance: Instance) -> None:
        """It has ended."""
        if instance in self.instances:
            self.instances.remove(instance)

    def of(self, namespace: str, service: str = "") -> list[Instance]:
        """Running instances of a namespace, of one service or all."""
        return [i for i in self.instances if i.namespace == namespace and service in ("", i.service)]

    def fault(self, instance: Instance) -> ServiceFault | None:
        """The fault acting on an instance's service."""
        return self._faults.get((instance.namespace, instance.service))

    def set_fault(self, namespace: str, service: str, fault: ServiceFault) -> None:
        """From now on every container of that service meets the fault."""
        self._faults[namespace, service] = fault
        for instance in self.of(namespace, service):
            instance.tripped.set()

    def clear_fault(self, namespace: str, service: str) -> None:
        """Containers started from now on are well."""
        self._faults.pop((namespace, service), None)
        for instance in self.of(namespace, service):
            instance.tripped.clear()
