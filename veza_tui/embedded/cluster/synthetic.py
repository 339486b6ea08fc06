"""Pods by the thousand: annotated ``veza.demo/synthetic``, they become Running and Ready and cost nothing after that.

They have no program, no listener, no probes and no events of their own; a log line tells what they are. The value of
the annotation may be a status to end in: ``CrashLoopBackOff``, ``ImagePullBackOff`` or ``Pending``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from veza_tui.embedded.cluster import pod_status
from veza_tui.embedded.cluster.clock import Handle
from veza_tui.embedded.cluster.images import canonical, image_id
from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.objects import Object, deleting, pod_ready, uid_of

SYNTHETIC = "veza.demo/synthetic"


class SyntheticPods:
    """One timer a pod and stage, nothing else."""

    def __init__(self, kit: Kit, address: Callable[[str], str], node_ip: Callable[[str], str]) -> None:
        self._kit = kit
        self._address = address
        self._node_ip = node_ip
        self._timers: dict[str, Handle] = {}
        self._stopped = False

    def changed(self, old: Object | None, new: Object | None) -> None:
        """A pod was added, changed or removed."""
        if new is None:
            timer = self._timers.pop(uid_of(old), None) if old is not None else None
            if timer is not None:
                timer.cancel()
            return
        uid, node = uid_of(new), new["spec"].get("nodeName")
        if not node or self._stopped:
            return
        if deleting(new):
            if old is None or not deleting(old):
                self._later(uid, 0.3, lambda: self._kit.cluster.delete("pods", new, grace=0))
        elif uid not in self._timers and not pod_ready(new):
            self._later(uid, self._kit.timing.some((0.5, 2.0)), lambda: self._run(new, node))

    def _later(self, uid: str, delay: float, action: Callable[[], None]) -> None:
        old = self._timers.get(uid)
        if old is not None:
            old.cancel()
        self._timers[uid] = self._kit.clock.call_later(delay, action)

    def _run(self, pod: Object, node: str) -> None:
        kind = pod["metadata"]["annotations"][SYNTHETIC]
        current = self._kit.cluster.get("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        if current is None or uid_of(current) != uid_of(pod) or deleting(current) or kind == "Pending":
            return
        now = self._kit.clock.now()
        states = []
        for spec in pod["spec"].get("containers") or ():
            image = spec.get("image", "")
            state = pod_status.ContainerState(spec["name"], canonical(image), image_id=image_id(image))
            state.started_at = now
            if kind in ("CrashLoopBackOff", "ImagePullBackOff"):
                state.wait(kind, f"back-off 5m0s restarting failed container={spec['name']}" if kind[0] == "C" else "")
                if kind[0] == "C":
                    state.restarts = 7
                    state.last = {"exitCode": 1, "reason": "Error"}
            else:
                state.phase, state.reason, state.ready, state.started = "running", "", True, True
                state.container_id = f"containerd://{secrets.token_hex(32)}"
            states.append(state)
        whole = pod_status.PodState(True, self._address(node), self._node_ip(node), now)
        status = pod_status.status(pod["spec"], whole, [], states, [], current.get("status") or {}, now)
        self._kit.cluster.set_status("pods", current, status)

    def stop(self) -> None:
        """No timer fires any more."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
