"""What the cluster adapter promises, on any cluster: objects, errors, permissions, paging, watching."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from cluster_contract.collector import Collector
from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.adapters.kubernetes.kubeconfig import Access
from veza_tui.model.plan import Need
from veza_tui.ports.cluster import (
    CONFIG_MAPS,
    LEASES,
    NAMESPACES,
    PODS,
    AlreadyExists,
    ClusterUnreachable,
    Conflict,
    Denied,
    Invalid,
    JSONObject,
    NotFound,
)

pytestmark = [pytest.mark.integration, pytest.mark.cluster]


def config_map(name: str, **data: str) -> JSONObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def test_identity_names_the_cluster(cluster: KubernetesCluster, access: Access) -> None:
    identity = await cluster.identity()
    kube_system = await cluster.get(NAMESPACES, "kube-system")
    assert identity.server == access.server
    assert identity.context == access.context
    assert identity.version.startswith("v1.")
    assert identity.uid == kube_system["metadata"]["uid"]
    assert identity.user
    assert await cluster.ping() < 4


async def test_create_get_replace_patch_delete(cluster: KubernetesCluster, namespace: str) -> None:
    made = await cluster.create(CONFIG_MAPS, config_map("one", a="1"), namespace)
    with pytest.raises(AlreadyExists) as exists:
        await cluster.create(CONFIG_MAPS, config_map("one", a="1"), namespace)
    assert exists.value.status == 409
    made["data"]["a"] = "2"
    newer = await cluster.replace(CONFIG_MAPS, made, namespace)
    assert newer["data"] == {"a": "2"}
    with pytest.raises(Conflict):
        await cluster.replace(CONFIG_MAPS, made, namespace)
    await cluster.patch(CONFIG_MAPS, "one", {"data": {"b": "3", "a": None}}, namespace)
    await cluster.patch(CONFIG_MAPS, "one", [{"op": "add", "path": "/data/c", "value": "4"}], namespace, kind="json")
    assert (await cluster.get(CONFIG_MAPS, "one", namespace))["data"] == {"b": "3", "c": "4"}
    with pytest.raises(Conflict):
        await cluster.delete(CONFIG_MAPS, "one", namespace, uid="00000000-0000-0000-0000-000000000000")
    await cluster.delete(CONFIG_MAPS, "one", namespace, uid=made["metadata"]["uid"])
    with pytest.raises(NotFound) as missing:
        await cluster.get(CONFIG_MAPS, "one", namespace)
    assert str(missing.value) == 'configmaps "one" not found'
    with pytest.raises(NotFound):
        await cluster.delete(CONFIG_MAPS, "one", namespace)


async def test_dry_runs_change_nothing(cluster: KubernetesCluster, namespace: str) -> None:
    await cluster.create(CONFIG_MAPS, config_map("dry", a="1"), namespace, dry_run=True)
    with pytest.raises(NotFound):
        await cluster.get(CONFIG_MAPS, "dry", namespace)
    obj = config_map("wet", a="1")
    obj["metadata"]["namespace"] = namespace
    await cluster.apply(obj)
    obj["data"]["a"] = "2"
    assert (await cluster.apply(obj, dry_run=True))["data"] == {"a": "2"}
    await cluster.patch(CONFIG_MAPS, "wet", {"data": {"a": "3"}}, namespace, dry_run=True)
    assert (await cluster.get(CONFIG_MAPS, "wet", namespace))["data"] == {"a": "1"}


async def test_apply_owns_its_fields_and_names_other_owners(cluster: KubernetesCluster, namespace: str) -> None:
    obj = config_map("owned", a="1", b="1")
    obj["metadata"]["namespace"] = namespace
    applied = await cluster.apply(obj)
    managers = {m["manager"]: m["operation"] for m in applied["metadata"]["managedFields"]}
    assert managers == {"veza-tui": "Apply"}
    del obj["data"]["b"]
    assert (await cluster.apply(obj))["data"] == {"a": "1"}
    transport = cluster._transport
    where = f"/api/v1/namespaces/{namespace}/configmaps/owned"
    await transport.json(
        "PATCH", where, params={"fieldManager": "somebody"}, body={"data": {"a": "by hand"}},
        content_type="application/merge-patch+json",
    )  # fmt: skip
    obj["data"]["a"] = "2"
    with pytest.raises(Conflict) as conflict:
        await cluster.apply(obj)
    assert conflict.value.details["managers"] == ["somebody"]
    assert (await cluster.apply(obj, force=True))["data"] == {"a": "2"}


async def test_invalid_objects_are_refused_in_one_line(cluster: KubernetesCluster, namespace: str) -> None:
    nested = config_map("nested")
    nested["metadata"]["namespace"] = namespace
    nested["data"] = {"app": {"log_level": "warn"}}
    with pytest.raises(Invalid) as refused:
        await cluster.apply(nested)
    assert "\n" not in str(refused.value)
    unknown = config_map("unknown")
    unknown["metadata"]["namespace"] = namespace
    unknown["dta"] = {"a": "1"}
    with pytest.raises(Invalid) as strict:
        await cluster.apply(unknown)
    assert "dta" in str(strict.value)
    with pytest.raises(Invalid):
        await cluster.create(CONFIG_MAPS, config_map("Not_A_Name"), namespace)
    await cluster.create(CONFIG_MAPS, config_map("fine"), namespace)
    with pytest.raises(Invalid):
        await cluster.patch(CONFIG_MAPS, "fine", [{"op": "nonsense"}], namespace, kind="json")
    with pytest.raises(Invalid):
        await cluster.patch(CONFIG_MAPS, "fine", {"data": {"a": {"b": "c"}}}, namespace)


async def test_kinds_that_are_not_known_here_are_discovered(cluster: KubernetesCluster, namespace: str) -> None:
    with pytest.raises(NotFound, match="does not serve"):
        await cluster.apply({"apiVersion": "example.invalid/v1", "kind": "Wish", "metadata": {"name": "x"}})


async def test_lists_come_in_pages(access: Access, namespace: str, cluster: KubernetesCluster) -> None:
    await asyncio.gather(*(cluster.create(CONFIG_MAPS, config_map(f"p{i}"), namespace) for i in range(7)))
    small = KubernetesCluster(access, timing=replace(cluster._timing, page=3))
    try:
        found = await small.list_all(CONFIG_MAPS, namespace)
        names = [o["metadata"]["name"] for o in found]
        assert {f"p{i}" for i in range(7)} <= set(names)
        assert len(names) == len(set(names))
        assert all(o["kind"] == "ConfigMap" and o["apiVersion"] == "v1" for o in found)
        collector = Collector(small, CONFIG_MAPS, namespace)
        await collector.until(lambda: collector.syncs == 1)
        assert collector.names == set(names)
        await collector.close()
    finally:
        await small.close()


async def test_selectors(cluster: KubernetesCluster, namespace: str) -> None:
    one = config_map("labelled")
    one["metadata"]["labels"] = {"app": "x"}
    await cluster.create(CONFIG_MAPS, one, namespace)
    await cluster.create(CONFIG_MAPS, config_map("plain"), namespace)
    by_label = await cluster.list_all(CONFIG_MAPS, namespace, label_selector="app=x")
    by_name = await cluster.list_all(CONFIG_MAPS, namespace, field_selector="metadata.name=plain")
    assert [o["metadata"]["name"] for o in by_label] == ["labelled"]
    assert [o["metadata"]["name"] for o in by_name] == ["plain"]


async def test_a_watch_tells_every_change_once(cluster: KubernetesCluster, namespace: str) -> None:
    collector = Collector(cluster, CONFIG_MAPS, namespace)
    await collector.until(lambda: collector.syncs == 1 and collector.heard > 0)
    made = await cluster.create(CONFIG_MAPS, config_map("w", a="1"), namespace)
    for value in "23":
        await cluster.patch(CONFIG_MAPS, "w", {"data": {"a": value}}, namespace)
    await cluster.delete(CONFIG_MAPS, "w", namespace)
    await collector.until(lambda: made["metadata"]["uid"] in collector.removed)
    assert [name for name, _ in collector.upserts if name == "w"] == ["w", "w", "w"]
    collector.assert_nothing_repeated()
    assert collector.syncs == 1
    assert not collector.lost
    await collector.close()


async def test_optimistic_locking_of_leases(cluster: KubernetesCluster, namespace: str) -> None:
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "lock"},
        "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15},
    }
    made = await cluster.create(LEASES, lease, namespace)
    first, second = dict(made), dict(made)
    results = await asyncio.gather(
        cluster.replace(LEASES, first, namespace),
        cluster.replace(LEASES, {**second, "spec": {"holderIdentity": "b"}}, namespace),
        return_exceptions=True,
    )
    # An update that changes nothing keeps its resourceVersion, so either order may win, but never both with a change.
    winners = [r for r in results if isinstance(r, dict)]
    assert winners
    now = await cluster.get(LEASES, "lock", namespace)
    assert now["spec"]["holderIdentity"] in ("a", "b")
    stale = {**made, "spec": {"holderIdentity": "c"}}
    if now["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]:
        with pytest.raises(Conflict):
            await cluster.replace(LEASES, stale, namespace)


async def test_permissions_are_asked_for(cluster: KubernetesCluster, namespace: str) -> None:
    needs = [
        Need("create", "deployments", "apps", namespace=namespace),
        Need("create", "pods", subresource="exec", namespace=namespace),
    ]
    assert await cluster.allowed(needs) == [True, True]
    assert await cluster.whoami()


async def test_wrong_credentials_are_told(access: Access) -> None:
    stranger = KubernetesCluster(replace(access, user={"token": "not-a-token"}))
    try:
        with pytest.raises(Denied) as denied:
            await stranger.list_all(PODS, "default")
        assert denied.value.status in (401, 403)
        assert "not-a-token" not in str(denied.value)
        assert denied.value.hint
    finally:
        await stranger.close()


async def test_nobody_there_is_told(access: Access) -> None:
    nowhere = KubernetesCluster(replace(access, server="https://127.0.0.1:9"))
    try:
        with pytest.raises(ClusterUnreachable) as gone:
            await nowhere.ping()
        assert str(gone.value).startswith("cannot reach https://127.0.0.1:9: connection refused")
    finally:
        await nowhere.close()


async def test_an_unknown_certificate_is_not_trusted(access: Access) -> None:
    if not access.server.startswith("https://"):
        pytest.skip("this cluster speaks plain HTTP")
    wary = KubernetesCluster(replace(access, ca_data=None, ca_file=None))
    other = KubernetesCluster(replace(access, tls_server_name="elsewhere.example"))
    try:
        with pytest.raises(ClusterUnreachable, match="not trusted"):
            await wary.ping()
        with pytest.raises(ClusterUnreachable, match="not trusted"):
            await other.ping()
    finally:
        await wary.close()
        await other.close()


async def test_names_cannot_leave_their_place_in_the_path(cluster: KubernetesCluster, namespace: str) -> None:
    for name in ("../secrets", "a/b", "..", "x?watch=true", "ä\n"):
        with pytest.raises((NotFound, Invalid)):
            await cluster.get(CONFIG_MAPS, name, namespace)
