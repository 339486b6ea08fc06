"""The registry which the kubelet pulls from: known repositories and tags, their programs, and incidents' faults."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from veza_tui.embedded.cluster.programs import Fault, Idle, Program, split_image


@dataclass(frozen=True, slots=True)
class Image:
    """One repository. ``tags`` None accepts any tag; a pattern is matched whole."""

    repository: str
    tags: frozenset[str] | re.Pattern[str] | None = None
    program: Callable[[], Program] = field(default=Idle)
    size: int = 48 << 20
    """Bytes; it sets the pull's time (about 40 MB/s) and the text of the Pulled event."""
    shell: bool = True
    """False: exec finds no executable at all, as in a distroless image."""
    real_command: bool = False
    """The container's command really runs as a child process of this machine (``veza/tools``, ``busybox``)."""
    entrypoint: tuple[str, ...] = ()
    """Of a ``real_command`` image: replaced by the container's ``command``."""
    cmd: tuple[str, ...] = ()
    """Of a ``real_command`` image: replaced by the container's ``args``, dropped when it has a ``command``."""

    def argv(self, command: Sequence[str], args: Sequence[str]) -> list[str]:
        """What runs, by the rules of container images."""
        if command:
            return [*command, *args]
        return [*self.entrypoint, *(args or self.cmd)]

    def has(self, tag: str) -> bool:
        """Whether the registry has that tag (any digest is found)."""
        if self.tags is None or tag.startswith("sha256:"):
            return True
        if isinstance(self.tags, re.Pattern):
            return self.tags.fullmatch(tag) is not None
        return tag in self.tags


class PullError(Exception):
    """A pull failed; the text is containerd's, as the kubelet prints it after ``Failed to pull image "x": ``."""


_VERSION = re.compile(r"latest|stable|edge|v?\d+(\.\d+){0,2}([-.][\w.]+)?")

WELL_KNOWN: tuple[Image, ...] = (
    Image("veza/tools", None, size=64 << 20, real_command=True, cmd=("sh", "-c", "veza-tui --help")),
    Image("busybox", _VERSION, size=2 << 20, real_command=True, cmd=("sh",)),
    Image("alpine", _VERSION, size=4 << 20, real_command=True, cmd=("sh",)),
    Image("registry.k8s.io/pause", _VERSION, size=300 << 10, shell=False),
)


class Images:
    """Known images and what is wrong with them at the moment."""

    def __init__(self, images: Iterable[Image] = (), *, well_known: bool = True) -> None:
        self._images: dict[str, Image] = {}
        self._faults: dict[tuple[str, str], Fault] = {}
        self._watchers: list[Callable[[str, str], None]] = []
        for image in (*(WELL_KNOWN if well_known else ()), *images):
            self.add(image)

    def add(self, image: Image) -> None:
        """Add or replace a repository."""
        self._images[split_image(image.repository)[0]] = image

    def set_fault(self, reference: str, fault: Fault) -> None:
        """Make ``repository:tag`` (or ``repository`` alone: every tag) fail; running containers are hit too."""
        key = self._key(reference)
        self._faults[key] = fault
        for watcher in self._watchers:
            watcher(*key)

    def clear_fault(self, reference: str) -> None:
        """Take the fault away; nothing happens without one."""
        key = self._key(reference)
        if self._faults.pop(key, None) is not None:
            for watcher in self._watchers:
                watcher(*key)

    def on_fault(self, watcher: Callable[[str, str], None]) -> None:
        """Call ``watcher(repository, tag or "")`` whenever a fault is set or cleared."""
        self._watchers.append(watcher)

    def fault(self, reference: str) -> Fault | None:
        """The fault acting on an image now."""
        repository, tag = split_image(reference)
        return self._faults.get((repository, tag)) or self._faults.get((repository, ""))

    def find(self, reference: str) -> Image | None:
        """The image, without asking whether it can be pulled."""
        return self._images.get(split_image(reference)[0])

    def pull(self, reference: str) -> Image:
        """The image; raises PullError with containerd's text for an unknown repository or tag, or a pull fault."""
        repository, tag = split_image(reference)
        full = canonical(reference)
        fault = self.fault(reference)
        if fault is not None and fault.kind == "pull" and fault.pull_error:
            raise PullError(fault.pull_error.replace("{image}", full))
        image = self._images.get(repository)
        if image is None:
            raise PullError(
                f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": pull access denied, '
                "repository does not exist or may require authorization: server message: insufficient_scope: "
                "authorization failed"
            )
        if not image.has(tag) or (fault is not None and fault.kind == "pull"):
            raise PullError(
                f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
                f'failed to resolve reference "{full}": {full}: not found'
            )
        return image

    @staticmethod
    def _key(reference: str) -> tuple[str, str]:
        repository, tag = split_image(reference)
        named = ":" in reference.rpartition("/")[2] or "@" in reference
        return repository, tag if named else ""


def canonical(reference: str) -> str:
    """The full reference as containerd writes it: ``docker.io/library/nginx:latest``."""
    repository, tag = split_image(reference)
    first, slash, _ = repository.partition("/")
    if not slash:
        repository = f"docker.io/library/{repository}"
    elif "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}"
    return f"{repository}@{tag}" if tag.startswith("sha256:") else f"{repository}:{tag}"


def image_id(reference: str) -> str:
    """A stable imageID as containerd reports it: repository@sha256:digest."""
    full = canonical(reference)
    if "@" in full:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()
    return f"{full.rpartition(':')[0]}@sha256:{digest}"
