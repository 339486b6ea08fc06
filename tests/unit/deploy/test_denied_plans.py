"""A plan that cannot be made for lack of permissions lists all of them, and promises only what it can keep."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Need
from veza_tui.operations.context import PlanContext
from veza_tui.operations.deploy.denied import all_missing
from veza_tui.operations.deploy.managed import owners
from veza_tui.operations.deploy.touch import touch_needs
from veza_tui.ports.cluster import Denied


class Reviews:
    def __init__(self, *verbs: str) -> None:
        self.verbs = verbs

    async def allowed(self, needs: list[Need]) -> list[bool]:
        return [need.verb in self.verbs for need in needs]


def context(cluster: Any) -> PlanContext:
    environment = SimpleNamespace(kubernetes=SimpleNamespace(namespace="ns"))
    return cast(PlanContext, SimpleNamespace(cluster=cluster, environment=environment))


async def test_every_missing_permission_is_listed_the_locks_too() -> None:
    denied = Denied("services is forbidden", status=403)
    error = await all_missing(context(Reviews("get", "list", "watch")), touch_needs("scale", "ns"), denied)
    assert isinstance(error, RefusedError) and error.exit == 6
    assert "patch apps/deployments/scale in ns" in error.message
    assert "create coordination.k8s.io/leases in ns" in error.message
    assert "get services" not in error.message


async def test_what_no_review_explains_stays_the_servers_own_word() -> None:
    denied = Denied("a webhook says no", status=403)
    everything = Reviews("get", "list", "watch", "patch", "create", "update")
    assert await all_missing(context(everything), touch_needs("restart", "ns"), denied) is denied


def test_a_scale_by_hand_is_its_managers() -> None:
    live = {
        "metadata": {
            "managedFields": [
                {"manager": "veza-tui", "operation": "Apply", "fieldsV1": {"f:spec": {"f:paused": {}}}},
                {"manager": "kubectl", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
                {"manager": "kcm", "subresource": "status", "fieldsV1": {"f:status": {"f:replicas": {}}}},
            ]
        },
        "spec": {"replicas": 2, "paused": False},
        "status": {"replicas": 2},
    }
    assert owners(live) == {"spec.replicas": "kubectl", "spec.paused": "veza-tui"}
