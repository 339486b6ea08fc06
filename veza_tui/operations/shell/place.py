"""Where a shell goes: the pod, its container, and which shell the container has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.nearest import did_you_mean
from veza_tui.model.text import printable
from veza_tui.operations.forward.names import names_of
from veza_tui.operations.forward.targets import choose, parse_target, pod_face, selector_text
from veza_tui.ports.cluster import DEPLOYMENTS, PODS, SERVICES, Cluster, ClusterError, ExecSession, NotFound

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Annotation; source: kubernetes.io/docs/reference/labels-annotations-taints/."""
SHELLS = ("bash", "sh")
PROBE_SECONDS = 15.0
_NOT_STARTED = frozenset({126, 127, 128, 255})
"""What runtimes answer for a program that is not there, where they do not answer with an error."""


class NoShell(VezaError):
    """The image has no shell."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container that could be entered."""

    name: str
    image: str
    running: bool
    why: str = ""
    """Why it does not run."""


@dataclass(frozen=True, slots=True)
class Place:
    """A pod with its containers, at the moment of the question."""

    environment: Environment
    namespace: str
    pod: str
    uid: str
    containers: tuple[Container, ...]
    default: str
    """The container that its annotation names, or the only one; empty when one must be chosen."""
    raw: Mapping[str, Any] = field(repr=False, hash=False, compare=False, default_factory=dict)

    def container(self, wanted: str) -> Container:
        """The one to enter.

        Raises:
            ConfigError: none of that name, or several and none was chosen.
            VezaError: it does not run.
        """
        name = wanted or self.default
        names = ", ".join(c.name for c in self.containers)
        if not name:
            raise ConfigError(f"pod {self.pod} has several containers: {names}", hint="choose one with -c")
        found = next((c for c in self.containers if c.name == name), None)
        if found is None:
            raise ConfigError(
                f"pod {self.pod} has no container {printable(name, limit=60)}", hint=f"its containers: {names}"
            )
        if not found.running:
            raise VezaError(
                f"container {found.name} of pod {self.pod} does not run: {found.why}",
                hint="its logs tell more: veza-tui logs",
            )
        return found


async def find_place(cluster: Cluster, environment: Environment, text: str) -> Place:
    """The pod that ``NAME``, ``pod/NAME``, ``deployment/NAME`` or a service's name means.

    Raises:
        ConfigError: there is none of that name.
        VezaError: a workload has no pod that runs, or the cluster does not answer.
    """
    kind, name = parse_target(text)
    namespace = environment.kubernetes.namespace
    if kind in ("", "pod"):
        try:
            return place_of(environment, await cluster.get(PODS, name, namespace))
        except NotFound:
            if kind:
                raise NotFound(f"there is no pod {name} in {namespace}", status=404) from None
    for resource in [DEPLOYMENTS] if kind == "deployment" else [SERVICES] if kind else [DEPLOYMENTS, SERVICES]:
        try:
            obj = await cluster.get(resource, name, namespace)
        except NotFound:
            continue
        selector = selector_text((obj.get("spec") or {}).get("selector"))
        pods = await cluster.list_all(PODS, namespace, label_selector=selector) if selector else []
        faces = [pod_face(pod) for pod in pods]
        best = choose(faces) or next((face for face in faces if face.running), None)
        if best is None:
            raise VezaError(
                f"{resource.kind.lower()} {name} in {namespace} has no running pod", hint="see veza-tui status"
            )
        return place_of(environment, next(pod for pod in pods if pod["metadata"]["name"] == best.name))
    known = await names_of(cluster, [PODS, DEPLOYMENTS], namespace)
    near = did_you_mean(name, [*known, *(service.name for service in environment.services)])
    raise ConfigError(
        f"there is no pod {printable(name, limit=80)} in {namespace}",
        hint=f"{near}veza-tui status {environment.name} lists them",
    )


def place_of(environment: Environment, pod: Mapping[str, Any]) -> Place:
    """Out of a raw pod; pure."""
    meta, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    states = {
        s["name"]: s
        for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
        for s in status.get(key) or ()
    }
    specs = [*(spec.get("containers") or ())]
    # Init containers can be entered while they run: sidecars do so always.
    specs += [
        c for c in spec.get("initContainers") or () if "running" in (states.get(c["name"], {}).get("state") or {})
    ]
    specs += [
        c for c in spec.get("ephemeralContainers") or () if "running" in (states.get(c["name"], {}).get("state") or {})
    ]
    containers = tuple(_container(c, states.get(c["name"]), str(status.get("phase") or "")) for c in specs)
    main = [c["name"] for c in spec.get("containers") or ()]
    annotated = (meta.get("annotations") or {}).get(DEFAULT_CONTAINER, "")
    default = annotated if annotated in main else main[0] if len(main) == 1 else ""
    namespace = str(meta.get("namespace") or environment.kubernetes.namespace)
    return Place(environment, namespace, str(meta["name"]), str(meta.get("uid") or ""), containers, default, pod)


def _container(spec: Mapping[str, Any], status: Mapping[str, Any] | None, phase: str) -> Container:
    state = (status or {}).get("state") or {}
    running = "running" in state
    detail = state.get("waiting") or state.get("terminated") or {}
    why = "" if running else printable(str(detail.get("reason") or f"pod is {phase or 'unknown'}"), limit=80)
    return Container(str(spec["name"]), printable(str(spec.get("image") or ""), limit=120), running, why)


async def find_shell(cluster: Cluster, place: Place, container: str) -> str:
    """Path of bash, else of sh, in the container: asked there, so that an image without one is known beforehand.

    Raises:
        NoShell: it has neither.
        ClusterError: the container cannot be entered at all.
    """
    for shell in reversed(SHELLS):
        question = [shell, "-c", "command -v bash || command -v sh"]
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                session = await cluster.exec(place.namespace, place.pod, container, question, tty=False, stdin=False)
                code, output = await _drain(session)
        except TimeoutError:
            raise VezaError(
                f"container {container} of pod {place.pod} does not answer within {PROBE_SECONDS:g} s"
            ) from None
        except ClusterError as error:
            if not_started(error):
                continue
            raise
        path = output.decode(errors="replace").strip().splitlines()
        if code == 0 and path:
            return path[0].strip()
        if code not in _NOT_STARTED:
            return shell
    image = next((c.image for c in place.containers if c.name == container), "")
    raise NoShell(f"container {container} of pod {place.pod} has no shell: neither bash nor sh is in {image}")


def not_started(error: ClusterError) -> bool:
    """Whether a runtime says so that the program is not in the image (containerd, CRI-O, runc, crun)."""
    text = error.message.lower()
    return error.status >= 500 and any(
        words in text
        for words in ("executable file not found", "no such file or directory", "not found in $path", "stat /bin/")
    )


async def _drain(session: ExecSession) -> tuple[int, bytes]:
    try:
        output = b""
        while True:
            channel, data = await session.read()
            if channel == 0:
                break
            if channel == 1 and len(output) < 4096:
                output += data
        return await session.exit_code(), output
    finally:
        await session.close()


def running_names(containers: Sequence[Container]) -> list[str]:
    """Those that can be entered."""
    return [c.name for c in containers if c.running]
