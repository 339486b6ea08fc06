"""The pipeline's pure side: its plan, the scan, manifests rewritten, measures compared."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.journal import JournalEvent
from veza_tui.model.plan import Plan, Target
from veza_tui.operations.journal import Journal
from veza_tui.operations.pipeline.earlier import earlier_baseline, passed_before
from veza_tui.operations.pipeline.manifests import rewritten
from veza_tui.operations.pipeline.plan import pipeline_plan
from veza_tui.operations.pipeline.probe import (
    compare,
    monitoring_verification,
    performance_tests,
    targets_down,
)
from veza_tui.operations.pipeline.scan import scan_object
from veza_tui.resources import shipped
from veza_tui.workspace.load import Workspace, load_workspace
from veza_tui.workspace.pipeline import Performance

REQUESTS = Performance().requests
TARGET = Target("production", "veza-production", "https://k", "uid")


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return load_workspace(shipped("environments").parent)


def actions(workspace: Workspace, name: str, **options: str) -> dict[str, str]:
    plan = pipeline_plan(workspace.pipeline, workspace.environment(name), TARGET, **options)  # type: ignore[arg-type]
    return {step.id: step.action for step in plan.steps}


def test_every_step_of_the_guide_is_there_and_an_unconfigured_one_never_looks_passed(workspace: Workspace) -> None:
    found = actions(workspace, "production")
    assert list(found) == list(workspace.pipeline.steps)
    assert {s for s, a in found.items() if a == "pipeline.not_configured"} == {
        "run_tests", "build_images", "push_images", "run_integration_tests",
    }  # fmt: skip


def test_a_pipeline_to_staging_never_reaches_production(workspace: Workspace) -> None:
    found = actions(workspace, "staging")
    assert "deploy_to_staging" in found and "deploy_to_production" not in found


def test_it_starts_again_at_the_failed_step_when_the_gates_before_it_passed(workspace: Workspace) -> None:
    pipeline, env = workspace.pipeline, workspace.environment("staging")
    gates = {"validate_configuration", "security_scan", "update_manifests", "deploy_to_staging"}

    def begun(passed: set[str], **more: str) -> Plan:
        return pipeline_plan(pipeline, env, TARGET, from_step="health_checks", tag="v9", passed=passed, **more)  # type: ignore[arg-type]

    plan = begun(gates)
    assert plan.steps[0].id == "health_checks" and "skipped_gates" not in plan.options
    with pytest.raises(RefusedError, match="cannot begin at health_checks: security_scan never passed for tag v9"):
        begun(gates - {"security_scan"})
    plan = begun(gates - {"security_scan"}, skip_gates="the scanner is down")
    assert plan.options["skipped_gates"] == ["security_scan"]
    assert any("SKIPPED ON PURPOSE" in n and "the scanner is down" in n for n in plan.notes)
    with pytest.raises(ConfigError, match="no step"):
        actions(workspace, "production", from_step="nonsense")


def test_the_pipeline_itself_takes_no_lock_because_its_deploys_do(workspace: Workspace) -> None:
    plan = pipeline_plan(workspace.pipeline, workspace.environment("production"), TARGET)
    assert plan.options["lock"] is False
    assert any(step.mutates for step in plan.steps)


def test_the_shipped_manifests_pass_the_scan(workspace: Workspace) -> None:
    for name in ("development", "staging", "production"):
        for manifest in workspace.manifests(name):
            assert list(scan_object(manifest.object)) == []


def container(**changes: object) -> dict[str, object]:
    good = {
        "name": "c",
        "image": "a/b:v1",
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "readinessProbe": {},
        "livenessProbe": {},
    }
    return {**good, **changes}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"image": "a/b"}, "no tag"),
        ({"image": "a/b:latest"}, "no tag"),
        ({"image": "host:5000/a/b"}, "no tag"),
        ({"securityContext": {"privileged": True}}, "privileged"),
        ({"resources": {"limits": {"cpu": "1"}}}, "memory limit"),
        ({"image": "a/b@sha256:" + "0" * 64}, ""),
        ({"readinessProbe": None}, "no readinessProbe"),
        ({"livenessProbe": None}, "no livenessProbe"),
        ({"resources": None}, "no cpu limit"),
        ({"image": "a/b:stable"}, "no tag"),
        ({"securityContext": {"allowPrivilegeEscalation": True}}, "gain privileges"),
        ({"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}, "as good as privileged"),
        ({"env": [{"name": "DATABASE_URL", "value": "postgres://veza:hunter2@db/veza"}]}, "plain text"),
        ({"env": [{"name": "DATABASE_URL", "value": "postgres://veza:${DB_PASSWORD}@db/veza"}]}, ""),
        (
            {
                "env": [
                    {"name": "DB_PASSWORD", "value": "${DB_PASSWORD}"},
                    {"name": "TOKEN_TTL", "value": "3600"},
                    {"name": "PASSWORD_FILE", "value": "/run/secrets/p"},
                    {"name": "JWT_SECRET", "valueFrom": {}},
                ]
            },
            "",
        ),
        ({"env": [{"name": "API_KEY", "value": "hunter2"}]}, "plain text"),
    ],
)
def test_the_scan_names_what_is_wrong(changes: dict[str, object], word: str) -> None:
    pod = {"template": {"spec": {"containers": [container(**changes)]}}}
    found = list(scan_object({"kind": "Deployment", "metadata": {"name": "d"}, "spec": pod}))
    assert any(word in line for line in found) if word else found == []
    assert all("hunter2" not in line for line in found)


def test_a_secret_with_a_value_in_the_file_is_found() -> None:
    assert list(scan_object({"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "dg=="}}))
    assert not list(scan_object({"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "${K}"}}))


def test_a_configmap_with_a_secret_and_a_pod_on_the_nodes_disk_are_found() -> None:
    data = {"LOG_LEVEL": "info", "API_TOKEN": "hunter2", "CERT": "-----BEGIN RSA PRIVATE KEY-----\nhunter2"}
    found = list(scan_object({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}))
    assert [("API_TOKEN" in line, "CERT" in line) for line in found] == [(True, False), (False, True)]
    assert all("hunter2" not in line for line in found)
    job = {"volumes": [{"name": "v", "hostPath": {"path": "/"}}], "hostPID": True, "containers": [container()]}
    spec = {"jobTemplate": {"spec": {"template": {"spec": job}}}}
    found = list(scan_object({"kind": "CronJob", "metadata": {"name": "j"}, "spec": spec}))
    assert len(found) == 2 and "hostPID" in found[0] and "hostPath" in found[1]


def test_manifests_are_rewritten_with_their_comments(workspace: Workspace) -> None:
    environment = workspace.environment("staging")
    path = Path(workspace.manifests_path("staging")) / "30-backend-api.yaml"
    text = path.read_text()
    assert rewritten(text, environment, "") == (text, [])
    new, lines = rewritten(text.replace("replicas: 2", "replicas: 7  # by hand"), environment, "v9.9.9")
    assert any("replicas 7 → 2" in line for line in lines) and any("v9.9.9" in line for line in lines)
    assert "# by hand" in new and "veza/backend-api:v9.9.9" in new
    assert new.count("#") >= text.count("#")


def test_worse_than_before_is_told_and_trembling_is_not() -> None:
    before = {"a": {"median": 0.010, "p95": 0.020, "errors": 0.0}}
    assert compare(before, {"a": {"median": 0.040, "p95": 0.049, "errors": 0.0}}) == []
    assert compare(before, {"a": {"median": 0.200, "p95": 0.300, "errors": 0.0}})
    assert compare(before, {"a": {"median": 0.010, "p95": 0.020, "errors": 0.5}})
    assert compare({}, {"a": {"median": 9.0, "p95": 9.0, "errors": 0.0}}) == []
    wide = Performance(slower_percent=3000, floor_ms=0, errors_percent=50)
    assert compare(before, {"a": {"median": 0.200, "p95": 0.300, "errors": 0.5}}, wide) == []
    assert compare(before, {"a": {"median": 0.200, "p95": 0.601, "errors": 0.5}}, wide) == [
        "a: 95th percentile 601 ms, was 20 ms, 600 ms allowed"
    ]


class Measured:
    """What performance_tests asks of its context: one service whose latencies (seconds) come measure by measure."""

    def __init__(self, *latencies: float) -> None:
        self.left, self.asked, self.said = list(latencies), 0, list[str]()
        service = SimpleNamespace(name="a", port=1, health_path="/")
        place = SimpleNamespace(namespace="n")
        self.environment = SimpleNamespace(services=[service], kubernetes=place)
        self.plan = SimpleNamespace(steps=[SimpleNamespace(id="baseline")], options={})
        self.cluster = self
        self.report = SimpleNamespace(output=self.said.append, progress=lambda *_: None)

    def notes(self, step: str) -> list[dict[str, object]]:
        return [{"baseline": {"a": {"median": 0.030, "p95": 0.040, "errors": 0.0}}}]

    async def proxy_get(self, *_: object) -> SimpleNamespace:
        self.asked += 1
        return SimpleNamespace(seconds=self.left[(self.asked - 1) // REQUESTS], status=200)


async def test_a_burst_is_measured_again_and_no_regression() -> None:
    context = Measured(0.500, 0.031)
    await performance_tests(context, None)  # type: ignore[arg-type]
    assert context.asked == 2 * REQUESTS
    assert any("measured again" in line for line in context.said)


async def test_what_stays_worse_fails_the_step() -> None:
    context = Measured(0.500, 0.400, 0.300)
    with pytest.raises(
        VezaError, match="worse than before the deploy, 3 times measured: a: median 300 ms, was 30 ms, 60 ms allowed"
    ):
        await performance_tests(context, None)  # type: ignore[arg-type]


def test_prometheus_targets_that_are_down_are_named() -> None:
    body = b'{"data":{"activeTargets":[{"health":"up"},{"health":"down","labels":{"job":"chat-server"}}]}}'
    assert targets_down(body) == (["chat-server"], 2)
    assert targets_down(b"<html>")[0]


def targets(*healths: str) -> bytes:
    found = [{"labels": {"job": f"job{i}"}, "health": health} for i, health in enumerate(healths)]
    return json.dumps({"data": {"activeTargets": found}}).encode()


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([targets("up", "unknown"), targets("up", "up")], ""),
        ([targets("up", "down")], "job1"),
        ([targets()], "no targets"),
        ([b"<html>"], "cannot be read"),
    ],
)
async def test_monitoring_is_verified_when_every_target_is_up(answers: list[bytes], problem: str) -> None:
    """A new pod has a scrape interval's time; a target that stays down, or none at all, fails the step."""
    asked: list[str] = []
    seconds = [0.0]

    async def proxy_get(namespace: str, service: str, port: int, path: str) -> SimpleNamespace:
        asked.append(path)
        body = b"ok" if "targets" not in path else answers[min(asked.count(path), len(answers)) - 1]
        return SimpleNamespace(status=200, body=body)

    async def sleep(by: float) -> None:
        seconds[0] += by

    context: Any = SimpleNamespace(
        environment=SimpleNamespace(monitoring=SimpleNamespace(enabled=True, prometheus_port=9090, grafana_port=3000)),
        cluster=SimpleNamespace(proxy_get=proxy_get),
        clock=SimpleNamespace(monotonic=lambda: seconds[0], sleep=sleep),
        report=SimpleNamespace(output=lambda line: None, progress=lambda *a: None),
        cancelled=lambda: 0,
    )
    step: Any = None
    if problem:
        with pytest.raises(VezaError, match=problem):
            await monitoring_verification(context, step)
        assert seconds[0] >= 45
    else:
        assert await monitoring_verification(context, step) == {"targets": 2}
        assert seconds[0] == 2.0


def past_run(
    state: Path,
    number: int,
    environment: str,
    baseline: dict[str, Any] | None,
    kind: str = "pipeline",
    options: dict[str, Any] | None = None,
    **steps: dict[str, Any],
) -> None:
    folder = state / "operations" / f"20261123t15010{number}000-abcde{number}"
    folder.mkdir(parents=True)
    plan = Plan(kind, Target(environment, "ns", "https://k", "uid"), "t", (), options=options or {})
    (folder / "plan.json").write_text(json.dumps(plan.to_json()))
    journal = Journal(folder / "journal.jsonl")
    journal.append(
        JournalEvent(
            "note", 1.0, "validate_configuration", {"text": "x", **({"baseline": baseline} if baseline else {})}
        )
    )
    for step, data in steps.items():
        journal.append(JournalEvent("step", 2.0, step, data))
    journal.close()


def test_what_passed_before_is_of_this_commit_and_tag_and_the_newest_word_counts(tmp_path: Path) -> None:
    one = {"commit": "c1", "tag": "v1"}
    done, failed = {"state": "done"}, {"state": "failed"}
    past_run(tmp_path, 1, "staging", None, options=one, run_tests=done, security_scan=done, deploy_to_staging=failed)
    skipped = {"state": "skipped", "result": {"skipped": "monitoring is disabled"}}
    none = {"state": "skipped", "result": {"skipped": "not configured"}}
    past_run(tmp_path, 2, "staging", None, options=one, security_scan=failed, deploy_to_staging=done, build_images=none,
             monitoring_verification=skipped, health_checks={"state": "running"})  # fmt: skip
    past_run(tmp_path, 3, "staging", None, options={"commit": "c2", "tag": "v1"}, security_scan=done)
    past_run(tmp_path, 4, "staging", None, options={"commit": "c1", "tag": "v2"}, health_checks=done)
    past_run(tmp_path, 5, "production", None, options=one, health_checks=done)
    found = passed_before(tmp_path, "staging", "c1", "v1")
    assert found.steps == {"run_tests", "deploy_to_staging", "monitoring_verification"}
    assert passed_before(tmp_path, "staging", "c1", "").tag == "v2", "that of the newest run"
    assert passed_before(tmp_path, "staging", "c9", "v1").steps == frozenset()


def test_a_run_that_begins_after_the_deploy_compares_with_what_was_measured_before_it(tmp_path: Path) -> None:
    good = {"a": {"median": 0.010, "p95": 0.020, "errors": 0.0}}
    assert earlier_baseline(tmp_path, "staging") == {} == earlier_baseline(None, "staging")
    past_run(tmp_path, 1, "staging", {"a": {"median": 9.0}})
    past_run(tmp_path, 2, "staging", good)
    past_run(tmp_path, 3, "staging", None)
    past_run(tmp_path, 4, "production", {"b": {}})
    past_run(tmp_path, 5, "staging", {"c": {}}, kind="deploy")
    (tmp_path / "operations" / "20261123t150109000-abcde9").mkdir()
    assert earlier_baseline(tmp_path, "staging") == good


async def test_a_retried_measure_does_not_pass_for_want_of_a_before() -> None:
    context = Measured(0.500, 0.500, 0.500)
    context.notes = lambda step: []  # type: ignore[method-assign]
    context.plan.options = {"baseline": {"a": {"median": 0.030, "p95": 0.040, "errors": 0.0}}}
    with pytest.raises(VezaError, match="worse than before"):
        await performance_tests(context, None)  # type: ignore[arg-type]
