"""Raw objects and the screens' helpers for these tests."""

from __future__ import annotations

from typing import Any


def deployment(name: str = "backend-api", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "veza", "uid": f"uid-{name}", "generation": 1,
                     "creationTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container(name)]}},
            **spec,
        },
        "status": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1, "unavailableReplicas": 1},
    }  # fmt: skip


def container(name: str = "backend-api", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"veza/{name}:v1",
        "resources": {"requests": {"cpu": "1000m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1024Mi"}},
        **more,
    }


def replica_set(name: str, owner: dict[str, Any], image: str, created: str, replicas: int = 0) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "backend-api", "pod-template-hash": name}},
                "spec": {"containers": [container(image=image)]}}  # fmt: skip
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": name, "uid": f"uid-{name}", "creationTimestamp": created,
            "ownerReferences": [{"uid": owner["metadata"]["uid"], "controller": True}],
        },
        "spec": {"replicas": replicas, "template": template},
        "status": {"replicas": replicas},
    }  # fmt: skip


def event(name: str, about: str = "uid-pod", kind: str = "Pod", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"uid": name, "creationTimestamp": "2026-01-02T03:00:00Z"},
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off restarting",
        "involvedObject": {"kind": kind, "name": "pod", "uid": about},
        "source": {"component": "kubelet"},
        "firstTimestamp": "2026-01-02T03:00:00Z",
        "lastTimestamp": "2026-01-02T03:04:00Z",
        "count": 5,
        **more,
    }


def pod(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": "pod", "namespace": "veza", "uid": "uid-pod", "labels": {"b": "2", "a": "1"}},
        "spec": {"nodeName": "node-1", "containers": [container()], **spec},
        "status": {
            "phase": "Running",
            "hostIP": "10.0.0.1",
            "podIP": "10.1.0.1",
            "podIPs": [{"ip": "10.1.0.1"}],
            "qosClass": "Guaranteed",
            "containerStatuses": [
                {
                    "name": "backend-api",
                    "ready": False,
                    "restartCount": 3,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                }
            ],
            "conditions": [{"type": "Ready", "status": "False"}],
        },
    }
