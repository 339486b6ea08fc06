"""A simulated cluster whose clock stands still until the test moves it."""

from __future__ import annotations

import pytest

from tests.unit.embedded_cluster.shapes import deployment
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.clock import ManualClock
from veza_tui.embedded.cluster.images import Image
from veza_tui.embedded.cluster.programs import Fault
from veza_tui.embedded.cluster.simulation import ClusterSimulation


class Bench:
    """Store, clock and simulation with the few verbs which tests need."""

    def __init__(self, tmp_path) -> None:
        self.clock = ManualClock()
        self.store = Store(clock=self.clock.now)
        images = [Image("veza/api", frozenset({"v1", "v2"})), Image("veza/crash"), Image("veza/oom")]
        self.sim = ClusterSimulation(self.store, images=images, clock=self.clock, state=tmp_path)
        self.sim.set_fault("veza/crash", Fault("crash", ("DB_URL is not set",), 3, 1.0))
        self.sim.set_fault("veza/oom", Fault("oom", after=1.0))

    async def advance(self, seconds: float) -> None:
        """Let simulated seconds pass, a tenth at a time."""
        for _ in range(max(1, round(seconds / 0.25))):
            await self.clock.advance(min(seconds, 0.25))

    def deploy(self, name: str = "api", image: str = "veza/api:v1", replicas: int = 3, **spec) -> None:
        """Create a Deployment in namespace default."""
        self.store.create(deployment(name, image, replicas, **spec))

    def edit(self, name: str, change) -> None:
        """Change a Deployment."""
        self.store.mutate("deployments.apps", "default", name, change)

    def set_image(self, name: str, image: str) -> None:
        """kubectl set image."""

        def put(obj):
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = image

        self.edit(name, put)

    def deployment(self, name: str = "api"):
        """The Deployment."""
        return self.store.get("deployments.apps", "default", name)

    def status(self, name: str = "api"):
        """Its status without conditions."""
        return {k: v for k, v in self.deployment(name)["status"].items() if k != "conditions"}

    def condition(self, kind: str, name: str = "api") -> tuple[str, str]:
        """(status, reason) of a condition."""
        found = next(c for c in self.deployment(name)["status"]["conditions"] if c["type"] == kind)
        return found["status"], found["reason"]

    def pods(self):
        """All pods."""
        return self.store.list("pods")

    def container(self, index: int = 0):
        """First container status of a pod."""
        return self.pods()[index]["status"]["containerStatuses"][0]

    def events(self, reason: str):
        """Events of that reason."""
        return [e for e in self.store.list("events") if e["reason"] == reason]

    def sizes(self) -> dict[str, int]:
        """image -> spec.replicas of the ReplicaSets that have any."""
        return {
            rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"]
            for rs in self.store.list("replicasets.apps")
            if rs["spec"]["replicas"]
        }


@pytest.fixture
async def bench(tmp_path):
    made = Bench(tmp_path)
    await made.sim.start()
    yield made
    await made.sim.stop()
