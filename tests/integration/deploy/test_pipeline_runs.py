"""The pipeline end to end on the embedded platform: nested deploys, commands, retries, a killed runner."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.deploy.conftest import hooked, newest, other_tags
from tests.tools.cli import Cli, make_cli
from veza_tui.operations.outputs import step_output
from veza_tui.operations.store import OperationFiles

pytestmark = pytest.mark.integration

SURE = ("--confirm", "staging")
ON_PURPOSE = ("--skip-gates", "another tag, only the deploy matters here")


@pytest.fixture(scope="module")
def line(own_platform: Any) -> Cli:
    """A workspace whose tests pass and whose integration tests wait for a file; latencies on a loaded machine pass."""
    cli = make_cli(own_platform)
    path = cli.workspace / "environments" / "deployment-pipeline.yaml"
    text = path.read_text()
    text = text.replace("run_tests: []", 'run_tests: ["sh", "-c", "seq 1 500; echo for $VEZA_ENVIRONMENT"]', 1)
    broken = '["sh", "-c", "test -e mended || { echo integration broken; exit 3; }"]'
    text = text.replace("run_integration_tests: []", f"run_integration_tests: {broken}")
    for key, value in (("requests", 10), ("floor_ms", 60_000), ("errors_percent", 20)):
        text, count = re.subn(rf"{key}: \d+", f"{key}: {value}", text)
        assert count == 1
    path.write_text(text)
    return cli


@pytest.fixture(scope="module")
def tags(own_platform: Any) -> list[str]:
    """Three tags; the first two do not run in staging before."""
    return other_tags(own_platform, "staging")


def states(cli: Cli, operation: str) -> dict[str, str]:
    return {s["id"]: s["state"] for s in cli.operation(operation)["steps"]}


def deploys(cli: Cli) -> list[dict[str, Any]]:
    return [o for o in cli.json("operations", "list", "--json") if o["kind"] == "deploy"]


def test_a_failed_step_stops_it_and_its_output_is_kept(line: Cli, tags: list[str]) -> None:
    manifest = line.workspace / "k8s" / "staging" / "30-backend-api.yaml"
    comments = manifest.read_text().count("#")
    done = line.json("pipeline", "staging", *SURE, "--tag", tags[0], "--json", code=1)
    found = states(line, done["id"])
    assert found["run_tests"] == found["deploy_to_staging"] == "done"
    assert found["build_images"] == "skipped", "not configured is never passed"
    assert found["run_integration_tests"] == "failed" and found["health_checks"] == "pending"
    assert "deploy_to_production" not in found
    assert "exit code 3" in done["reason"]
    files = OperationFiles(line.operations / done["id"])
    assert step_output(files, "run_tests")[-2:] == ["500", "for staging"]
    assert "integration broken" in step_output(files, "run_integration_tests")
    text = manifest.read_text()
    assert f"veza/backend-api:{tags[0]}" in text and text.count("#") == comments
    (nested,) = deploys(line)
    assert nested["environment"] == "staging" and nested["state"] == "done"
    release = line.json("releases", "staging", "--json")[0]
    assert release["images"]["backend-api"]["backend-api"].endswith(f":{tags[0]}")
    assert release["reason"] == f"pipeline {done['id']}"


def test_it_goes_on_from_the_step_that_failed_and_past_no_gate_that_never_passed(line: Cli) -> None:
    (line.workspace / "mended").touch()
    refused = line.run("pipeline", "staging", "--from", "health_checks", "--dry-run", code=6)
    assert "run_integration_tests never passed for" in refused.stderr and "--skip-gates" in refused.stderr
    done = line.json("pipeline", "staging", *SURE, "--from", "run_integration_tests", "--json")
    found = states(line, done["id"])
    assert next(iter(found)) == "run_integration_tests" and set(found.values()) == {"done"}
    assert "targets are up" in str(step_output(OperationFiles(line.operations / done["id"]), "monitoring_verification"))


def test_killed_while_its_deploy_runs_it_finds_it_again(line: Cli, tags: list[str]) -> None:
    before = len(deploys(line))
    hooked(line, "deploy_to_staging:started:SIGKILL").run(
        "pipeline", "staging", *SURE, "--from", "update_manifests", "--tag", tags[1], *ON_PURPOSE, code=None
    )
    pipeline = next(o for o in line.json("operations", "list", "--json") if o["kind"] == "pipeline")
    assert pipeline["state"] == "interrupted"
    line.run("operations", "resume", pipeline["id"], *SURE)
    assert [o["state"] for o in deploys(line)][:-before] == ["done"], "the same deploy, not another one"
    found = states(line, pipeline["id"])
    assert found["deploy_to_staging"] == "done" and found["performance_tests"] == "done"
    loud = [r for r in line.json("audit", "--json", "-n", "200") if r["type"] == "skipped-gates"]
    assert loud and "another tag" in loud[-1]["detail"]


def test_a_deploy_that_fails_in_it_gives_its_exit_code(line: Cli) -> None:
    done = line.json(
        "pipeline", "staging", *SURE, "--from", "update_manifests", "--tag", "v1.5.0", *ON_PURPOSE, "--json", code=7
    )
    assert "deploy staging" in done["reason"] and "--from deploy_to_staging" in done["reason"]
    assert newest(line) > done["id"]


def test_one_to_production_deploys_both(line: Cli, own_platform: Any) -> None:
    tag = next(t for t in other_tags(own_platform, "production") if t in other_tags(own_platform, "staging"))
    done = line.json("pipeline", "production", "--confirm", "production", "--tag", tag, "--json")
    assert done["state"] == "done"
    kinds = [(o["kind"], o["environment"]) for o in line.json("operations", "list", "--json")]
    assert ("deploy", "production") in kinds[:4] and ("deploy", "staging") in kinds[:4]
    for found in line.json("operations", "list", "--json"):
        if found["kind"] == "retire" and found["state"] == "running":
            line.run("operations", "cancel", found["id"], code=None)
