"""What stands in the cluster's place when an operation on the database is planned without it."""

from __future__ import annotations

from typing import Any, cast

from veza_tui.ports.cluster import Cluster, ClusterError


class _NoCluster:
    def __getattr__(self, name: str) -> Any:
        raise ClusterError("this needs the cluster, which was left out: --without-cluster", hint="leave that out")


def no_cluster() -> Cluster:
    """A cluster whose every use is refused with one line."""
    return cast(Cluster, _NoCluster())
