"""A simulated cluster for each test."""

from __future__ import annotations

import pytest

from tests.integration.embedded_cluster.live import SCALE, Live, Web
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.images import Image
from veza_tui.embedded.cluster.simulation import ClusterSimulation


@pytest.fixture
async def live(tmp_path):
    images = [Image("veza/web", frozenset({"v1", "v2"}), Web), Image("veza/bare", program=Web, shell=False)]
    sim = ClusterSimulation(Store(), images=images, time_scale=SCALE, state=tmp_path)
    await sim.start()
    Web.unready = False
    yield Live(sim)
    await sim.stop()
    assert len(sim.kit.processes) == 0
