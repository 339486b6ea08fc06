"""Environments side by side, and one with its files: what differs, what is secret, what may not be read."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from inspect_objects import container, deployment

from tests.tools.clusters import MemoryCluster
from tests.tools.synthetic import environment
from veza_tui.model.environment import Autoscaling, KubernetesTarget, Resources, Service
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.operations.audit import AuditLog
from veza_tui.operations.inspect.compare import compare, comparison_json
from veza_tui.operations.inspect.drift import drift_rows
from veza_tui.operations.inspect.facts import Facts, gather
from veza_tui.operations.inspect.reveal import reveal_secret
from veza_tui.ports.cluster import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    SECRETS,
    ClusterUnreachable,
    Denied,
)
from veza_tui.tui.presentation.compare import compare_columns, compare_rows
from veza_tui.tui.presentation.compare import drift_rows as painted
from veza_tui.tui.presentation.glyphs import UNICODE

SALT = b"salt"


def env(name: str) -> Any:
    service = Service("backend_api", "backend-api", 8080, 2, Resources("1", "1Gi"), deployment="backend-api")
    return replace(environment(name), services=(service,), kubernetes=KubernetesTarget("c", "ns"))


async def cluster(password: str = "hunter2", level: str = "info", cpu: str = "1", **more: Any) -> MemoryCluster:
    made = MemoryCluster()
    obj = deployment()
    obj["metadata"]["namespace"] = "ns"
    one = container(
        envFrom=[{"configMapRef": {"name": "c"}}],
        env=[
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}},
            {"name": "LITERAL_TOKEN", "value": "tok-123"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "nope"}}},
        ],
    )
    one["resources"]["requests"]["cpu"] = cpu
    obj["spec"]["template"]["spec"]["containers"] = [one]
    await made.create(DEPLOYMENTS, obj, "ns")
    data = {"LOG_LEVEL": level, "URL": "postgres://u:sesame@db/x", **more}
    await made.create(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": data}, "ns")
    value = base64.b64encode(password.encode()).decode()
    await made.create(SECRETS, {"metadata": {"name": "s"}, "data": {"p": value}}, "ns")
    return made


async def facts(name: str, **changes: Any) -> Facts:
    return await gather(await cluster(**changes), env(name), SALT)  # type: ignore[arg-type]


async def test_differences_come_first_and_equal_quantities_are_equal() -> None:
    found = compare([await facts("a"), await facts("b", level="debug", cpu="1000m", EXTRA="1")])
    assert [(r.name, [c.text for c in r.cells]) for r in found.rows if not r.same] == [
        ("EXTRA", ["", "1"]),
        ("LOG_LEVEL", ["info", "debug"]),
    ]
    assert found.rows[0].cells[0].present is False
    assert (found.exit, found.different) == (Exit.FAILED, 2)
    assert compare([await facts("a"), await facts("b")]).exit is Exit.DONE


async def test_a_secrets_value_is_nowhere_only_whether_it_is_equal() -> None:
    three = [await facts("a"), await facts("b"), await facts("c", password="other")]
    found = compare(three)
    row = next(r for r in found.rows if r.name == "DB_PASSWORD")
    assert [c.text for c in row.cells] == ["secret, differs (A)", "secret, differs (A)", "secret, differs (B)"]
    literal = next(r for r in found.rows if r.name == "LITERAL_TOKEN")
    assert [c.text for c in literal.cells] == ["secret, equal"] * 3
    everything = f"{comparison_json(found)} {found} {three} {compare_rows(found, '', UNICODE)}"
    for value in ("hunter2", "other", "tok-123", "sesame", base64.b64encode(b"hunter2").decode()):
        assert value not in everything
    assert next(r for r in found.rows if r.name == "URL").cells[0].text == "postgres://u:•••@db/x"


async def test_secrets_that_may_not_be_read_are_neither_equal_nor_different() -> None:
    poor = await cluster(password="x")
    poor.faults[("list", "secrets")] = [Denied("no", status=403)]
    found = compare([await facts("a"), await gather(poor, env("b"), SALT)])  # type: ignore[arg-type]
    row = next(r for r in found.rows if r.name == "DB_PASSWORD")
    assert row.same
    assert row.cells[1].known is False
    assert found.problems[0][0] == "b"
    assert found.exit is Exit.DONE


async def test_an_environment_that_does_not_answer_has_no_say() -> None:
    away = MemoryCluster()
    away.faults[("get", "services")] = [ClusterUnreachable("no route")]
    found = compare([await facts("a"), await facts("b"), await gather(away, env("c"), SALT)])  # type: ignore[arg-type]
    assert found.environments == ("a", "b")
    assert found.exit is Exit.UNREACHABLE
    assert found.problems == (("c", "no route"),)


async def test_what_runs_beside_a_service_is_compared_though_its_name_begins_alike_but_a_kept_colour_is_not() -> None:
    found = []
    for name, image in (("a", "veza/worker:1"), ("b", "veza/worker:2")):
        made = await cluster()
        for beside in ("backend-api-worker", "backend-api-green"):
            obj = deployment()
            obj["metadata"].update(name=beside, namespace="ns")
            obj["spec"]["template"]["spec"]["containers"] = [container(image=image)]
            await made.create(DEPLOYMENTS, obj, "ns")
        found.append(await gather(made, env(name), SALT))  # type: ignore[arg-type]
    different = [(r.services, [c.text for c in r.cells]) for r in compare(found).rows if not r.same]
    assert different == [(("backend-api-worker",), ["veza/worker:1", "veza/worker:2"])]


async def test_rows_fit_their_columns() -> None:
    found = compare([await facts("a"), await facts("b", level="debug")])
    columns = compare_columns(found.environments)
    assert all(len(row.cells) == len(columns) for row in compare_rows(found, "", UNICODE))
    assert [row.cells[0].text for row in compare_rows(found, "LOG", UNICODE)] == ["LOG_LEVEL"]


def manifest(cpu: str = "1000m", **spec: Any) -> dict[str, Any]:
    one = container()
    one["resources"] = {"requests": {"cpu": cpu, "memory": "1Gi"}, "limits": {"cpu": cpu, "memory": "1Gi"}}
    obj = deployment(**spec)
    obj["spec"]["template"]["spec"]["containers"] = [one]
    return obj


def test_the_three_agree_when_they_mean_the_same() -> None:
    rows = drift_rows(env("production"), [(manifest(), manifest(cpu="1"))])
    assert all(row.same for row in rows)
    cpu = next(r for r in rows if r.path.endswith("requests.cpu"))
    assert (cpu.file, cpu.manifest, cpu.live) == ("1", "1000m", "1")


def test_each_place_that_differs_is_named_first() -> None:
    live = manifest(cpu="2", replicas=5)
    rows = drift_rows(env("production"), [(manifest(), live)])
    assert [r.path for r in rows if not r.same] == [
        "spec.replicas",
        "spec.template.spec.containers[backend-api].resources.limits.cpu",
        "spec.template.spec.containers[backend-api].resources.requests.cpu",
    ]
    assert (rows[0].file, rows[0].manifest, rows[0].live) == ("2", "2", "5")
    assert not any(row.same for row in rows[:3])
    assert len(rows) > 3


def test_what_the_autoscaler_decides_is_no_drift() -> None:
    scale = {"kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v2", "metadata": {"name": "backend-api"},
             "spec": {"minReplicas": 3, "maxReplicas": 9, "scaleTargetRef": {"name": "backend-api"}}}  # fmt: skip
    auto = env("production")
    service = replace(auto.services[0], autoscaling=Autoscaling(3, 10, 70))
    pairs = [(manifest(), manifest(replicas=5)), (scale, scale)]
    rows = drift_rows(replace(auto, services=(service,)), pairs)
    assert [(r.object, r.path, r.file, r.live) for r in rows if not r.same] == [
        ("HorizontalPodAutoscaler/backend-api", "spec.maxReplicas", "10", "9")
    ]


def test_set_by_hand_missing_and_secret() -> None:
    live = manifest()
    live["spec"]["minReadySeconds"] = 5
    live["metadata"]["managedFields"] = [
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:minReadySeconds": {}}}}
    ]
    secret = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "data": {"p": "aGk="}}
    other = {**secret, "data": {"p": "aG8="}}
    config = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c"}, "data": {"a": "1"}}
    rows = drift_rows(env("production"), [(manifest(), live), (secret, other), (config, None)])
    bad = [(r.object, r.path, r.manifest, r.live, r.by) for r in rows if not r.same]
    assert bad == [
        ("Deployment/backend-api", "spec.minReadySeconds", None, "5", "kubectl-edit"),
        ("Secret/s", "data.p", "secret", "secret, differs", ""),
        ("ConfigMap/c", "", "present", "missing", ""),
    ]
    assert "aGk=" not in str(rows) + str(painted(type("D", (), {"rows": rows})(), "", UNICODE))  # type: ignore[arg-type]


class Allowing:
    def __init__(self, yes: bool) -> None:
        self.yes = yes

    async def allowed(self, needs: Any) -> list[bool]:
        return [self.yes for _ in needs]


async def test_revealing_is_audited_and_refused_to_who_may_not_read(tmp_path: Any) -> None:
    from tests.tools.clocks import FakeClock

    audit = AuditLog(tmp_path, FakeClock())
    await reveal_secret(Allowing(True), audit, env("production"), "s")  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match="may not read Secret/s"):
        await reveal_secret(Allowing(False), audit, env("production"), "s")  # type: ignore[arg-type]
    lines = list(audit.read())
    assert [(line["type"], line["environment"]) for line in lines] == [
        ("reveal", "production"),
        ("denial", "production"),
    ]
    assert audit.verify()[1] is None


async def test_nothing_is_shown_when_the_audit_log_cannot_be_written(tmp_path: Any) -> None:
    class Full:
        def append(self, record: Any) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(VezaError, match="audit log cannot be written"):
        await reveal_secret(Allowing(True), Full(), env("production"), "s")  # type: ignore[arg-type]
