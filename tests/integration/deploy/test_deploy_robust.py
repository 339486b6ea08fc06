"""Deploys that are killed, hung up, raced, refused, and run against an API that errs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.deploy.conftest import hooked, kubectl, newest, retag
from tests.tools.cli import Cli, make_cli
from veza_tui.model.errors import VezaError

pytestmark = pytest.mark.integration

APPS = "/apis/apps/v1/namespaces/veza-development/deployments"


@pytest.fixture(scope="module")
def dev(own_platform: Any) -> Cli:
    cli = make_cli(own_platform)
    cli.run("deploy", "development", "--yes")
    return cli


def images(platform: Any) -> set[str]:
    found = kubectl(platform, APPS)["items"]
    return {d["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2] for d in found}


def test_every_step_killed_and_resumed(dev: Cli, own_platform: Any) -> None:
    retag(dev, "development", "v1.4.1")
    steps = ["validate", "vars", "check", "apply", "rollout", "record"]
    hooked(dev, "validate:running:SIGKILL").run("deploy", "development", "--yes", code=None)
    operation = newest(dev)
    for step, following in zip(steps, [*steps[1:], "none"], strict=True):
        last = [e for e in dev.journal(operation) if e["type"] == "step"][-1]
        assert (last["step"], last["data"]["state"]) == (step, "running")
        signals = f"{following}:running:SIGKILL"
        hooked(dev, signals).run("operations", "resume", operation, "--yes", "--take-over", code=None)
    assert dev.operation(operation)["state"] == "done" and images(own_platform) == {"v1.4.1"}
    newest_release = dev.json("releases", "development", "--json")[0]
    assert newest_release["operation"] == operation and newest_release["good"]


def test_killed_between_steps_nothing_runs_twice(dev: Cli, own_platform: Any) -> None:
    retag(dev, "development", "v1.4.2")
    hooked(dev, "apply:done:SIGKILL").run("deploy", "development", "--yes", code=None)
    assert images(own_platform) == {"v1.4.2"}, "applied, and the journal says so"
    operation = newest(dev)
    dev.run("operations", "resume", operation, "--yes", "--take-over")
    runs = [e for e in dev.journal(operation) if e["type"] == "step" and e["step"] == "apply"]
    assert [e["data"]["state"] for e in runs] == ["running", "done"]


def test_hung_up_at_every_step_it_goes_on(dev: Cli) -> None:
    retag(dev, "development", "v1.4.1")
    hooked(dev, "*:running:SIGHUP").run("deploy", "development", "--yes")


def test_a_second_one_is_told_who_holds_it(dev: Cli) -> None:
    retag(dev, "development", "v1.4.2")
    hooked(dev, "rollout:running:SIGSTOP").run("deploy", "development", "--yes", "--detach")
    operation = newest(dev)
    try:
        end = time.monotonic() + 20
        while not any(e.get("step") == "rollout" for e in dev.journal(operation)) and time.monotonic() < end:
            time.sleep(0.05)
        refused = dev.run("restart", "development", "chat-server", "--yes", code=5)
        assert operation in refused.stderr and "since" in refused.stderr
    finally:
        os.kill(int(dev.operation(operation)["pid"]), signal.SIGCONT)
    assert dev.run("operations", "attach", operation).returncode == 0


@pytest.mark.parametrize(
    "faults",
    [
        [
            {"kind": "error", "status": 500, "fraction": 0.15, "remaining": 12},
            {"kind": "reset", "fraction": 0.1, "remaining": 8},
        ],
        [{"kind": "throttle", "retry_after": 1, "fraction": 0.1, "remaining": 4}],
        [
            {"kind": "error", "status": 409, "method": "PATCH", "remaining": 3, "path": "/deployments/"},
            {"kind": "error", "status": 409, "method": "PUT", "remaining": 3, "path": "/leases/"},
        ],
    ],
    ids=["500-and-reset", "429", "409"],
)
def test_an_api_that_errs_half_way(dev: Cli, own_platform: Any, faults: list[dict[str, Any]]) -> None:
    tag = "v1.4.1" if images(own_platform) == {"v1.4.2"} else "v1.4.2"
    retag(dev, "development", tag)
    for fault in faults:
        own_platform.control.ask("api", action="fault", **{"path": "", **fault})
    try:
        done = dev.json("deploy", "development", "--yes", "--json")
    finally:
        own_platform.control.ask("api", action="clear")
    assert done["state"] == "done" and images(own_platform) == {tag}


def test_a_database_that_is_down_is_told_in_time_and_taken_back(dev: Cli, own_platform: Any) -> None:
    before = images(own_platform)
    retag(dev, "development", "v1.4.3")
    with own_platform.control.incident("db-down"):
        done = dev.json("deploy", "development", "--yes", "--json", "--timeout", "4", code=None)
    assert done["exit"] in (1, 4, 7) and done["state"] in ("failed", "rolled-back")
    if done["state"] == "failed":
        assert done["left"], "what is left is said"
    (tag,) = before
    retag(dev, "development", tag)
    dev.run("deploy", "development", "--yes")


async def test_what_drifts_between_confirmation_and_run_voids_the_plan(
    dev: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("KUBECONFIG", "XDG_STATE_HOME"):
        monkeypatch.setenv(key, dev.environment[key])
    from veza_tui import wiring
    from veza_tui.operations.deploy.plan import deploy_planner

    world = wiring.open_world(dev.workspace, read_only=False)
    try:
        service = wiring.operations_service(world)
        retag(dev, "development", "v1.4.3")
        preview = await service.plan("development", deploy_planner())
        retag(dev, "development", "v1.5.0")
        with pytest.raises(VezaError, match="void: changed since it was made: k8s/development"):
            await service.start(preview, confirmed="test")
        retag(dev, "development", "v1.4.3")
        preview = await service.plan("development", deploy_planner())
        dev.run("set-image", "development", "chat-server=:v1.4.3", "--yes")
        with pytest.raises(VezaError, match="void"):
            await service.start(preview, confirmed="test")
    finally:
        await world.close()


@pytest.mark.parametrize(
    ("edit", "code", "words"),
    [
        (lambda text: text.replace('value: "8081"', 'value: "${NO_SUCH_THING}"'), 6, "NO_SUCH_THING"),
        (lambda text: text.replace("containers:", "containerz:"), 6, "containers: is required"),
        (lambda text: text.replace("kind: Deployment", "kind: Frobnicator"), 6, "no Deployment chat-server"),
        (lambda text: text + "\n  - ]broken", 6, "40-chat-server.yaml"),
        (
            lambda text: re.sub(r"limits:\n(\s+)cpu: \S+", r"limits:\n\1cpu: nonsense", text, count=1),
            6,
            "resources.limits.cpu: is not",
        ),
    ],
)
def test_what_is_wrong_in_the_files_is_found_before_anything_is_written(
    dev: Cli, own_platform: Any, edit: Any, code: int, words: str
) -> None:
    path = dev.workspace / "k8s" / "development" / "40-chat-server.yaml"
    text = path.read_text()
    before = {d["metadata"]["name"]: d["metadata"]["resourceVersion"] for d in kubectl(own_platform, APPS)["items"]}
    assert edit(text) != text
    path.write_text(edit(text))
    try:
        done = dev.run("deploy", "development", "--yes", code=None)
    finally:
        path.write_text(text)
    assert done.returncode in (2, code) and words in done.stderr, done.stderr
    after = {d["metadata"]["name"]: d["metadata"]["resourceVersion"] for d in kubectl(own_platform, APPS)["items"]}
    assert {n: v for n, v in after.items() if n in before} == before


def as_user(cli: Cli, platform: Any, user: str, folder: Path) -> Cli:
    """The same workspace with another user of the demo's cluster."""
    config = yaml.safe_load(platform.kubeconfig.read_text())
    for context in config["contexts"]:
        context["context"]["user"] = user
    path = folder / f"kubeconfig-{user}"
    path.write_text(yaml.safe_dump(config))
    return Cli(cli.workspace, {**cli.environment, "KUBECONFIG": str(path), "XDG_STATE_HOME": str(folder / user)})


def test_a_viewer_is_told_every_permission_that_is_missing(dev: Cli, own_platform: Any, tmp_path: Path) -> None:
    retag(dev, "development", "v1.4.2")
    viewer = as_user(dev, own_platform, "viewer", tmp_path)
    done = viewer.run("restart", "development", "chat-server", "--yes", code=6)
    assert "patch apps/deployments in veza-development" in done.stderr
    assert "create coordination.k8s.io/leases in veza-development" in done.stderr
    assert viewer.run("deploy", "development", "--yes", code=6).stderr.count("veza-tui:") == 1


def test_the_first_deploy_makes_its_namespace(own_platform: Any) -> None:
    cli = make_cli(own_platform)
    for folder in ("environments", "k8s", "secrets"):
        for path in (cli.workspace / folder).rglob("*"):
            if path.is_file() and "pipeline" not in path.name:
                path.write_text(path.read_text().replace("veza-development", "veza-fresh"))
    plan = cli.run("deploy", "development", "--dry-run")
    assert "does not exist yet" in plan.stdout
    done = cli.json("deploy", "development", "--yes", "--json", "--timeout", "20", code=None)
    assert done["state"] in ("done", "failed", "rolled-back")
    found = kubectl(own_platform, "/api/v1/namespaces/veza-fresh")
    assert found["metadata"]["name"] == "veza-fresh"
    shutil.rmtree(cli.workspace)
