"""Releases kept in the environment's namespace, one Secret each: every machine sees the same history.

A Secret, because what was applied includes the services' own Secret; Helm keeps its releases the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.errors import ConfigError
from veza_tui.model.release import KEEP, Release, pack, unpack
from veza_tui.ports.cluster import SECRETS, AlreadyExists, Cluster, NotFound

TYPE = "veza.com/release"
_LABEL = "veza.com/release"
_MANAGED = "app.kubernetes.io/managed-by"


def secret_name(number: int) -> str:
    """``veza-tui.release.v7``."""
    return f"veza-tui.release.v{number}"


async def list_releases(cluster: Cluster, namespace: str) -> list[Release]:
    """Every release, newest first; a Secret that is no release of ours is left out."""
    found = []
    for secret in await cluster.list_all(SECRETS, namespace, label_selector=_LABEL):
        try:
            found.append(unpack_secret(secret))
        except ValueError:
            continue
    return sorted(found, key=lambda r: r.number, reverse=True)


def unpack_secret(secret: dict[str, object]) -> Release:
    """The release in a Secret; ValueError when there is none."""
    import base64

    data = secret.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("release"), str):
        raise ValueError("no release")
    return unpack(base64.b64decode(data["release"]).decode())


async def record(cluster: Cluster, namespace: str, release: Release) -> Release:
    """Store a release under its number, or the next free one; recorded already (same operation): that one.

    Old releases beyond ``model.release.KEEP`` are removed, never the newest good one.
    """
    existing = await list_releases(cluster, namespace)
    for known in existing:
        if known.operation == release.operation and known.kind == release.kind and known.digest == release.digest:
            return known
    number = max([release.number, *(r.number + 1 for r in existing)])
    while True:
        numbered = _numbered(release, number)
        try:
            await cluster.create(SECRETS, _secret(numbered, namespace), namespace)
            break
        except AlreadyExists:
            number += 1
    await _prune(cluster, namespace, [numbered, *existing])
    return numbered


async def mark_good(cluster: Cluster, namespace: str, release: Release) -> None:
    """Note that every rollout of the release was seen complete and healthy."""
    from dataclasses import replace

    good = replace(release, good=True)
    patch = {"stringData": {"release": pack(good)}, "metadata": {"labels": {"veza.com/good": "true"}}}
    await cluster.patch(SECRETS, secret_name(release.number), patch, namespace, kind="merge")


def last_good(releases: Sequence[Release], *, before: int | None = None) -> Release | None:
    """The newest good release, of those older than number ``before`` when given."""
    return next((r for r in releases if r.good and (before is None or r.number < before)), None)


def find(releases: Sequence[Release], text: str) -> Release:
    """The release that a person names: ``7``, ``v7`` or ``#7``.

    Raises:
        ConfigError: there is none.
    """
    number = text.strip().lstrip("v#")
    for release in releases:
        if number.isdecimal() and release.number == int(number):
            return release
    have = ", ".join(str(r.number) for r in releases) or "none yet"
    raise ConfigError(f"there is no release {text[:40]!r}", hint=f"there are: {have}")


def _numbered(release: Release, number: int) -> Release:
    from dataclasses import replace

    return replace(release, number=number)


def _secret(release: Release, namespace: str) -> dict[str, object]:
    labels = {_LABEL: str(release.number), _MANAGED: "veza-tui", "veza.com/good": str(release.good).lower()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret_name(release.number), "namespace": namespace, "labels": labels},
        "type": TYPE,
        "stringData": {"release": pack(release)},
    }


async def _prune(cluster: Cluster, namespace: str, releases: Sequence[Release]) -> None:
    ordered = sorted(releases, key=lambda r: r.number, reverse=True)
    keep = {r.number for r in ordered[:KEEP]}
    good = last_good(ordered)
    for release in ordered:
        if release.number not in keep and release != good:
            try:
                await cluster.delete(SECRETS, secret_name(release.number), namespace)
            except NotFound:
                continue
