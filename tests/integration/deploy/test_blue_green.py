"""Blue-green on the embedded platform: first use, again, back, retire; a client that calls all through it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.deploy.conftest import hooked, kubectl, newest, retag
from tests.tools.cli import Cli
from tests.tools.traffic import traffic

pytestmark = pytest.mark.integration

SERVICES = [("backend-api", 8080), ("chat-server", 8081), ("stream-server", 8082)]
SURE = ("--confirm", "production")
APPS = "/apis/apps/v1/namespaces/veza-production/deployments"


def colours(platform: Any) -> set[str]:
    found = kubectl(platform, "/api/v1/namespaces/veza-production/services")["items"]
    names = {name for name, _ in SERVICES}
    return {
        s["spec"]["selector"].get("veza.com/colour", "plain") for s in found if s["metadata"]["name"] in names
    }  # fmt: skip


def replicas(platform: Any) -> dict[str, int]:
    return {d["metadata"]["name"]: d["spec"].get("replicas", 1) for d in kubectl(platform, APPS)["items"]}


def of_colour(platform: Any, colour: str) -> dict[str, int]:
    suffix = "" if colour == "plain" else f"-{colour}"
    return {name: replicas(platform).get(name + suffix, 0) for name, _ in SERVICES}


def change(cli: Cli, platform: Any) -> str:
    """Manifests with a tag that is not live: whatever was there before, a deploy has something to do."""
    (live,) = colours(platform)
    suffix = "" if live == "plain" else f"-{live}"
    found = {d["metadata"]["name"]: d for d in kubectl(platform, APPS)["items"]}
    images = [found[n + suffix]["spec"]["template"]["spec"]["containers"][0]["image"] for n, _ in SERVICES]
    tags = ("v1.4.0", "v1.4.1", "v1.4.2", "v1.4.3")
    tag = next(t for t in tags if all(image.rpartition(":")[2] != t for image in images))
    retag(cli, "production", tag)
    return tag


def step_result(cli: Cli, operation: str, step: str) -> Any:
    return next(
        e["data"]["result"]
        for e in cli.journal(operation)
        if e["type"] == "step" and e["step"] == step and e["data"]["state"] == "done"
    )


def test_first_use_and_both_ways_back_drop_no_request(prod: Cli, own_platform: Any) -> None:
    before = of_colour(own_platform, "plain")
    with traffic(own_platform.kubeconfig, "veza-production", SERVICES, "/ready") as calls:
        done = prod.json("deploy", "production", *SURE, "--json", "--keep", "30")
        assert done["state"] == "done" and colours(own_platform) == {"blue"}
        after = of_colour(own_platform, "blue")
        assert all(after[name] >= before[name] for name in before), "the new colour carries at least the same load"
        assert step_result(prod, done["id"], "switch")["seconds"] < 1.0
        for colour in ("plain", "blue"):
            began = time.monotonic()
            back = prod.json("switch-back", "production", *SURE, "--json")
            assert time.monotonic() - began < 5.0
            assert colours(own_platform) == {colour}
            assert step_result(prod, back["id"], "switch")["seconds"] < 1.0
    assert calls.good > 100 and calls.failed == []


def test_what_runs_already_is_nothing_to_do_unless_there_was_a_way_back(prod: Cli, own_platform: Any) -> None:
    assert "nothing to do" in prod.run("deploy", "production", *SURE).stderr
    change(prod, own_platform)
    done = prod.json("deploy", "production", *SURE, "--json")
    assert done["state"] == "done" and colours(own_platform) == {"green"}
    assert of_colour(own_platform, "plain") == dict.fromkeys(dict(SERVICES), 0), "one way back is kept, not two"
    assert all(of_colour(own_platform, "blue").values())
    prod.run("switch-back", "production", *SURE)
    plan = prod.json("deploy", "production", "--dry-run", "--json")
    assert {c["path"] for c in plan["changes"]} >= {"spec.template.spec.containers[backend-api].image"}
    prod.run("switch-back", "production", *SURE)


def test_each_colour_has_its_own_autoscaler_budget_and_configuration(own_platform: Any) -> None:
    scalers = kubectl(own_platform, "/apis/autoscaling/v2/namespaces/veza-production/horizontalpodautoscalers")["items"]
    targets = {h["metadata"]["name"]: h["spec"]["scaleTargetRef"]["name"] for h in scalers}
    assert targets["backend-api-green"] == "backend-api-green"
    budgets = kubectl(own_platform, "/apis/policy/v1/namespaces/veza-production/poddisruptionbudgets")["items"]
    labels = {b["metadata"]["name"]: b["spec"]["selector"]["matchLabels"] for b in budgets}
    assert labels["backend-api-green"]["veza.com/colour"] == "green"
    assert "veza.com/colour" not in labels["backend-api"]
    pod = next(d for d in kubectl(own_platform, APPS)["items"] if d["metadata"]["name"] == "backend-api-green")
    assert "veza-production-config-green" in str(pod["spec"]["template"]["spec"])


def test_a_failure_before_the_switch_leaves_live_as_it_is(prod: Cli, own_platform: Any) -> None:
    before = of_colour(own_platform, "green")
    with traffic(own_platform.kubeconfig, "veza-production", SERVICES, "/ready") as calls:
        done = prod.json("set-image", "production", "chat-server=:v1.5.0", *SURE, "--json", code=7)
    assert done["state"] == "rolled-back" and "chat-server-blue" in done["reason"]
    assert colours(own_platform) == {"green"} and calls.failed == []
    assert of_colour(own_platform, "green") == before
    assert of_colour(own_platform, "blue") == dict.fromkeys(dict(SERVICES), 0)
    refused = prod.run("switch-back", "production", *SURE, code=2)
    assert "no ready pods" in refused.stderr and "rollback" in refused.stderr


def test_every_step_killed_and_resumed_and_not_a_request_lost(prod: Cli, own_platform: Any) -> None:
    change(prod, own_platform)
    # The steps before these are those of every deploy: test_deploy_robust.
    steps = ["rollout", "switch", "verify", "keep"]
    with traffic(own_platform.kubeconfig, "veza-production", SERVICES, "/ready") as calls:
        killed = hooked(prod, f"{steps[0]}:running:SIGKILL")
        killed.run("deploy", "production", *SURE, code=None)
        operation = newest(prod)
        for step in steps:
            last = [e for e in prod.journal(operation) if e["type"] == "step"][-1]
            assert (last["step"], last["data"]["state"]) == (step, "running"), "the journal says where it was cut"
            following = steps[steps.index(step) + 1 :]
            signals = f"{following[0]}:running:SIGKILL" if following else "none:none:SIGKILL"
            hooked(prod, signals).run("operations", "resume", operation, *SURE, "--take-over", code=None)
    assert prod.operation(operation)["state"] == "done"
    assert colours(own_platform) == {"blue"} and calls.failed == []
    kinds = [e["data"]["state"] for e in prod.journal(operation) if e["type"] == "step" and e["step"] == "switch"]
    assert kinds == ["running", "running", "done"], "the journal tells every attempt"


def test_taken_back_after_the_switch_it_switches_back(prod: Cli, own_platform: Any) -> None:
    change(prod, own_platform)
    hooked(prod, "verify:running:SIGKILL").run("deploy", "production", *SURE, code=None)
    assert colours(own_platform) == {"green"}
    operation = newest(prod)
    prod.run("operations", "undo", operation, *SURE, "--take-over")
    assert colours(own_platform) == {"blue"}
    assert of_colour(own_platform, "green") == dict.fromkeys(dict(SERVICES), 0)


def test_when_the_live_services_do_not_answer_after_the_switch_it_switches_back(prod: Cli, own_platform: Any) -> None:
    change(prod, own_platform)
    # Through its own Service the new colour is well; through the live one nothing answers.
    own_platform.control.ask("api", action="fault", kind="error", status=503, path="/services/chat-server:8081/proxy")
    try:
        done = prod.json("deploy", "production", *SURE, "--json", "--timeout", "12", code=7)
    finally:
        own_platform.control.ask("api", action="clear")
    assert done["state"] == "rolled-back"
    assert "Prove it through the live Services: chat-server does not become healthy" in done["reason"]
    steps = {e["step"]: e["data"]["state"] for e in prod.journal(done["id"]) if e["type"] == "step"}
    assert steps["switch"] == steps["apply"] == "undone", "it had been switched, and was switched back"
    assert colours(own_platform) == {"blue"} and all(of_colour(own_platform, "blue").values())
    assert of_colour(own_platform, "green") == dict.fromkeys(dict(SERVICES), 0)


def test_a_conflict_on_the_switch_is_tried_again(prod: Cli, own_platform: Any) -> None:
    change(prod, own_platform)
    for name, _ in SERVICES:
        fault = {"kind": "error", "status": 409, "method": "PATCH", "path": f"/services/{name}", "remaining": 2}
        own_platform.control.ask("api", action="fault", **fault)
    try:
        done = prod.json("deploy", "production", *SURE, "--json")
    finally:
        own_platform.control.ask("api", action="clear")
    assert done["state"] == "done" and colours(own_platform) == {"green"}
    change(prod, own_platform)
    plan = prod.json("deploy", "production", "--dry-run", "--json")
    (said,) = [note for note in plan["notes"] if "overwrites blue" in note]
    assert "veza-tui rollback production --to" in said
    prod.run("switch-back", "production", *SURE)


def test_small_operations_act_on_the_live_colour(prod: Cli) -> None:
    plan = prod.json("restart", "production", "chat-server", "--dry-run", "--json")
    assert plan["options"]["deployments"] == ["chat-server-blue"]
    (shown,) = prod.json("status", "production", "--json", code=None)["environments"]
    names = {row["name"] for row in shown["rollouts"]}
    assert "chat-server-blue" in names and "chat-server" not in names, "an emptied colour is no row"


def test_promote_and_rollback_there(prod: Cli, own_platform: Any) -> None:
    prod.run("set-image", "staging", "chat-server=:v1.4.1", "--confirm", "staging")
    done = prod.json("promote", "staging", "production", *SURE, "--json")
    assert done["state"] == "done" and colours(own_platform) == {"green"}
    images = {d["metadata"]["name"]: d["spec"]["template"]["spec"]["containers"][0]["image"]
              for d in kubectl(own_platform, APPS)["items"]}  # fmt: skip
    assert images["chat-server-green"].endswith(":v1.4.1")
    done = prod.json("rollback", "production", *SURE, "--json", "--reason", "test")
    assert done["state"] == "done" and colours(own_platform) == {"blue"}


def test_kept_pods_go_when_their_time_is_over(prod: Cli, own_platform: Any) -> None:
    assert prod.run("retire", "production", *SURE).returncode == 0
    assert of_colour(own_platform, "green") == dict.fromkeys(dict(SERVICES), 0)
    for found in prod.json("operations", "list", "--json"):
        if found["kind"] == "retire" and found["state"] == "running":
            prod.run("operations", "cancel", found["id"], code=None)
    change(prod, own_platform)
    prod.run("deploy", "production", *SURE, "--keep", "0.02")
    end = time.monotonic() + 20
    while any(of_colour(own_platform, "blue").values()):
        assert time.monotonic() < end, f"the kept colour was never emptied: {prod.run('operations', 'list').stdout}"
        time.sleep(0.1)
    assert all(of_colour(own_platform, "green").values())
