"""Blue-green's pure side, and the undo of a switch that reached half of the Services."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from veza_tui.model.plan import Step
from veza_tui.operations.deploy.colours import (
    COLOUR,
    INSTANCE,
    PREVIOUS,
    Switch,
    afterwards,
    beside,
    coloured,
    live_colour,
    previous_selector,
    switch_patch,
    switches,
)
from veza_tui.operations.deploy.switchback import switch_back
from veza_tui.ports.cluster import NotFound

LABELS = {"app.kubernetes.io/name": "api", INSTANCE: "veza"}


def objects() -> list[dict[str, Any]]:
    pod = {"containers": [{"name": "api", "image": "a:1", "envFrom": [{"configMapRef": {"name": "conf"}}]}]}
    return [
        {"kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {"A": "1"}},
        {"kind": "ConfigMap", "metadata": {"name": "other"}, "data": {}},
        {"kind": "Service", "metadata": {"name": "api"}, "spec": {"selector": dict(LABELS), "ports": [{"port": 1}]}},
        {
            "kind": "Deployment",
            "metadata": {"name": "api"},
            "spec": {
                "selector": {"matchLabels": dict(LABELS)},
                "template": {"metadata": {"labels": dict(LABELS)}, "spec": pod},
            },
        },
        {"kind": "PodDisruptionBudget", "metadata": {"name": "api"}, "spec": {"selector": {"matchLabels": {**LABELS}}}},
        {"kind": "PodDisruptionBudget", "metadata": {"name": "db"}, "spec": {"selector": {"matchLabels": {"x": "y"}}}},
    ]  # fmt: skip


def service(selector: dict[str, str], previous: dict[str, str] | None = None) -> dict[str, Any]:
    notes = {PREVIOUS: json.dumps(previous)} if previous else {}
    return {"metadata": {"name": "api", "annotations": notes}, "spec": {"selector": selector}}


def named(made: list[dict[str, Any]]) -> set[str]:
    return {f"{o['kind']}/{o['metadata']['name']}" for o in made}


def test_what_is_applied_before_the_switch_has_nothing_that_is_live() -> None:
    found = named(beside(objects(), "blue", {"api": service(LABELS)}))
    assert found == {
        "ConfigMap/conf-blue", "ConfigMap/other", "Service/api-preview", "Deployment/api-blue",
        "PodDisruptionBudget/api-blue", "PodDisruptionBudget/db",
    }  # fmt: skip
    assert "Service/api" in named(beside(objects(), "blue", {"api": None})), "a new Service is nobody's"


def test_neither_colour_is_ever_selected_by_the_other_or_by_plain() -> None:
    made = {f"{o['kind']}/{o['metadata']['name']}": o for o in coloured(objects(), "green", {"api": service(LABELS)})}
    labels = made["Deployment/api-green"]["spec"]["template"]["metadata"]["labels"]
    assert labels[INSTANCE] == "veza-green" != LABELS[INSTANCE] and labels[COLOUR] == "green"
    assert made["Service/api-preview"]["spec"]["selector"] == labels
    assert made["Service/api"]["spec"]["selector"] == LABELS


def test_shared_configuration_waits_until_nobody_kept_reads_it() -> None:
    live = {"api": service(LABELS)}
    assert named(afterwards(objects(), live, shared=True)) == {"ConfigMap/conf", "Service/api"}
    assert named(afterwards(objects(), live, shared=False)) == {"Service/api"}


def test_a_switch_notes_the_way_back_and_nulls_what_goes() -> None:
    patch = switch_patch(Switch("api", {"a": "1", COLOUR: "blue"}, {"a": "1"}))
    assert patch["spec"]["selector"] == {"a": "1", COLOUR: None}
    assert json.loads(patch["metadata"]["annotations"][PREVIOUS]) == {"a": "1", COLOUR: "blue"}
    assert live_colour([service({COLOUR: "blue"}), None]) == "blue" and live_colour([None]) == ""
    assert switches(objects(), "blue", {"api": None})[0].old is None


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"a": 1}'])
def test_a_damaged_note_is_no_way_back(text: str) -> None:
    assert previous_selector({"metadata": {"annotations": {PREVIOUS: text}}}) is None


class Services:
    def __init__(self, **found: dict[str, Any]) -> None:
        self.found, self.patched = found, {}  # type: ignore[var-annotated]

    async def get(self, _: Any, name: str, __: str) -> dict[str, Any]:
        if name not in self.found:
            raise NotFound("none")
        return self.found[name]

    async def patch(self, _: Any, name: str, patch: Any, __: str, **___: Any) -> None:
        self.patched[name] = patch


def undo(cluster: Services) -> dict[str, Any]:
    environment = SimpleNamespace(kubernetes=SimpleNamespace(namespace="n"), services=())
    context: Any = SimpleNamespace(environment=environment, cluster=cluster)
    step = Step("switch", "", "bluegreen.switch", {"colour": "green", "services": ["one", "two", "three"]})
    asyncio.run(switch_back(context, step))  # type: ignore[arg-type]
    return cluster.patched


def test_half_a_switch_is_taken_back_where_it_was_done_and_nowhere_else() -> None:
    blue, green = {"a": "1", COLOUR: "blue"}, {"a": "1", COLOUR: "green"}
    # "one" was switched; "two" was not, and its note still leads to the emptied plain pods; "three" is gone.
    patched = undo(Services(one=service(green, blue), two=service(blue, {"a": "1"})))
    assert set(patched) == {"one"} and patched["one"]["spec"]["selector"] == blue
    assert undo(Services(one=service(blue, green))) == {}, "taken back already"
