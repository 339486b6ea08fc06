"""The pipeline end to end on the embedded platform: nested deploys, commands, retries, a killed runner."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.deploy.conftest import hooked, newest
from tests.tools.cli import Cli, make_cli
from veza_tui.operations.outputs import step_output
from veza_tui.operations.store import OperationFiles

pytestmark = pytest.mark.integration

SURE = ("--confirm", "staging")


@pytest.fixture(scope="module")
def line(own_platform: Any) -> Cli:
    """A workspace whose tests pass and whose integration tests wait for a file."""
    cli = make_cli(own_platform)
    path = cli.workspace / "environments" / "deployment-pipeline.yaml"
    text = path.read_text()
    text = text.replace("run_tests: []", 'run_tests: ["sh", "-c", "seq 1 500; echo for $VEZA_ENVIRONMENT"]', 1)
    broken = '["sh", "-c", "test -e mended || { echo integration broken; exit 3; }"]'
    path.write_text(text.replace("run_integration_tests: []", f"run_integration_tests: {broken}"))
    return cli


def states(cli: Cli, operation: str) -> dict[str, str]:
    return {s["id"]: s["state"] for s in cli.operation(operation)["steps"]}


def test_a_failed_step_stops_it_and_its_output_is_kept(line: Cli) -> None:
    manifest = line.workspace / "k8s" / "staging" / "30-backend-api.yaml"
    comments = manifest.read_text().count("#")
    done = line.json("pipeline", "staging", *SURE, "--tag", "v1.4.3", "--json", code=1)
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
    assert "veza/backend-api:v1.4.3" in text and text.count("#") == comments
    nested = [o for o in line.json("operations", "list", "--json") if o["kind"] == "deploy"]
    assert nested[0]["environment"] == "staging" and nested[0]["state"] == "done"
    release = line.json("releases", "staging", "--json")[0]
    assert release["images"]["backend-api"]["backend-api"].endswith(":v1.4.3")
    assert release["reason"] == f"pipeline {done['id']}"


def test_it_goes_on_from_the_step_that_failed(line: Cli) -> None:
    (line.workspace / "mended").touch()
    done = line.json("pipeline", "staging", *SURE, "--from", "run_integration_tests", "--json")
    found = states(line, done["id"])
    assert next(iter(found)) == "run_integration_tests" and set(found.values()) == {"done"}
    assert "targets are up" in str(step_output(OperationFiles(line.operations / done["id"]), "monitoring_verification"))


def test_killed_while_its_deploy_runs_it_finds_it_again(line: Cli) -> None:
    hooked(line, "deploy_to_staging:started:SIGKILL").run(
        "pipeline", "staging", *SURE, "--from", "update_manifests", "--tag", "v1.4.1", code=None
    )
    pipeline = next(o for o in line.json("operations", "list", "--json") if o["kind"] == "pipeline")
    assert pipeline["state"] == "interrupted"
    line.run("operations", "resume", pipeline["id"], *SURE)
    deploys = [o for o in line.json("operations", "list", "--json") if o["kind"] == "deploy"]
    assert len(deploys) == 2 and deploys[0]["state"] == "done", "the same deploy, not another one"
    found = states(line, pipeline["id"])
    assert found["deploy_to_staging"] == "done" and found["performance_tests"] == "done"


def test_a_deploy_that_fails_in_it_gives_its_exit_code(line: Cli) -> None:
    done = line.json("pipeline", "staging", *SURE, "--from", "update_manifests", "--tag", "v1.5.0", "--json", code=7)
    assert "deploy staging" in done["reason"] and "--from deploy_to_staging" in done["reason"]
    assert newest(line) > done["id"]
    line.run("pipeline", "staging", *SURE, "--from", "update_manifests", "--tag", "v1.4.2")


def test_one_to_production_deploys_both(line: Cli) -> None:
    sure = ("--confirm", "production")
    done = line.json("pipeline", "production", *sure, "--tag", "v1.4.1", "--json")
    assert done["state"] == "done"
    kinds = [(o["kind"], o["environment"]) for o in line.json("operations", "list", "--json")]
    assert ("deploy", "production") in kinds[:4] and ("deploy", "staging") in kinds[:4]
    for found in line.json("operations", "list", "--json"):
        if found["kind"] == "retire" and found["state"] == "running":
            line.run("operations", "cancel", found["id"], code=None)
