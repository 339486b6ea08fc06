"""Each incident shows itself on the cluster's API, the database or the services, and is over when it is stopped."""

from __future__ import annotations

import base64
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml

if TYPE_CHECKING:
    from tests.integration.conftest import DemoPlatform

pytestmark = pytest.mark.integration
PRODUCTION = "veza-production"


class Api:
    """Plain GETs with the administrator's token."""

    def __init__(self, platform: DemoPlatform) -> None:
        info = platform.info
        self.server, self.token = info["server"], info["tokens"]["oncall"]
        cluster = yaml.safe_load(platform.kubeconfig.read_text())["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=authority)

    def get(self, path: str, timeout: float = 10) -> tuple[int, bytes]:
        request = urllib.request.Request(f"{self.server}{path}", headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self.tls) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def pods(self, namespace: str, service: str) -> list[dict[str, Any]]:
        selector = f"app.kubernetes.io%2Fname%3D{service}"
        _, body = self.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")
        items: list[dict[str, Any]] = json.loads(body)["items"]
        return items

    def states(self, namespace: str, service: str) -> list[dict[str, Any]]:
        return [s for p in self.pods(namespace, service) for s in p["status"].get("containerStatuses", [])]

    def health(self, namespace: str, service: str, port: int) -> tuple[int, dict[str, Any]]:
        status, body = self.get(f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/health")
        return status, json.loads(body)

    def rolled_out(self) -> bool:
        _, body = self.get("/apis/apps/v1/deployments")
        return all(
            d["status"].get("observedGeneration") == d["metadata"]["generation"]
            and d["status"].get("availableReplicas") == d["status"].get("replicas") == d["spec"]["replicas"]
            for d in json.loads(body)["items"]
        )


def until(true: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def api(platform: DemoPlatform) -> Api:
    return Api(platform)


def waiting(states: list[dict[str, Any]]) -> set[str]:
    return {s["state"].get("waiting", {}).get("reason", "") for s in states}


def last(states: list[dict[str, Any]]) -> set[tuple[str, int]]:
    ended = [s["lastState"].get("terminated") or s["state"].get("terminated") for s in states]
    return {(t["reason"], t["exitCode"]) for t in ended if t}


def test_pods_fail_as_pods_do(platform: DemoPlatform, api: Api) -> None:
    names = ("bad-deploy", "crash-loop", "image-pull", "oom")
    for name in names:
        platform.control.ask("start", incident=name)
    active = {i["name"] for i in platform.control.ask("list")["incidents"] if i["active"]}
    assert active == set(names)
    try:
        until(lambda: "CrashLoopBackOff" in waiting(api.states(PRODUCTION, "chat-server")), "bad-deploy")
        pods = api.pods(PRODUCTION, "chat-server")
        broken = next(p for p in pods if p["spec"]["containers"][0]["image"].endswith(":v1.5.0"))
        _, log = api.get(f"/api/v1/namespaces/{PRODUCTION}/pods/{broken['metadata']['name']}/log?previous=true")
        assert b"DB_URL is not set" in log
        assert len(pods) == 4  # the three old ones serve on
        until(lambda: ("Error", 2) in last(api.states(PRODUCTION, "stream-server")), "crash-loop")
        pulling = {"ImagePullBackOff", "ErrImagePull"}
        until(lambda: pulling & waiting(api.states("veza-staging", "backend-api")), "image-pull")
        until(lambda: ("OOMKilled", 137) in last(api.states(PRODUCTION, "backend-api")), "oom")
    finally:
        for name in names:
            platform.control.ask("stop", incident=name)
    until(api.rolled_out, "everything rolled out again")
    images = {p["spec"]["containers"][0]["image"] for p in api.pods(PRODUCTION, "chat-server")}
    assert images == {"veza/chat-server:v1.4.2"}


def test_health_tells_of_database_and_cache(platform: DemoPlatform, api: Api) -> None:
    until(lambda: api.health(PRODUCTION, "backend-api", 8080)[0] == 200, "healthy before")
    with platform.control.incident("cache-down"):
        until(lambda: api.health(PRODUCTION, "chat-server", 8081)[0] == 503, "chat-server without its cache")
        status, body = until(
            lambda: (a := api.health(PRODUCTION, "backend-api", 8080))[1]["status"] == "degraded" and a, "degraded"
        )
        assert (status, body["checks"]["cache"]["status"]) == (200, "failed")
        assert api.health("veza-staging", "chat-server", 8081)[0] == 200
    with platform.control.incident("db-down"):
        status, body = until(
            lambda: (a := api.health(PRODUCTION, "backend-api", 8080))[0] == 503 and a, "unhealthy", seconds=5
        )
        assert body["checks"]["database"]["status"] == "failed"
    for service, port in (("backend-api", 8080), ("chat-server", 8081), ("stream-server", 8082)):
        until(lambda s=service, p=port: api.health(PRODUCTION, s, p)[1]["status"] == "ok", service, seconds=8)


def test_data_is_lost_and_seeded_anew(platform: DemoPlatform) -> None:
    def messages() -> tuple[int, int]:
        with psycopg.connect(platform.dsn("veza_production")) as connection:
            row = connection.execute(
                "SELECT count(*), count(*) FILTER (WHERE body ~ '^[0-9a-f]{12}$') FROM messages"
            ).fetchone()
            assert row is not None
            return row

    before, _ = messages()
    with platform.control.incident("data-loss"):
        count, garbled = messages()
        assert count <= before // 2 + 1
        assert garbled == count
        with psycopg.connect(platform.dsn("veza_production")) as connection:
            row = connection.execute("SELECT name FROM schema_migrations ORDER BY applied_at DESC").fetchone()
            assert row == ("compact_messages",)
    assert messages() == (before, 0)


def test_the_api_is_flaky_for_a_while(platform: DemoPlatform, api: Api) -> None:
    def trouble() -> bool:
        try:
            return api.get("/api/v1/namespaces", timeout=1)[0] >= 400
        except OSError:
            return True

    with platform.control.incident("api-flaky"):
        until(trouble, "trouble")
    assert not any(trouble() for _ in range(20))


def test_control_refuses_nonsense(platform: DemoPlatform) -> None:
    with pytest.raises(RuntimeError, match="there is no incident 'fire'"):
        platform.control.ask("start", incident="fire")
    with pytest.raises(RuntimeError, match="unknown request"):
        platform.control.ask("dance")
