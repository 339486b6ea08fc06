"""The nodes of the simulated cluster: as they register, with cheap heartbeats (a Lease each, no status traffic)."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.objects import Object, deleting, rfc3339

KUBELET_VERSION = "v1.32.4"


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """Size of one node: three hold production twice, as blue-green wants while it deploys."""

    name: str
    cpu: str = "16"
    memory: str = "32Gi"
    pods: int = 110
    zone: str = "embedded-a"
    control_plane: bool = False


DEFAULT_NODES = tuple(NodeSpec(f"veza-node-{i + 1}", zone=f"embedded-{'abc'[i]}") for i in range(3))


def node_object(spec: NodeSpec, index: int, now: float) -> Object:
    """A Node as its kubelet registers it, Ready."""
    address = host_ip(index)
    resources = {
        "cpu": spec.cpu,
        "memory": spec.memory,
        "pods": str(spec.pods),
        "ephemeral-storage": "100Gi",
    }
    stamp = rfc3339(now)

    def one(kind: str, status: str, reason: str, message: str) -> Object:
        return {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": stamp,
            "lastTransitionTime": stamp,
            "reason": reason,
            "message": message,
        }

    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": spec.name,
            "labels": {
                "kubernetes.io/hostname": spec.name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": "embedded",
                "topology.kubernetes.io/zone": spec.zone,
            },
        },
        "spec": {"podCIDR": f"10.244.{index}.0/24", "podCIDRs": [f"10.244.{index}.0/24"], "providerID": f"veza://{spec.name}"},
        "status": {
            "capacity": dict(resources),
            "allocatable": dict(resources),
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": spec.name},
            ],
            "conditions": [
                one("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                one("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                one("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                one("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "containerd://1.7.27",
                "kernelVersion": "6.1.0-veza-embedded",
                "kubeProxyVersion": KUBELET_VERSION,
                "kubeletVersion": KUBELET_VERSION,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "veza embedded platform",
                "systemUUID": "",
            },
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        },
    }  # fmt: skip


def host_ip(index: int) -> str:
    """The node's address."""
    return f"172.18.0.{index + 2}"


def register(cluster: Cluster, nodes: tuple[NodeSpec, ...]) -> None:
    """Create the nodes that are not there yet."""
    for index, spec in enumerate(nodes):
        known = cluster.get("nodes", "", spec.name)
        if known is None or deleting(known):
            cluster.create("nodes", node_object(spec, index, cluster.now()))


def beat(cluster: Cluster) -> None:
    """The node status which a kubelet writes every five minutes when nothing changes: new heartbeat times."""
    stamp = rfc3339(cluster.now())

    def put(node: Object) -> None:
        for condition in node["status"]["conditions"]:
            condition["lastHeartbeatTime"] = stamp

    for node in cluster.all("nodes"):
        cluster.change("nodes", node, put, subresource="status")
