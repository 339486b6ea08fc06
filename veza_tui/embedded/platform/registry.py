"""The demo's image registry: which tags exist, and which program each image runs."""

from __future__ import annotations

from veza_tui.embedded.cluster.images import Image
from veza_tui.embedded.platform.services.mesh import Mesh
from veza_tui.embedded.platform.services.monitoring import Grafana, Prometheus
from veza_tui.embedded.platform.services.veza import BackendApi, ChatServer, StreamServer

TAGS = frozenset({"v1.4.0", "v1.4.1", "v1.4.2", "v1.4.3", "v1.5.0", "v1.5.1", "v1.5.2"})
"""v1.5.0 is the bad one: chat-server wants DB_URL, which nobody sets; v1.5.1 takes it back."""


def images(mesh: Mesh) -> list[Image]:
    """Programs share ``mesh``."""
    return [
        Image("veza/backend-api", TAGS, lambda: BackendApi(mesh), size=62 << 20),
        Image("veza/chat-server", TAGS, lambda: ChatServer(mesh), size=44 << 20),
        Image("veza/stream-server", TAGS, lambda: StreamServer(mesh), size=51 << 20),
        Image("veza/batch-worker", TAGS),
        Image("prom/prometheus", None, lambda: Prometheus(mesh), size=98 << 20),
        Image("grafana/grafana", None, Grafana, size=140 << 20),
    ]
