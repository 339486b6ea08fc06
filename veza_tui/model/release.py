"""A release: what was applied to an environment, by whom and why, and whether it was seen healthy. Pure data."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

KEEP = 20
"""Releases kept a namespace; the newest good one is kept whatever its age."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release. ``images`` is deployment -> container -> image; ``at`` unix seconds."""

    number: int
    at: float
    who: str
    reason: str
    operation: str
    images: Mapping[str, Mapping[str, str]]
    digest: str
    """Of all applied objects: two releases with one digest are the same."""
    good: bool = False
    """Whether every rollout of it was seen complete and healthy."""
    kind: str = "deploy"
    """deploy, rollback, promote, set-image, baseline (found as it was before our first deploy)."""
    commit: str = ""
    """git commit of the workspace, empty outside a repository."""
    note: str = ""
    objects: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """As applied, secrets included: held in a Kubernetes Secret, never printed."""

    def summary(self) -> dict[str, Any]:
        """Everything but the objects, for --json."""
        data = asdict(self)
        data.pop("objects")
        return data

    def image_of(self, deployment: str) -> str:
        """The image of a deployment's first container, empty when it has none."""
        return next(iter(self.images.get(deployment, {}).values()), "")


def objects_digest(objects: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 (hex) of the objects' canonical JSON, whatever their order."""
    texts = sorted(json.dumps(o, sort_keys=True, separators=(",", ":")) for o in objects)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def images_of(objects: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Deployment -> container -> image."""
    return {
        o["metadata"]["name"]: container_images(o["spec"]["template"]) for o in objects if o.get("kind") == "Deployment"
    }


def container_images(template: Mapping[str, Any]) -> dict[str, str]:
    """Container -> image of a pod template, in its order."""
    return {str(c["name"]): str(c.get("image", "")) for c in template["spec"].get("containers") or []}


def pack(release: Release) -> str:
    """The release as gzip, base64: what the Secret holds."""
    return base64.b64encode(gzip.compress(json.dumps(asdict(release)).encode(), mtime=0)).decode()


def unpack(text: str) -> Release:
    """What ``pack`` wrote.

    Raises:
        ValueError: it is not a release.
    """
    try:
        data = json.loads(gzip.decompress(base64.b64decode(text, validate=True)))
        return Release(**{**data, "objects": tuple(data["objects"])})
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a release: {type(error).__name__}") from error
