"""managedFields and server-side apply, as a kube-apiserver 1.34 answers the same calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.fields.apply import apply
from veza_tui.embedded.api.fields.managed import UpdateTracker
from veza_tui.embedded.api.fields.paths import from_fields, to_fields
from veza_tui.embedded.api.fields.typed import typed
from veza_tui.embedded.api.rbac import User, impersonated
from veza_tui.embedded.api.resources import resource

JSONObject = dict[str, Any]
NOW = 1_800_000_000.0


def config(data: dict[str, str], **meta: Any) -> JSONObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **meta}, "data": data}


def deployment(container: JSONObject, **spec: Any) -> JSONObject:
    pod = {"containers": [{"name": "app", "image": "a:1", **container}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    selector = {"matchLabels": {"a": "b"}}
    meta = {"name": "d"}
    whole = {"selector": selector, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": whole}


def run(live: JSONObject | None, wanted: JSONObject, manager: str, *, force: bool = False) -> JSONObject:
    outcome = apply(live, wanted, manager=manager, force=force, subresource="", now=NOW)
    outcome(live, outcome.object, subresource="", now=NOW)
    return outcome.object


def owned(obj: JSONObject, manager: str) -> set[tuple[str, ...]]:
    for entry in obj["metadata"].get("managedFields", ()):
        if entry["manager"] == manager:
            return from_fields(entry["fieldsV1"])
    return set()


def container(obj: JSONObject) -> JSONObject:
    out: JSONObject = obj["spec"]["template"]["spec"]["containers"][0]
    return out


def test_fields_round_trip() -> None:
    fields = {"f:spec": {"f:a": {".": {}, 'k:{"name":"x"}': {".": {}, "f:name": {}}}, "f:b": {}}, "f:c": {"f:d": {}}}
    assert to_fields(from_fields(fields)) == fields


def test_the_first_apply_owns_what_it_names_only() -> None:
    made = run(None, deployment({"ports": [{"containerPort": 80}]}, replicas=2), "m1")
    paths = owned(made, "m1")
    assert ("f:spec", "f:replicas") in paths
    assert ("f:spec", "f:selector") in paths
    port = 'k:{"containerPort":80,"protocol":"TCP"}'
    prefix = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"app"}')
    assert {prefix, (*prefix, "f:ports", port), (*prefix, "f:ports", port, "f:containerPort")} <= paths
    assert not any(p[0] == "f:metadata" and p[-1] == "f:name" for p in paths)


def test_conflicts_name_the_manager_and_the_field() -> None:
    live = run(None, deployment({}, replicas=2), "m1")
    with pytest.raises(ApiError) as caught:
        run(live, deployment({"image": "a:2"}, replicas=3), "m2")
    error = caught.value
    assert error.code == 409
    assert error.message.startswith('Apply failed with 2 conflicts: conflicts with "m1":\n- .spec.replicas\n')
    assert [c.field for c in error.causes] == [
        ".spec.replicas", '.spec.template.spec.containers[name="app"].image',
    ]  # fmt: skip
    assert {c.reason for c in error.causes} == {"FieldManagerConflict"}


def test_force_takes_the_field_over() -> None:
    live = run(None, config({"a": "1", "b": "2"}), "m1")
    taken = run(live, config({"a": "9"}), "m2", force=True)
    assert taken["data"] == {"a": "9", "b": "2"}
    assert ("f:data", "f:a") in owned(taken, "m2")
    assert ("f:data", "f:a") not in owned(taken, "m1")


def test_the_same_value_is_shared_and_survives_until_the_last_owner_drops_it() -> None:
    live = run(None, config({"a": "1", "b": "2"}), "m1")
    shared = run(live, config({"a": "1"}), "m2")
    assert ("f:data", "f:a") in owned(shared, "m1") & owned(shared, "m2")
    without = run(shared, config({"b": "2"}), "m1")
    assert without["data"] == {"a": "1", "b": "2"}
    gone = run(without, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}, "m2")
    assert gone["data"] == {"b": "2"}


def test_dropping_list_entries_and_structs_leaves_what_others_own() -> None:
    first = {
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "livenessProbe": {"exec": {"command": ["x"]}},
    }
    live = run(None, deployment(first), "m1")
    container(live)["livenessProbe"]["periodSeconds"] = 10  # a default, owned by nobody
    live = run(live, deployment({"env": [{"name": "C", "value": "3"}]}), "m2")
    out = run(live, deployment({"env": [{"name": "B", "value": "2"}]}), "m1")
    assert [e["name"] for e in container(out)["env"]] == ["B", "C"]
    assert "livenessProbe" not in container(out)


def test_updates_take_fields_from_their_owners() -> None:
    live = run(None, config({"a": "1"}), "m1")
    new = config({"a": "2", "z": "3"})
    UpdateTracker("kubectl-edit")(live, new, subresource="", now=NOW)
    assert owned(new, "kubectl-edit") == {("f:data", "f:a"), ("f:data", "f:z")}
    with pytest.raises(ApiError, match=r'conflict with "kubectl-edit" using v1: \.data\.a'):
        run(new, config({"a": "1"}), "m1")


def test_a_create_by_update_owns_everything_it_sent_but_identity() -> None:
    made = config({"a": "1"}, labels={"l": "1"}, uid="u", namespace="n")
    UpdateTracker("curl")(None, made, subresource="", now=NOW)
    entry = made["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("curl", "Update", "v1")
    assert entry["fieldsV1"] == {
        "f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}},
    }  # fmt: skip


def test_untracked_objects_belong_to_before_first_apply() -> None:
    live = config({"a": "1", "b": "2"}, uid="u")
    with pytest.raises(ApiError, match=r'conflict with "before-first-apply" using v1: \.data\.a'):
        run(live, config({"a": "9"}), "m1")


def test_typed_values_know_no_unknown_fields_and_no_duplicates() -> None:
    with pytest.raises(ApiError, match=r"\.spec\.foo: field not declared in schema"):
        typed(deployment({}, foo=1), resource("deployments.apps"))
    twice = deployment({"env": [{"name": "A"}, {"name": "A"}]})
    with pytest.raises(ApiError, match=r'containers\[name="app"\]\.env: duplicate entries for key \[name="A"\]'):
        typed(twice, resource("deployments.apps"))
    with pytest.raises(ApiError, match=r"\.spec\.replicas: expected numeric \(int or float\), got string"):
        typed(deployment({}, replicas="3"), resource("deployments.apps"))


def test_letting_go_of_the_only_metadata_keeps_the_object_its_name() -> None:
    """What kubectl does when it moves from client-side to server-side apply: an annotation owned, then not."""
    live = run(None, config({"a": "b"}, annotations={"x": "1"}, labels={}), "kubectl")
    live["metadata"]["uid"] = "u"
    after = run(live, config({"a": "b"}), "kubectl")
    assert after["metadata"]["name"] == "c"
    assert not after["metadata"].get("annotations")
    assert after["data"] == {"a": "b"}


def test_what_kubectl_applied_client_side_it_takes_over_without_a_conflict() -> None:
    last = json.dumps(config({"a": "1"}))
    live = config({"a": "1", "b": "1"}, annotations={"kubectl.kubernetes.io/last-applied-configuration": last})
    UpdateTracker("kubectl-client-side-apply")(None, live, subresource="", now=NOW)
    assert run(live, config({"a": "2"}), "kubectl")["data"]["a"] == "2"
    for manager, data in (("other", {"a": "2"}), ("kubectl", {"b": "2"})):
        with pytest.raises(ApiError, match="kubectl-client-side-apply"):
            run(live, config(data), manager)


def test_only_admins_act_as_others() -> None:
    admin, viewer = User("boss", "admin"), User("eye", "viewer")
    as_eye = CIMultiDict({"Impersonate-User": "eye"})
    assert impersonated(admin, CIMultiDict(), [admin]) is admin
    assert impersonated(admin, as_eye, [admin, viewer]).role == "viewer"
    assert impersonated(admin, CIMultiDict({"Impersonate-User": "x"}), [admin]).role == "nobody"
    groups = CIMultiDict([("Impersonate-User", "x"), ("Impersonate-Group", "system:masters")])
    assert impersonated(admin, groups, [admin]).role == "admin"
    with pytest.raises(ApiError, match='User "eye" cannot impersonate'):
        impersonated(viewer, as_eye, [admin, viewer])
