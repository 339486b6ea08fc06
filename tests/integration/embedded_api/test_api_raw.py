"""The API over plain HTTP calls: what kubectl does, said directly, so that it holds where no kubectl is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.integration.embedded_api.conftest import Running
from veza_tui.embedded.api.faults import Fault

JSONObject = dict[str, Any]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
APPLY, JSON_PATCH = "application/apply-patch+yaml", "application/json-patch+json"


class Http:
    """A client with a token."""

    def __init__(self, api: Running, session: aiohttp.ClientSession, token: str) -> None:
        self.api, self.session = api, session
        self.headers = {"Authorization": f"Bearer {token}"}

    async def __call__(
        self, method: str, path: str, body: Any = None, *, media: str = "application/json", accept: str = "",
        status: int = 200, **query: str,
    ) -> Any:  # fmt: skip
        headers = {**self.headers, "Content-Type": media, **({"Accept": accept} if accept else {})}
        data = None if body is None else json.dumps(body)
        async with self.session.request(
            method, self.api.url + path, data=data, headers=headers, params=query
        ) as answer:
            text = await answer.text()
            assert answer.status == status, text
            self.warnings = answer.headers.getall("Warning", [])
            return json.loads(text) if "json" in answer.content_type else text

    def watch(self, path: str, **query: str) -> Any:
        """A watch's response, to be used with async with."""
        params = {"watch": "1", **query}
        return self.session.get(self.api.url + path, headers=self.headers, params=params)


@pytest.fixture
async def session(api: Running) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def http(api: Running, session: aiohttp.ClientSession) -> Http:
    return Http(api, session, "admin-token")


def maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def config_map(name: str, **data: str) -> JSONObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def lines(answer: aiohttp.ClientResponse, count: int) -> list[JSONObject]:
    return [json.loads(await asyncio.wait_for(answer.content.readline(), 5)) for _ in range(count)]


async def test_tokens_and_roles(api: Running, session: aiohttp.ClientSession) -> None:
    async with session.get(api.url + "/version") as answer:
        assert (await answer.json())["gitVersion"].startswith("v1.34.")
    stranger = Http(api, session, "wrong")
    assert (await stranger("GET", "/api/v1/pods", status=401))["reason"] == "Unauthorized"
    viewer = Http(api, session, "viewer-token")
    assert (await viewer("GET", "/api/v1/pods"))["kind"] == "PodList"
    refused = await viewer("GET", "/api/v1/namespaces/default/secrets", status=403)
    assert refused["message"] == (
        'secrets is forbidden: User "viewer" cannot list resource "secrets" in API group "" in the namespace "default"'
    )
    review = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    for verb, resource, sub, want in (("list", "pods", "", True), ("create", "pods", "exec", False)):
        attributes = {"verb": verb, "resource": resource, "subresource": sub, "namespace": "default"}
        answer = await viewer("POST", path, {**review, "spec": {"resourceAttributes": attributes}}, status=201)
        assert answer["status"]["allowed"] is want
    who = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    me = await viewer("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", who, status=201)
    assert me["status"]["userInfo"] == {"username": "viewer", "groups": ["system:authenticated"]}


async def test_discovery_in_both_forms(http: Http) -> None:
    wanted = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    core = await http("GET", "/api", accept=wanted)
    pods = next(r for r in core["items"][0]["versions"][0]["resources"] if r["resource"] == "pods")
    assert (pods["shortNames"], pods["scope"]) == (["po"], "Namespaced")
    assert {"log", "exec", "eviction"} <= {s["subresource"] for s in pods["subresources"]}
    groups = {g["name"] for g in (await http("GET", "/apis"))["groups"]}
    assert {"apps", "batch", "autoscaling", "policy", "metrics.k8s.io"} <= groups
    scale = next(r for r in (await http("GET", "/apis/apps/v1"))["resources"] if r["name"] == "deployments/scale")
    assert (scale["group"], scale["kind"]) == ("autoscaling", "Scale")
    document = await http("GET", "/openapi/v3/apis/apps/v1")
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in {p["name"] for p in patch["parameters"]}
    spec = document["components"]["schemas"]["io.k8s.api.PodSpec"]["properties"]["containers"]
    assert (spec["x-kubernetes-patch-merge-key"], spec["x-kubernetes-list-map-keys"]) == ("name", ["name"])
    assert await http("GET", "/readyz") == "ok"
    assert (await http("GET", "/api/v1/martians", status=404))["code"] == 404


async def test_pages_are_one_consistent_list(http: Http, namespace: str, api: Running) -> None:
    for index in range(7):
        await http("POST", maps(namespace), config_map(f"c{index}"), status=201)
    first = await http("GET", maps(namespace), limit="3")
    assert (len(first["items"]), first["metadata"]["remainingItemCount"]) == (3, 4)
    assert "kind" not in first["items"][0]
    await http("POST", maps(namespace), config_map("c3x"), status=201)
    await http("DELETE", maps(namespace) + "/c5")
    token = first["metadata"]["continue"]
    second = await http("GET", maps(namespace), limit="10", **{"continue": token})
    assert [i["metadata"]["name"] for i in second["items"]] == ["c3", "c4", "c5", "c6"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    api.call(api.store.compact)
    gone = await http("GET", maps(namespace), limit="10", status=410, **{"continue": token})
    assert gone["reason"] == "Expired"
    rest = await http("GET", maps(namespace), limit="10", **{"continue": gone["metadata"]["continue"]})
    assert [i["metadata"]["name"] for i in rest["items"]] == ["c3", "c3x", "c4", "c6"]


async def test_lists_at_a_version(http: Http, namespace: str) -> None:
    old = await http("POST", maps(namespace), config_map("a"), status=201)
    version = old["metadata"]["resourceVersion"]
    await http("DELETE", maps(namespace) + "/a")
    exact = await http("GET", maps(namespace), resourceVersion=version, resourceVersionMatch="Exact")
    assert [i["metadata"]["name"] for i in exact["items"]] == ["a"]
    assert (await http("GET", maps(namespace), resourceVersion="0"))["items"] == []
    late = await http("GET", maps(namespace), resourceVersion="999999999", status=504)
    assert late["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


async def test_watch_selectors_bookmarks_and_410(http: Http, namespace: str, api: Running) -> None:
    path = maps(namespace)
    start = (await http("GET", path))["metadata"]["resourceVersion"]
    async with http.watch(path, resourceVersion=start, labelSelector="on=yes", allowWatchBookmarks="true") as answer:
        await http("POST", path, config_map("a"), status=201)
        for labels in ({"on": "yes"}, {"on": "yes", "x": "y"}, {"on": "no"}):
            await http("PATCH", path + "/a", {"metadata": {"labels": labels}}, media=MERGE)
        seen = await lines(answer, 4)
        assert [e["type"] for e in seen] == ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
        assert set(seen[-1]["object"]) == {"kind", "apiVersion", "metadata"}
        assert int(seen[-1]["object"]["metadata"]["resourceVersion"]) >= int(start)
    async with http.watch(path, resourceVersion="0", timeoutSeconds="1") as answer:
        assert (await lines(answer, 1))[0]["type"] == "ADDED"
        assert await asyncio.wait_for(answer.content.read(), 5) == b""
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with http.watch(path, **query) as answer:
        added, end = await lines(answer, 2)
        assert added["type"] == "ADDED"
        assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    api.call(api.store.compact)
    async with http.watch(path, resourceVersion=start) as answer:
        (error,) = await lines(answer, 1)
        assert (error["type"], error["object"]["code"], error["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_tables_of_lists_and_watches(http: Http) -> None:
    table = await http("GET", "/api/v1/namespaces/default/pods", accept=TABLE)
    assert table["kind"] == "Table"
    rows = {row["cells"][0]: row["cells"][1:4] for row in table["rows"]}
    assert rows["web"] == ["1/1", "Running", "0"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    url = "/api/v1/namespaces/default/pods"
    headers = {**http.headers, "Accept": TABLE}
    async with http.session.get(http.api.url + url, headers=headers, params={"watch": "1"}) as answer:
        first, second = await lines(answer, 2)
        assert first["object"]["columnDefinitions"][0]["name"] == "Name"
        assert second["object"]["columnDefinitions"] is None


async def test_writes_conflicts_and_strictness(http: Http, namespace: str) -> None:
    path = maps(namespace)
    made = await http("POST", path, config_map("a", k="1"), status=201, fieldManager="first")
    await http("PUT", path + "/a", {**made, "data": {"k": "2"}})
    stale = await http("PUT", path + "/a", {**made, "data": {"k": "3"}}, status=409)
    assert (stale["reason"], stale["details"]["name"]) == ("Conflict", "a")
    again = await http("POST", path, config_map("a"), status=409)
    assert again["message"] == 'configmaps "a" already exists'
    nested = {**config_map("b"), "data": {"a": {"b": "c"}}}
    refused = await http("POST", path, nested, status=400)
    assert "cannot unmarshal object into Go struct field ConfigMap.data of type string" in refused["message"]
    strict = await http("POST", path, {**config_map("b"), "foo": 1}, status=400, fieldValidation="Strict")
    assert strict["message"].endswith('strict decoding error: unknown field "foo"')
    await http("POST", path, {**config_map("b"), "foo": 1}, status=201, dryRun="All")
    assert http.warnings == ['299 - "unknown field \\"foo\\""']
    await http("GET", path + "/b", status=404)


async def test_patches_of_every_type(http: Http, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "a:1"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    await http("POST", path, body, status=201)
    change = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "s:1"}]}}}}
    out = await http("PATCH", path + "/web", change, media=STRATEGIC)
    assert {c["name"] for c in out["spec"]["template"]["spec"]["containers"]} == {"app", "side"}
    replace = [{"op": "replace", "path": "/spec/replicas", "value": 5}]
    assert (await http("PATCH", path + "/web", replace, media=JSON_PATCH))["spec"]["replicas"] == 5
    assert (await http("PATCH", path + "/web", {"spec": {"replicas": 6}}, media=MERGE))["spec"]["replicas"] == 6
    scaled = await http("PATCH", path + "/web/scale", {"spec": {"replicas": 3}}, media=MERGE)
    assert (scaled["kind"], scaled["spec"]["replicas"]) == ("Scale", 3)
    status = {"status": {"readyReplicas": 3}, "spec": {"replicas": 9}}
    both = await http("PATCH", path + "/web/status", status, media=MERGE)
    assert (both["status"]["readyReplicas"], both["spec"]["replicas"]) == (3, 3)
    immutable = {"spec": {"selector": {"matchLabels": {"x": "y"}}}}
    assert (await http("PATCH", path + "/web", immutable, media=MERGE, status=422))["reason"] == "Invalid"
    await http("PATCH", path + "/web", {}, media="text/plain", status=415)


async def test_apply_owns_conflicts_and_forces(http: Http, namespace: str) -> None:
    path = maps(namespace) + "/a"
    await http("PATCH", path, config_map("a", k="1", l="1"), media=APPLY, status=201, fieldManager="one")
    refused = await http("PATCH", path, config_map("a", k="2"), media=APPLY, status=409, fieldManager="two")
    assert refused["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.k"}
    ]
    await http("PATCH", path, config_map("a", k="2"), media=APPLY, fieldManager="two", force="true")
    left = await http("PATCH", path, config_map("a"), media=APPLY, fieldManager="one")
    assert left["data"] == {"k": "2"}
    await http("PATCH", path, config_map("a", k="3"), media=APPLY, fieldManager="two", dryRun="All")
    assert (await http("GET", path))["data"] == {"k": "2"}


async def test_delete_options_and_eviction(http: Http, namespace: str, api: Running) -> None:
    path = maps(namespace)
    made = await http("POST", path, config_map("a"), status=201)
    wrong = {"preconditions": {"uid": "other"}}
    assert (await http("DELETE", path + "/a", wrong, status=409))["reason"] == "Conflict"
    gone = await http("DELETE", path + "/a", {"preconditions": {"uid": made["metadata"]["uid"]}})
    assert (gone["status"], gone["details"]["kind"]) == ("Success", "configmaps")
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep"}}
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "pair"}}}
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    await http("POST", budgets, {**budget, "spec": spec}, status=201)
    status = {"status": {"observedGeneration": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}}
    await http("PATCH", budgets + "/keep/status", status, media=MERGE)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "pair", "namespace": "default"}}
    kept = await http("POST", "/api/v1/namespaces/default/pods/pair/eviction", eviction, status=429)
    assert kept["details"]["causes"][0]["reason"] == "DisruptionBudget"
    await http("DELETE", budgets + "/keep")


async def test_faults(http: Http, api: Running) -> None:
    faults, path = api.server.faults, "/api/v1/namespaces/default/pods/web"
    api.call(faults.add, Fault("throttle", retry_after=2, remaining=1))
    async with http.session.get(api.url + path, headers=http.headers) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
    await http("GET", path)
    api.call(faults.add, Fault("error", remaining=1))
    assert (await http("GET", path, status=500))["reason"] == "InternalError"
    api.call(faults.add, Fault("unauthorized", remaining=1))
    await http("GET", path, status=401)
    api.call(faults.add, Fault("reset", remaining=1))
    with pytest.raises(aiohttp.ClientError):
        await http("POST", path)
    slow = api.call(faults.add, Fault("slow", delay=0.1, path="/pods/web"))
    begun = asyncio.get_running_loop().time()
    await http("GET", path)
    assert asyncio.get_running_loop().time() - begun >= 0.1
    api.call(faults.remove, slow)
    hang = api.call(faults.add, Fault("hang"))
    waiting = asyncio.create_task(http("GET", path))
    done, _ = await asyncio.wait((waiting,), timeout=0.1)
    assert not done
    api.call(faults.remove, hang)
    assert (await waiting)["metadata"]["name"] == "web"


async def test_watches_can_be_frozen_and_dropped(http: Http, namespace: str, api: Running) -> None:
    faults, path = api.server.faults, maps(namespace)
    async with http.watch(path, resourceVersion="0") as answer:
        api.call(faults.freeze)
        await http("POST", path, config_map("a"), status=201)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.content.readline(), 0.1)
        api.call(faults.thaw)
        assert (await lines(answer, 1))[0]["type"] == "ADDED"
        api.call(faults.drop_watches)
        assert await asyncio.wait_for(answer.content.read(), 5) == b""
    async with http.watch(path, resourceVersion="0") as answer:
        await lines(answer, 1)
        api.call(faults.drop_watches, abort=True)
        with pytest.raises(aiohttp.ClientError):
            await asyncio.wait_for(answer.content.read(), 5)


async def test_service_and_pod_proxies(http: Http) -> None:
    base = "/api/v1/namespaces/default"
    for name in (
        "services/web:80",
        "services/web:http",
        "services/http:web:80",
        "services/web",
        "pods/web:8080",
        "pods/web",
    ):
        assert await http("GET", f"{base}/{name}/proxy/health", deep="1") == "GET /health?deep=1 HTTP/1.0"
    assert "/broken" in await http("GET", f"{base}/services/web/proxy/broken", status=503)
    empty = await http("GET", f"{base}/services/empty:80/proxy/", status=503)
    assert empty["message"] == 'no endpoints available for service "empty"'
    refused = await http("GET", f"{base}/pods/web:9/proxy/", status=503)
    assert refused["message"].startswith("error trying to reach service: ")
    await http("GET", f"{base}/services/ghost:80/proxy/", status=404)


async def test_logs(http: Http, api: Running) -> None:
    path = "/api/v1/namespaces/default/pods"
    assert await http("GET", f"{path}/web/log", tailLines="1") == "line 4 of app\n"
    stamped = await http("GET", f"{path}/web/log", tailLines="1", timestamps="true")
    assert stamped.startswith("2026-01-02T03:04:05.000000006Z line")
    choose = await http("GET", f"{path}/pair/log", status=400)
    assert choose["message"] == "a container name must be specified for pod pair, choose one of: [app log]"
    assert (await http("GET", f"{path}/web/log", previous="true", status=400))["message"].startswith(
        "previous terminated"
    )
    assert (await http("GET", f"{path}/web/log", sinceSeconds="-1", status=422))["reason"] == "Invalid"
    closed = api.node.closed_logs
    async with http.session.get(f"{api.url}{path}/web/log", headers=http.headers, params={"follow": "1"}) as answer:
        text = b""
        while b"more" not in text:
            text += await answer.content.readany()
    for _ in range(200):
        if api.node.closed_logs > closed:
            break
        await asyncio.sleep(0.01)
    assert api.node.closed_logs > closed
