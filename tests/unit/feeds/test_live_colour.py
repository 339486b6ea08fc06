"""Which colour is live: what the Services select says it."""

from __future__ import annotations

from typing import Any

from veza_tui.feeds.live_colour import project_service, with_live
from veza_tui.feeds.rollouts import project_deployment, rollouts

INSTANCE = "app.kubernetes.io/instance"


def deployment(name: str, instance: str) -> Any:
    labels = {"app": "api", INSTANCE: instance}
    spec = {"replicas": 1, "template": {"metadata": {"labels": labels}, "spec": {"containers": []}}}
    return project_deployment({"metadata": {"name": name, "uid": name}, "spec": spec})


def service(name: str, selector: dict[str, str] | None) -> Any:
    return project_service({"metadata": {"name": name}, "spec": {"selector": selector}})


def live(deployments: list[Any], *services: Any) -> dict[str, bool | None]:
    return {r.name: r.live for r in with_live(rollouts(deployments, [], []), deployments, services)}


def test_the_colour_that_the_service_selects_is_live_whatever_the_preview_selects() -> None:
    both = [deployment("api-blue", "blue"), deployment("api-green", "green"), deployment("other", "x")]
    preview = service("api-preview", {"app": "api", INSTANCE: "blue"})
    answer = live(both, service("api", {"app": "api", INSTANCE: "green"}), preview)
    assert answer == {"api-blue": False, "api-green": True, "other": None}


def test_the_plain_one_beside_a_colour_is_live_until_the_switch() -> None:
    both = [deployment("api", "plain"), deployment("api-green", "green")]
    assert live(both, service("api", {INSTANCE: "plain"})) == {"api": True, "api-green": False}


def test_without_colours_or_services_nobody_says_anything() -> None:
    assert live([deployment("api", "plain")], service("api", {INSTANCE: "plain"})) == {"api": None}
    assert live([deployment("api-blue", "blue")]) == {"api-blue": None}
    assert live([deployment("api-blue", "blue")], service("api", None)) == {"api-blue": None}
