"""How long the stages of a pod's life take, in simulated seconds, and the kubelet's back-off."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Pairs are (shortest, longest); the defaults are those of a small, healthy node."""

    schedule: tuple[float, float] = (0.01, 0.05)
    sandbox: tuple[float, float] = (0.3, 0.8)
    pull: tuple[float, float] = (0.3, 0.7)
    """Besides the transfer itself."""
    bandwidth: float = 40e6
    """Bytes per second of a pull."""
    create: tuple[float, float] = (0.08, 0.2)
    start: tuple[float, float] = (0.05, 0.15)
    sync: tuple[float, float] = (0.6, 1.2)
    """Between the end of a container and what the kubelet does about it."""
    retry: tuple[float, float] = (10.0, 15.0)
    """Of pods that cannot be set up (missing ConfigMap, Secret or volume)."""
    pull_error: tuple[float, float] = (2.0, 4.0)
    """How long ErrImagePull is shown before it turns into ImagePullBackOff."""
    remove: tuple[float, float] = (0.2, 0.6)
    """Between the end of the last container and the pod's removal from the API."""
    backoff_base: float = 10.0
    backoff_limit: float = 300.0
    first_probe: float = 0.1
    """Before the first probe of a container without initialDelaySeconds."""

    def some(self, stage: tuple[float, float]) -> float:
        """A duration within a stage's bounds."""
        return random.uniform(*stage)


class BackOff:
    """10 s doubling to 300 s; forgotten after a run of twice the limit (flowcontrol.Backoff in the kubelet)."""

    __slots__ = ("_base", "_limit", "delay")

    def __init__(self, base: float, limit: float) -> None:
        self._base = base
        self._limit = limit
        self.delay = 0.0
        """Seconds to wait before the next try; 0 for the first."""

    def next(self) -> float:
        """Note one more failure; the delay that now applies."""
        self.delay = self._base if not self.delay else min(self.delay * 2, self._limit)
        return self.delay

    def ran_for(self, seconds: float) -> None:
        """It ran that long: a long run wipes the slate."""
        if seconds >= 2 * self._limit:
            self.delay = 0.0


def duration(seconds: float) -> str:
    """As Go prints a time.Duration: ``10s``, ``1m20s``, ``5m0s``, ``812ms``, ``1.234s``."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"
