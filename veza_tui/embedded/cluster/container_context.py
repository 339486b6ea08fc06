"""Makes what a program sees of its container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.embedded.cluster.environment import expand_all
from veza_tui.embedded.cluster.logring import LogRing
from veza_tui.embedded.cluster.objects import quantity, uid_of
from veza_tui.embedded.cluster.programs import ContainerContext, PodInfo
from veza_tui.embedded.cluster.volumes import variables

if TYPE_CHECKING:
    from veza_tui.embedded.cluster.container import Container


def make_context(container: Container, env: dict[str, str], log: LogRing) -> ContainerContext:
    """The context of a new instance; ``env`` is resolved already."""
    kit, host, spec = container.kit, container.host, container.spec
    meta = host.pod["metadata"]
    image: str = spec.get("image", "")
    mounts = kit.volumes.mounts(host.volumes, spec)
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    full = {"HOSTNAME": meta["name"], **env, **variables(spec, mounts)}
    pod = PodInfo(
        meta["namespace"],
        meta["name"],
        uid_of(host.pod),
        host.ip,
        host.pod["spec"].get("nodeName", ""),
        dict(meta.get("labels") or {}),
        dict(meta.get("annotations") or {}),
    )
    return ContainerContext(
        pod=pod,
        name=container.name,
        image=image,
        env=full,
        ports=host.ports,
        command=expand_all(spec.get("command"), full),
        args=expand_all(spec.get("args"), full),
        memory_limit=int(quantity(limit)) if limit else None,
        log=log.write,
        on_memory=container.on_memory,
        fault=lambda: kit.images.fault(image),
        sleep=kit.clock.sleep,
        scratch=kit.volumes.scratch(host.pod, container.name),
        mounts=mounts,
        write=log.feed,
    )
