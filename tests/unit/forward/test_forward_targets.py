"""What a target means, and which pod stands behind it."""

from __future__ import annotations

import pytest

from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.operations.forward.targets import (
    PodFace,
    choose,
    parse_ports,
    parse_target,
    pod_face,
    pod_port,
    selector_text,
    service_face,
    service_port,
    why_none,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("svc/grafana", ("service", "grafana")),
        ("Deployment/x", ("deployment", "x")),
        ("deployments.apps/x", ("deployment", "x")),
        ("po/x-1", ("pod", "x-1")),
        ("grafana", ("", "grafana")),
    ],
)
def test_targets_are_spelled_as_kubectl_does(text: str, meant: tuple[str, str]) -> None:
    assert parse_target(text) == meant


@pytest.mark.parametrize("text", ["", "pod/", "/x", "node/x", "pod/a/b"])
def test_what_is_no_target_is_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigError, match="write pod/NAME"):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("8080", (None, "8080")), ("1:2", (1, "2")), (":80", (0, "80")), ("0:80", (0, "80")), ("90:http", (90, "http"))],
)
def test_ports(text: str, meant: tuple[int | None, str]) -> None:
    assert parse_ports(text) == meant


@pytest.mark.parametrize("text", ["", ":", "80:", "0", "70000", "99999:80", "x:80", "-1:80"])
def test_wrong_ports(text: str) -> None:
    with pytest.raises(ConfigError, match="pair of ports"):
        parse_ports(text)


def test_selectors_become_queries() -> None:
    assert selector_text({"app": "x", "tier": "y"}) == "app=x,tier=y"
    terms = [
        {"key": "a", "operator": "In", "values": ["1", "2"]},
        {"key": "b", "operator": "NotIn", "values": ["3"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "DoesNotExist"},
    ]
    assert selector_text({"matchLabels": {"x": "y"}, "matchExpressions": terms}) == "x=y,a in (1,2),b notin (3),c,!d"
    assert selector_text(None) == ""


def pod(name: str, *, ready: bool = True, running: bool = True, created: float = 0.0) -> PodFace:
    return PodFace(name, name, running, running and ready, created, (("http", 8080),), (8080,))


def test_the_newest_ready_pod_is_chosen_and_kept_while_it_is_ready() -> None:
    old, new = pod("old", created=1), pod("new", created=2)
    assert choose([old, new]) == new
    assert choose([old, new], current="old") == old
    assert choose([pod("old", ready=False), new], current="old") == new
    assert choose([pod("old", ready=False)]) is None


def test_a_named_pod_needs_only_to_run_and_is_replaced_by_a_ready_one() -> None:
    assert choose([pod("a", ready=False), pod("b")], named="a") == pod("a", ready=False)
    assert choose([pod("a", running=False), pod("b")], named="a") == pod("b")


def test_why_there_is_no_pod() -> None:
    assert why_none([]) == "there is no pod"
    assert why_none([], "x") == "pod x is gone"
    assert why_none([pod("a", ready=False)]) == "no pod is ready (1 running, not ready)"
    assert why_none([pod("a", running=False)]) == "no pod is running (1 there)"


def test_a_pod_is_read_from_the_raw_object() -> None:
    raw = {
        "metadata": {"name": "p", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "containers": [
                {
                    "name": "a",
                    "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 53, "protocol": "UDP"}],
                }
            ]
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    face = pod_face(raw)
    assert (face.ready, face.ports, face.numbers) == (True, (("http", 8080),), (8080,))
    raw["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not pod_face(raw).running


def test_service_ports_lead_to_target_ports() -> None:
    ports = [
        {"name": "web", "port": 80, "targetPort": "http"},
        {"name": "db", "port": 5432},
        {"name": "dns", "port": 53, "protocol": "UDP"},
    ]
    face = service_face({"spec": {"selector": {"a": "b"}, "ports": ports}})
    assert service_port(face, "80", "s") == (80, "http")
    assert service_port(face, "db", "s") == (5432, 5432)
    assert pod_port(pod("x"), "http") == 8080
    assert pod_port(pod("x"), "nope") is None
    with pytest.raises(RefusedError, match="UDP"):
        service_port(face, "53", "s")
    with pytest.raises(ConfigError, match="no such port"):
        service_port(face, "81", "s")
    with pytest.raises(ConfigError, match="which port"):
        service_port(face, "", "s")
