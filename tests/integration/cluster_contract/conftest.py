"""The cluster that the contract is tried on: any that VEZA_TEST_KUBECONFIG names, else the embedded platform's."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.adapters.kubernetes.kubeconfig import Access, find_access
from veza_tui.adapters.kubernetes.watch import Timing
from veza_tui.ports.cluster import NAMESPACES, ClusterError

QUICK = Timing(first=0.02, cap=0.2, idle=3.0, refused=0.1, unauthorized=0.1, short=0.2)


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """The kubeconfig of the cluster under test."""
    named = os.environ.get("VEZA_TEST_KUBECONFIG")
    if named:
        return Path(named)
    return Path(request.getfixturevalue("platform").kubeconfig)


@pytest.fixture(scope="session")
def access(kubeconfig: Path) -> Access:
    return find_access(None, {"KUBECONFIG": str(kubeconfig)})


@pytest.fixture
async def cluster(access: Access) -> AsyncIterator[KubernetesCluster]:
    made = KubernetesCluster(access, timing=QUICK)
    yield made
    await made.close()


@pytest.fixture
async def namespace(cluster: KubernetesCluster) -> AsyncIterator[str]:
    """A namespace of the test's own, deleted afterwards."""
    name = f"veza-contract-{uuid.uuid4().hex[:8]}"
    await cluster.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    with contextlib.suppress(ClusterError):
        await cluster.delete(NAMESPACES, name)
