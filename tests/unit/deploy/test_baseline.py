"""What stood there before our first deploy: kept as a release, and good only when it ran."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from veza_tui.model.errors import RefusedError
from veza_tui.model.release import unpack
from veza_tui.operations.deploy.diff import changes
from veza_tui.operations.deploy.objects import refuse_paused
from veza_tui.operations.deploy.revisions import WayBack, _why
from veza_tui.operations.deploy.steps import _record_baseline
from veza_tui.ports.cluster import NotFound


def deployment(name: str, *, available: int = 2, image: str = "veza/a:v1") -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "n", "generation": 3},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": name, "image": image}]}}},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": available},
    }


class Server:
    """Deployments that stand there, and the Secrets that are written."""

    def __init__(self, *live: dict[str, Any]) -> None:
        self.live = {o["metadata"]["name"]: o for o in live}
        self.written: list[dict[str, Any]] = []
        self.marked: list[dict[str, Any]] = []

    async def list_all(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return []

    async def get(self, resource: Any, name: str, namespace: str | None) -> dict[str, Any]:
        if name not in self.live:
            raise NotFound(f"no {name}")
        return self.live[name]

    async def create(self, resource: Any, body: dict[str, Any], namespace: str) -> None:
        self.written.append(body)

    async def patch(self, resource: Any, name: str, patch: dict[str, Any], namespace: str, **_: Any) -> None:
        self.marked.append(patch)


def context(server: Server, said: list[str]) -> Any:
    return SimpleNamespace(
        cluster=server, environment=SimpleNamespace(kubernetes=SimpleNamespace(namespace="n")), operation_id="op",
        clock=SimpleNamespace(now=lambda: 1.0), who="me@here", reason="", directory="/nowhere",
        plan=SimpleNamespace(options={}), report=SimpleNamespace(output=said.append),
    )  # fmt: skip


@pytest.mark.parametrize(("available", "good"), [(2, True), (1, False), (0, False)])
async def test_a_baseline_that_did_not_run_is_no_release_to_go_back_to(available: int, good: bool) -> None:
    said: list[str] = []
    server = Server(deployment("a"), deployment("b", available=available))
    await _record_baseline(context(server, said), [deployment("a"), deployment("b"), deployment("new")])
    (secret,) = server.written
    release = unpack(secret["stringData"]["release"])
    assert release.kind == "baseline" and {o["metadata"]["name"] for o in release.objects} == {"a", "b"}
    assert not release.good and bool(server.marked) is good
    assert bool(said) is not good


def test_equal_amounts_are_no_change() -> None:
    def limits(**amounts: str) -> dict[str, Any]:
        made = deployment("a")
        made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": amounts}
        return made

    live = limits(cpu="1000m", memory="1Gi")
    assert changes(live, limits(cpu="1", memory="1024Mi")) == []
    (change,) = changes(live, limits(cpu="1100m", memory="1Gi"))
    assert (change.old, change.new) == ("1000m", "1100m")
    # An image tag or an environment variable is no amount.
    (tag,) = changes(deployment("a", image="1000m"), deployment("a", image="1"))
    assert tag.path.endswith(".image")


def test_a_way_back_without_a_release_says_which_revision_and_why() -> None:
    revision = "deployment.kubernetes.io/revision"
    now, before = deployment("a", image="veza/a:v2"), deployment("a", image="veza/a:v1")
    now["metadata"]["annotations"] = {revision: "7"}
    before["metadata"] |= {
        "annotations": {revision: "5", "kubernetes.io/change-cause": "hotfix\x1b[31m"},
        "creationTimestamp": "2026-11-23T12:00:00Z",
    }
    told = _why(WayBack(now, before), 1_795_435_200.0 + 7200)
    assert "a goes from revision 7 back to 5 (veza/a:v1, first made 120m ago" in told
    assert "the newest revision before" in told and "hotfix" in told and "\x1b" not in told


def test_what_is_paused_is_refused_because_nothing_would_roll_out() -> None:
    paused = deployment("a")
    paused["spec"]["paused"] = True
    refuse_paused([deployment("b"), None], "development")
    with pytest.raises(RefusedError, match=r"a is paused: nothing would roll out.*veza-tui resume development"):
        refuse_paused([deployment("b"), paused], "development")
