"""The store: versions, conflicts, deletion, history, subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from veza_tui.embedded.api.bootstrap import bootstrap
from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]


@pytest.fixture
def store() -> Store:
    store = Store(clock=lambda: 1_800_000_000.0)
    bootstrap(store)
    return store


def config_map(name: str = "conf", **data: str) -> JSONObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


def pod(name: str = "web", **spec: Any) -> JSONObject:
    meta = {"name": name, "namespace": "default"}
    containers = [{"name": "app", "image": "veza/app:1"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers, **spec}}


def deployment(replicas: int = 1) -> JSONObject:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "veza/app:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": "web", "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def test_versions_grow_and_a_stale_update_is_a_conflict(store: Store) -> None:
    made = store.create(config_map(a="1"))
    newer = store.update({**made, "data": {"a": "2"}})
    assert int(newer["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    with pytest.raises(ApiError) as caught:
        store.update({**made, "data": {"a": "3"}})
    assert (caught.value.code, caught.value.reason) == (409, "Conflict")
    assert store.get("configmaps", "default", "conf")["data"] == {"a": "2"}


def test_an_update_that_changes_nothing_gives_no_event(store: Store) -> None:
    made = store.create(config_map(a="1"))
    subscription = store.subscribe("configmaps")
    again = store.update(made)
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert subscription.drain() == []


def test_create_twice_and_into_missing_or_ending_namespaces(store: Store) -> None:
    store.create(config_map())
    with pytest.raises(ApiError, match='configmaps "conf" already exists'):
        store.create(config_map())
    elsewhere = config_map()
    elsewhere["metadata"]["namespace"] = "nowhere"
    with pytest.raises(ApiError, match='namespaces "nowhere" not found'):
        store.create(elsewhere)
    store.delete("namespaces", None, "kube-public")
    assert store.get("namespaces", None, "kube-public")["status"]["phase"] == "Terminating"
    ending = config_map()
    ending["metadata"]["namespace"] = "kube-public"
    with pytest.raises(ApiError, match="because it is being terminated") as caught:
        store.create(ending)
    assert caught.value.causes[0].reason == "NamespaceTerminating"


def test_a_namespace_goes_when_it_is_finalized(store: Store) -> None:
    store.delete("namespaces", None, "kube-public")
    store.finalize_namespace("kube-public")
    assert store.find("namespaces", None, "kube-public") is None


def test_finalizing_a_living_namespace_does_not_remove_it(store: Store) -> None:
    store.finalize_namespace("default")
    assert store.find("namespaces", None, "default") is not None


def test_new_namespaces_get_a_default_service_account(store: Store) -> None:
    store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    assert store.find("serviceaccounts", "team", "default") is not None


def test_generation_counts_spec_changes_only(store: Store) -> None:
    made = store.create(deployment())
    assert made["metadata"]["generation"] == 1
    key = ("deployments.apps", "default", "web")
    labelled = store.mutate(*key, lambda o: o["metadata"].update(labels={"x": "y"}))
    assert labelled["metadata"]["generation"] == 1
    scaled = store.mutate(*key, lambda o: o["spec"].update(replicas=4))
    assert scaled["metadata"]["generation"] == 2


def test_status_and_spec_are_written_apart(store: Store) -> None:
    store.create(deployment())
    key = ("deployments.apps", "default", "web")

    def both(obj: JSONObject) -> None:
        obj["spec"]["replicas"] = 9
        obj["status"]["readyReplicas"] = 3

    assert "readyReplicas" not in store.mutate(*key, both)["status"]

    def status(obj: JSONObject) -> None:
        obj["spec"]["replicas"] = 1
        obj["status"]["readyReplicas"] = 3

    out = store.mutate(*key, status, subresource="status")
    assert (out["spec"]["replicas"], out["status"]["readyReplicas"]) == (9, 3)
    assert out["metadata"]["generation"] == 2


def test_pods_on_a_node_go_gracefully(store: Store) -> None:
    store.create(pod())
    store.bind("default", "web", "node-1")
    marked = store.delete("pods", "default", "web", grace_period=5)
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 5
    assert marked["metadata"]["deletionTimestamp"] == "2027-01-15T08:00:05Z"
    shorter = store.delete("pods", "default", "web", grace_period=1)
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 1
    store.delete("pods", "default", "web", grace_period=0)
    assert store.find("pods", "default", "web") is None


def test_pods_without_a_node_go_at_once(store: Store) -> None:
    store.create(pod())
    store.delete("pods", "default", "web")
    assert store.find("pods", "default", "web") is None


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
def test_propagation_leaves_a_finalizer_to_the_collector(store: Store, policy: str, finalizer: str) -> None:
    store.create(deployment())
    left = store.delete("deployments.apps", "default", "web", propagation=policy)
    assert left["metadata"]["finalizers"] == [finalizer]
    assert left["metadata"]["deletionTimestamp"]
    store.mutate("deployments.apps", "default", "web", lambda o: o["metadata"].pop("finalizers"))
    assert store.find("deployments.apps", "default", "web") is None


def test_preconditions(store: Store) -> None:
    store.create(config_map())
    with pytest.raises(ApiError, match="UID in the precondition") as caught:
        store.delete("configmaps", "default", "conf", preconditions={"uid": "other"})
    assert caught.value.code == 409


def test_dry_runs_change_nothing(store: Store) -> None:
    version = store.version
    made = store.create(config_map(a="1"), dry_run=True)
    assert made["metadata"]["uid"]
    assert store.find("configmaps", "default", "conf") is None
    store.create(config_map(a="1"))
    store.update(config_map(a="2"), dry_run=True)
    store.delete("configmaps", "default", "conf", dry_run=True)
    assert store.get("configmaps", "default", "conf")["data"] == {"a": "1"}
    assert store.version == version + 1


async def test_subscriptions_replay_and_follow(store: Store) -> None:
    store.create(config_map("one"))
    subscription = store.subscribe("configmaps", replay=True)
    store.create(config_map("two"))
    store.delete("configmaps", "default", "one")
    seen = [await anext(subscription) for _ in range(3)]
    assert [(e.type, e.object["metadata"]["name"]) for e in seen] == [
        ("ADDED", "one"), ("ADDED", "two"), ("DELETED", "one"),
    ]  # fmt: skip
    subscription.close()
    with pytest.raises(StopAsyncIteration):
        await anext(subscription)


def test_listeners_that_write_keep_the_order_of_events(store: Store) -> None:
    seen: list[tuple[str, str]] = []

    def echo(event: Any) -> None:
        if event.key == "configmaps" and event.object["metadata"]["name"] == "first":
            store.create(config_map("second"))

    store.on_event(echo)
    store.on_event(lambda e: seen.append((e.type, e.object["metadata"]["name"])))
    store.create(config_map("first"))
    assert seen == [("ADDED", "first"), ("ADDED", "second")]


def test_history_is_bounded_and_can_be_compacted() -> None:
    store = Store(history=3)
    bootstrap(store)
    start = store.version
    for index in range(5):
        store.create(config_map(f"c{index}"))
    with pytest.raises(ApiError) as caught:
        store.subscribe("configmaps", since=start)
    assert (caught.value.code, caught.value.reason) == (410, "Expired")
    assert len(store.subscribe("configmaps", since=store.version - 2).drain()) == 2
    store.compact()
    with pytest.raises(ApiError):
        store.subscribe("configmaps", since=store.version - 1)
    assert store.subscribe("configmaps", since=store.version).drain() == []


def test_a_slow_subscriber_is_cut_off(store: Store) -> None:
    subscription = store.subscribe("configmaps")
    subscription.LIMIT = 2  # type: ignore[misc]
    for index in range(4):
        store.create(config_map(f"c{index}"))
    assert subscription.overflowed
    assert subscription.closed


def test_service_addresses_are_allocated_and_kept(store: Store) -> None:
    ports = [{"port": 80}]
    meta = {"name": "web", "namespace": "default"}
    made = store.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": ports}})
    address = made["spec"]["clusterIP"]
    assert address.startswith("10.96.")
    again = store.update({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 81}]}})
    assert again["spec"]["clusterIP"] == address
    taken = {**meta, "name": "other"}
    spec = {"clusterIP": address, "ports": ports}
    with pytest.raises(ApiError, match="provided IP is already allocated"):
        store.create({"apiVersion": "v1", "kind": "Service", "metadata": taken, "spec": spec})
    nodes = {"type": "NodePort", "ports": ports}
    exposed = store.create({"apiVersion": "v1", "kind": "Service", "metadata": taken, "spec": nodes})
    assert 30000 <= exposed["spec"]["ports"][0]["nodePort"] <= 32767
    closed = store.update({**exposed, "spec": {**exposed["spec"], "type": "ClusterIP"}})
    assert "nodePort" not in closed["spec"]["ports"][0]


def test_pods_need_their_service_account(store: Store) -> None:
    with pytest.raises(ApiError, match='serviceaccount "ghost" not found') as caught:
        store.create(pod(serviceAccountName="ghost"))
    assert caught.value.code == 403


def test_names_are_generated(store: Store) -> None:
    obj = config_map()
    obj["metadata"] = {"generateName": "conf-", "namespace": "default"}
    names = {store.create(obj)["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("conf-") and len(name) == 10 for name in names)
