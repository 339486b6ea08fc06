"""Objects for the tests of the embedded cluster."""

from __future__ import annotations


def deployment(name: str, image: str, replicas: int, *, container=None, pod=None, **spec):
    """A Deployment with every field that a server would default."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    app = {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent", **(container or {})}
    pod_spec = {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "containers": [app], **(pod or {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "strategy": rolling,
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec},
            **spec,
        },
    }
