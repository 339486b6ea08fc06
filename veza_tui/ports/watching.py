"""What a watch tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from veza_tui.ports.cluster_errors import ClusterError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Synced(Generic[T]):
    """The list is complete: ``items`` replaces everything known (first list, and after each relist)."""

    items: Mapping[str, T]
    """By uid."""


@dataclass(frozen=True, slots=True)
class Upsert(Generic[T]):
    """One object was added or changed."""

    uid: str
    item: T


@dataclass(frozen=True, slots=True)
class Removed:
    """One object is gone."""

    uid: str


@dataclass(frozen=True, slots=True)
class Heard:
    """The server is alive: a bookmark or an empty answer."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is lost or refused; the watch goes on trying. ``error`` says why."""

    error: ClusterError


WatchEvent = Synced[T] | Upsert[T] | Removed | Heard | Lost
