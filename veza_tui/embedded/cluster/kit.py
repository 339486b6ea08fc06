"""What the kubelet's parts share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.clock import Clock
from veza_tui.embedded.cluster.images import Images
from veza_tui.embedded.cluster.objects import Object
from veza_tui.embedded.cluster.process import Processes
from veza_tui.embedded.cluster.timing import Timing
from veza_tui.embedded.cluster.volumes import Volumes

SOURCE = "kubelet"


@dataclass(slots=True)
class Kit:
    """One for all nodes."""

    cluster: Cluster
    clock: Clock
    timing: Timing
    images: Images
    processes: Processes
    volumes: Volumes
    tool_path: tuple[str, ...] = ()
    """Directories put before PATH for child processes (the platform's psql, veza-tui ...)."""
    present: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """node -> images already pulled to it."""

    def event(self, pod: Object, kind: str, reason: str, message: str, container: str = "", init: bool = False) -> None:
        """An event of the kubelet on the pod's node."""
        path = f"spec.{'initContainers' if init else 'containers'}{{{container}}}" if container else ""
        self.cluster.event(pod, kind, reason, message, SOURCE, host=pod["spec"].get("nodeName", ""), field=path)
