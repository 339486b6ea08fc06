"""PersistentVolumeClaims: every one is bound at once, to a directory under the platform's state (see ``volumes``)."""

from __future__ import annotations

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import Object, deleting, key_of, uid_of

CLAIMS = "persistentvolumeclaims"


class ClaimController:
    """The provisioner."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        cluster.watch(CLAIMS, self._on_claim)

    def _on_claim(self, old: Object | None, new: Object | None) -> None:
        if new is not None and (new.get("status") or {}).get("phase") != "Bound":
            self.queue.add(self, key_of(new), 0.2)

    def reconcile(self, key: Key) -> None:
        """Bind it."""
        claim = self.cluster.get(CLAIMS, *key)
        if claim is None or deleting(claim) or (claim.get("status") or {}).get("phase") == "Bound":
            return
        volume = f"pvc-{uid_of(claim)}"
        requested = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "1Gi")

        def put(obj: Object) -> None:
            obj["spec"]["volumeName"] = volume

        self.cluster.change(CLAIMS, claim, put)
        modes = list(claim["spec"].get("accessModes") or ("ReadWriteOnce",))
        status = {"phase": "Bound", "accessModes": modes, "capacity": {"storage": requested}}
        self.cluster.set_status(CLAIMS, claim, status)
        text = f"Successfully provisioned volume {volume}"
        self.cluster.event(claim, "Normal", "ProvisioningSucceeded", text, "veza.demo/directories")
