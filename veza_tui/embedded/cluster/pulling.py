"""Image pulls: policy, events, ErrImagePull and ImagePullBackOff with a growing delay."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from veza_tui.embedded.cluster.images import Image, PullError, canonical
from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.programs import split_image
from veza_tui.embedded.cluster.timing import BackOff, duration

if TYPE_CHECKING:
    from veza_tui.embedded.cluster.container import Container

_VALID = re.compile(r"[a-z0-9]+([._/:-]+[a-z0-9]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?", re.ASCII)


class Puller:
    """Brings the image of one container to its node."""

    def __init__(self, kit: Kit, container: Container) -> None:
        self._kit = kit
        self._container = container
        self._backoff = BackOff(kit.timing.backoff_base, kit.timing.backoff_limit)

    async def pull(self) -> Image | None:
        """The image, sooner or later; None when the container is stopped before."""
        one, kit = self._container, self._kit
        reference: str = one.spec.get("image", "")
        if not _VALID.fullmatch(reference):
            text = f'Failed to apply default image tag "{reference}": couldn\'t parse image name "{reference}": '
            one.event("Warning", "InspectFailed", text + "invalid reference format")
            one.event("Warning", "Failed", "Error: InvalidImageName")
            one.wait("InvalidImageName", text + "invalid reference format")
            await one.stopping.wait()
            return None
        policy = one.spec.get("imagePullPolicy") or (
            "Always" if split_image(reference)[1] == "latest" else "IfNotPresent"
        )
        node = one.host.pod["spec"].get("nodeName", "")
        while True:
            known = kit.images.find(reference)
            if known is not None and canonical(reference) in kit.present[node] and policy != "Always":
                one.event("Normal", "Pulled", f'Container image "{reference}" already present on machine')
                return known
            if policy == "Never":
                text = f'Container image "{reference}" is not present with pull policy of Never'
                one.event("Warning", "ErrImageNeverPull", text)
                one.event("Warning", "Failed", "Error: ErrImageNeverPull")
                one.wait("ErrImageNeverPull", text)
                if await one.pause(kit.timing.some(kit.timing.retry)):
                    return None
                continue
            try:
                return await self._try(reference, node)
            except PullError as error:
                if await self._back_off(reference, str(error)):
                    return None

    async def _try(self, reference: str, node: str) -> Image | None:
        one, kit = self._container, self._kit
        one.event("Normal", "Pulling", f'Pulling image "{reference}"')
        known = kit.images.find(reference)
        seconds = kit.timing.some(kit.timing.pull)
        if known is not None and canonical(reference) not in kit.present[node]:
            seconds += known.size / kit.timing.bandwidth * random.uniform(0.9, 1.2)
        if await one.pause(seconds):
            return None
        image = kit.images.pull(reference)
        kit.present[node].add(canonical(reference))
        took = duration(seconds)
        one.event(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{reference}" in {took} ({took} including waiting). '
            f"Image size: {image.size} bytes.",
        )
        return image

    async def _back_off(self, reference: str, error: str) -> bool:
        one, timing = self._container, self._kit.timing
        one.event("Warning", "Failed", f'Failed to pull image "{reference}": {error}')
        one.event("Warning", "Failed", "Error: ErrImagePull")
        one.wait("ErrImagePull", error)
        shown = timing.some(timing.pull_error)
        if await one.pause(shown):
            return True
        delay = max(self._backoff.next() - shown, 1.0)
        text = f'Back-off pulling image "{reference}"'
        one.event("Normal", "BackOff", text)
        one.event("Warning", "Failed", "Error: ImagePullBackOff")
        one.wait("ImagePullBackOff", f"{text}: ErrImagePull: {error}")
        return await one.pause(delay)
