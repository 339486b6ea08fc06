"""Decoding errors and validation, with the messages that a kube-apiserver 1.34 gave to the same objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from veza_tui.embedded.api.bootstrap import bootstrap
from veza_tui.embedded.api.decode import DecodeError, decode, fit, parse
from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.api.validation.base import Problems
from veza_tui.embedded.api.validation.values import values

JSONObject = dict[str, Any]
APP = {"a": "b"}


@pytest.fixture
def store() -> Store:
    store = Store(clock=lambda: 1_800_000_000.0)
    bootstrap(store)
    return store


def config_map(**fields: Any) -> JSONObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}, **fields}


def deployment(container: JSONObject | None = None, pod: JSONObject | None = None, **spec: Any) -> JSONObject:
    containers = [{"name": "c", "image": "i", **(container or {})}]
    template = {"metadata": {"labels": APP}, "spec": {"containers": containers, **(pod or {})}}
    whole = {"selector": {"matchLabels": APP}, "template": template, **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": whole,
    }


def service(**spec: Any) -> JSONObject:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "default"}, "spec": spec}


GO = "json: cannot unmarshal"
REPLICAS = "DeploymentSpec.spec.replicas"
NESTED = f"{GO} object into Go struct field ConfigMap.data of type string"
PATH = "spec.template.spec.containers"


@pytest.mark.parametrize(
    ("obj", "text"),
    [
        (config_map(data={"a": {"b": "c"}}), NESTED),
        (config_map(data={"a": 1}), f"{GO} number into Go struct field ConfigMap.data of type string"),
        (config_map(data="x"), f"{GO} string into Go struct field ConfigMap.data of type map[string]string"),
        (deployment(replicas="3"), f"{GO} string into Go struct field {REPLICAS} of type int32"),
        (deployment(replicas=1.5), f"{GO} number 1.5 into Go struct field {REPLICAS} of type int32"),
        (deployment(pod={"containers": {}}), f"{GO} object into Go struct field PodSpec.{PATH} of type []v1.Container"),
        (deployment({"image": 1}), f"{GO} number into Go struct field Container.{PATH}.image of type string"),
        (
            deployment({"resources": "x"}),
            f"{GO} string into Go struct field Container.{PATH}.resources of type v1.ResourceRequirements",
        ),
        (
            deployment({"resources": {"limits": {"cpu": "1x"}}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"a": "$$$"}},
            "illegal base64 data at input byte 0",
        ),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"a": 1}},
            f"{GO} number into Go struct field Secret.data of type []uint8",
        ),
    ],
)
def test_decoding_errors(obj: JSONObject, text: str) -> None:
    with pytest.raises(ApiError) as caught:
        decode(obj, obj["apiVersion"], obj["kind"])
    version = obj["apiVersion"].rpartition("/")[2]
    kind = obj["kind"]
    assert caught.value.message == f'{kind} in version "{version}" cannot be handled as a {kind}: {text}'
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")


def test_unknown_and_duplicate_fields_are_found() -> None:
    out = fit(deployment({"foo": 1, "bar": {"a": 1}}), "apps/v1", "Deployment")
    where = "spec.template.spec.containers[0]"
    assert out.complaints == [f'unknown field "{where}.foo"', f'unknown field "{where}.bar"']
    assert "foo" not in out.value["spec"]["template"]["spec"]["containers"][0]
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","name":"y"},"data":{"a":"1","a":"2"}}'
    twice = fit(parse(body), "v1", "ConfigMap")
    assert twice.complaints == ['duplicate field "metadata.name"', 'duplicate field "data.a"']
    assert twice.value["data"] == {"a": "2"}


def test_yaml_is_read_with_json_types() -> None:
    assert parse(b"a: 2026-01-01\nb: {1: yes}\n", yaml=True) == {"a": "2026-01-01", "b": {"1": True}}
    with pytest.raises(DecodeError, match="error converting YAML to JSON"):
        parse(b"a: [", yaml=True)
    with pytest.raises(DecodeError):
        parse(b'{"a":')


def causes(store: Store, obj: JSONObject) -> list[tuple[str, str]]:
    decoded = decode(json.loads(json.dumps(obj)), obj["apiVersion"], obj["kind"]).value
    with pytest.raises(ApiError) as caught:
        store.create(decoded)
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    assert caught.value.kind == obj["kind"]
    return [(c.field, c.message) for c in caught.value.causes]


CONTAINER = "spec.template.spec.containers[0]"
RANGE = "must be between 1 and 65535, inclusive"


@pytest.mark.parametrize(
    ("obj", "want"),
    [
        (deployment(replicas=-1), [("spec.replicas", "Invalid value: -1: must be greater than or equal to 0")]),
        (
            deployment(selector={"matchLabels": {"a": "c"}}),
            [
                (
                    "spec.template.metadata.labels",
                    'Invalid value: {"a":"b"}: `selector` does not match template `labels`',
                )
            ],
        ),
        (deployment(pod={"containers": []}), [("spec.template.spec.containers", "Required value")]),
        (deployment(pod={"containers": [{"name": "c"}]}), [(f"{CONTAINER}.image", "Required value")]),
        (deployment(pod={"containers": [{"image": "c"}]}), [(f"{CONTAINER}.name", "Required value")]),
        (
            deployment(pod={"restartPolicy": "Never"}),
            [("spec.template.spec.restartPolicy", 'Unsupported value: "Never": supported values: "Always"')],
        ),
        (
            deployment({"ports": [{"containerPort": 70000}]}),
            [(f"{CONTAINER}.ports[0].containerPort", f"Invalid value: 70000: {RANGE}")],
        ),
        (
            deployment({"imagePullPolicy": "Foo"}),
            [
                (
                    f"{CONTAINER}.imagePullPolicy",
                    'Unsupported value: "Foo": supported values: "Always", "IfNotPresent", "Never"',
                )
            ],
        ),
        (
            deployment({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
            [(f"{CONTAINER}.resources.requests", 'Invalid value: "2": must be less than or equal to cpu limit of 1')],
        ),
        (
            deployment({"livenessProbe": {}}),
            [(f"{CONTAINER}.livenessProbe", "Required value: must specify a handler type")],
        ),
        (
            deployment({"livenessProbe": {"httpGet": {"port": 80}, "successThreshold": 2}}),
            [(f"{CONTAINER}.livenessProbe.successThreshold", "Invalid value: 2: must be 1")],
        ),
        (
            deployment({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}),
            [(f"{CONTAINER}.volumeMounts[0].name", 'Not found: "v"')],
        ),
        (
            deployment(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
            [("spec.strategy.rollingUpdate", "Forbidden: may not be specified when strategy `type` is 'Recreate'")],
        ),
        (
            deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
            [("spec.strategy.rollingUpdate.maxUnavailable", "Invalid value: 0: may not be 0 when `maxSurge` is 0")],
        ),
        (service(ports=[{"port": 0}]), [("spec.ports[0].port", f"Invalid value: 0: {RANGE}")]),
        (service(), [("spec.ports", "Required value")]),
        (
            service(ports=[{"port": 80}, {"port": 81}]),
            [("spec.ports[0].name", "Required value"), ("spec.ports[1].name", "Required value")],
        ),
    ],
)
def test_validation(store: Store, obj: JSONObject, want: list[tuple[str, str]]) -> None:
    assert [c for c in causes(store, obj) if c in want or "targetPort" not in c[0]] == want


def test_autoscaler_bounds_and_exclusive_budgets(store: Store) -> None:
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    meta = {"name": "h", "namespace": "default"}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta}
    spec = {"scaleTargetRef": target, "minReplicas": 4, "maxReplicas": 2}
    text = "Invalid value: 2: must be greater than or equal to `minReplicas`"
    assert causes(store, {**scaler, "spec": spec}) == [("spec.maxReplicas", text)]
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta}
    both = {"selector": {"matchLabels": APP}, "minAvailable": 1, "maxUnavailable": "10%"}
    ((field, message),) = causes(store, {**budget, "spec": both})
    assert field == "spec"
    assert message.endswith("minAvailable and maxUnavailable cannot be both set")


def test_what_may_not_change(store: Store) -> None:
    store.create(deployment())

    def other(obj: JSONObject) -> None:
        obj["spec"]["selector"] = {"matchLabels": {"c": "d"}}
        obj["spec"]["template"]["metadata"]["labels"] = {"c": "d"}

    with pytest.raises(
        ApiError, match=r'spec\.selector: Invalid value: \{"matchLabels":\{"c":"d"\}\}: field is immutable'
    ):
        store.mutate("deployments.apps", "default", "d", other)
    store.create(config_map(data={"a": "1"}, immutable=True))
    with pytest.raises(ApiError, match="field is immutable when `immutable` is set"):
        store.mutate("configmaps", "default", "x", lambda o: o["data"].update(a="2"))
    meta = {"name": "x", "namespace": "default"}
    store.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {}})
    with pytest.raises(ApiError, match="type: Invalid value"):
        store.mutate("secrets", "default", "x", lambda o: o.update(type="other/type"))
    store.create(service(ports=[{"port": 80}]))
    with pytest.raises(ApiError, match="may not change once set"):
        store.mutate("services", "default", "s", lambda o: o["spec"].update(clusterIP="10.96.9.9"))


def test_pod_updates_are_limited(store: Store) -> None:
    meta = {"name": "p", "namespace": "default"}
    spec = {"containers": [{"name": "c", "image": "i:1"}]}
    store.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    store.mutate("pods", "default", "p", lambda o: o["spec"]["containers"][0].update(image="i:2"))
    store.bind("default", "p", "node-1")
    with pytest.raises(ApiError, match="pod updates may not change fields other than"):
        store.mutate("pods", "default", "p", lambda o: o["spec"]["containers"][0].update(command=["x"]))
    with pytest.raises(ApiError, match="pod updates may not add or remove containers"):
        store.mutate("pods", "default", "p", lambda o: o["spec"]["containers"].append({"name": "d", "image": "i"}))


@pytest.mark.parametrize(
    ("name", "text"),
    [("Bad_Name", "a lowercase RFC 1123 subdomain must consist"), ("a" * 254, "must be no more than 253 characters")],
)
def test_names(store: Store, name: str, text: str) -> None:
    obj = config_map()
    obj["metadata"]["name"] = name
    ((field, message),) = causes(store, obj)
    assert field == "metadata.name"
    assert text in message


def test_defaults_of_a_deployment_and_a_service(store: Store) -> None:
    probe = {"httpGet": {"port": 80}}
    made = store.create(deployment({"ports": [{"containerPort": 80}], "livenessProbe": probe, "image": "reg:5000/i"}))
    spec = made["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    container = spec["template"]["spec"]["containers"][0]
    assert container["imagePullPolicy"] == "Always"
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert container["livenessProbe"]["httpGet"] == {"port": 80, "path": "/", "scheme": "HTTP"}
    assert container["livenessProbe"]["failureThreshold"] == 3
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    port = store.create(service(ports=[{"port": 80}]))["spec"]["ports"][0]
    assert port == {"port": 80, "protocol": "TCP", "targetPort": 80}


def test_null_in_a_map_is_the_items_zero_value() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": None}}
    assert decode(secret, "v1", "Secret").value["data"] == {"a": ""}
    resources = {"resources": {"limits": {"cpu": None, "memory": " 1Gi"}}}
    limited = decode(deployment(resources), "apps/v1", "Deployment").value
    assert limited["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "0", "memory": "1Gi"}


POD_PARTS: list[tuple[str, Any]] = [
    ("affinity", {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}),
    ("affinity", {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]}}}),
    ("securityContext", {"runAsUser": -1}),
    ("securityContext", {"seccompProfile": {"type": "Localhost"}}),
    ("topologySpreadConstraints", [{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}]),
    ("hostAliases", [{"ip": "x"}]),
    ("dnsPolicy", "None"),
    ("preemptionPolicy", "Sometimes"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), POD_PARTS)
def test_what_validate_refuses_in_a_pod_the_api_refuses_too(name: str, value: Any) -> None:
    spec = {"containers": [{"name": "c", "image": "i:1"}], "restartPolicy": "Always", "dnsPolicy": "ClusterFirst"}
    for kind, prefix in (("Pod", "spec."), ("StatefulSet", "spec.template.spec.")):
        good: dict[str, Any] = {"spec": spec if kind == "Pod" else {"template": {"spec": spec}}}
        bad: dict[str, Any] = {"spec": {**spec, name: value}}
        bad = bad if kind == "Pod" else {"spec": {"template": bad}}
        problems = Problems()
        values(problems, kind, good)
        assert problems.causes == []
        values(problems, kind, bad)
        assert problems.causes[0].field.startswith(prefix + name[:3])


def test_what_belongs_to_pods_alone_is_refused_in_templates_only() -> None:
    problems = Problems()
    values(problems, "Pod", {"spec": {"containers": [], "activeDeadlineSeconds": 5}})
    assert problems.causes == []
