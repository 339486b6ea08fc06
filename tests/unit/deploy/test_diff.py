"""Differences per field, secrets masked, drift made by hand told apart."""

from __future__ import annotations

import copy
from typing import Any

from veza_tui.model.plan import Change
from veza_tui.model.release import Release, images_of, objects_digest, pack, unpack
from veza_tui.operations.deploy.diff import changes, drift


def deployment(image: str = "veza/backend-api:v1.4.2", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "backend-api", "resourceVersion": "5", "generation": 2, "labels": {"a.b/c": "x"}},
        "spec": {
            "replicas": 3,
            "template": {
                "spec": {
                    "containers": [
                        {"name": "backend-api", "image": image, "env": [{"name": "A", "value": "1"}]},
                        {"name": "side", "image": "side:1"},
                    ]
                }
            },
            **spec,
        },
        "status": {"readyReplicas": 3},
    }


def test_only_the_changed_field_is_named_by_its_list_key() -> None:
    after = deployment("veza/backend-api:v1.5.0")
    after["metadata"]["resourceVersion"] = "9"
    after["status"] = {}
    path = "spec.template.spec.containers[backend-api].image"
    assert changes(deployment(), after) == [
        Change("Deployment/backend-api", path, "veza/backend-api:v1.4.2", "veza/backend-api:v1.5.0")
    ]


def test_nothing_to_do_is_an_empty_list_and_a_new_object_one_line() -> None:
    assert changes(deployment(), deployment()) == []
    assert changes(None, deployment()) == [Change("Deployment/backend-api", "", None, "created")]


def test_reordered_list_items_are_no_change() -> None:
    after = deployment()
    after["spec"]["template"]["spec"]["containers"].reverse()
    assert changes(deployment(), after) == []


def test_a_secrets_values_never_show() -> None:
    old = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"db_password": "b2xk", "same": "c2FtZQ=="}}
    new = copy.deepcopy(old)
    new["data"]["db_password"] = "bmV3"
    found = changes(old, new)
    assert [c.path for c in found] == ["data.db_password"]
    assert "b2xk" not in repr(found) and "bmV3" not in repr(found)


def managed(obj: dict[str, Any], manager: str, fields: dict[str, Any], **entry: Any) -> dict[str, Any]:
    obj = copy.deepcopy(obj)
    obj["metadata"].setdefault("managedFields", []).append({"manager": manager, "fieldsV1": fields, **entry})
    return obj


CONTAINER = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"backend-api"}': {"f:image": {}}}}}}}


def test_a_change_over_somebody_elses_field_names_him() -> None:
    live = managed(deployment("hand:1"), "kubectl-edit", CONTAINER, operation="Update")
    (change,) = changes(live, deployment())
    assert change.by == "kubectl-edit"


def test_drift_is_what_hands_set_and_we_leave_alone() -> None:
    live = managed(deployment(paused=True), "kubectl-patch", {"f:spec": {"f:paused": {}}})
    live = managed(live, "kube-controller-manager", {"f:spec": {"f:replicas": {}}})
    live = managed(live, "kubectl-scale", {"f:spec": {"f:replicas": {}}}, subresource="scale")
    assert drift(live, live, deployment()) == [
        Change("Deployment/backend-api", "spec.paused", "true", "true", "kubectl-patch")
    ]


def test_hostile_values_are_made_printable() -> None:
    (change,) = changes(deployment(), deployment("evil\x1b[2Jimage"))
    assert change.new is not None and "\x1b" not in change.new


def test_a_release_survives_its_packing() -> None:
    objects = (deployment(),)
    release = Release(3, 1.0, "a@b", "why", "op", images_of(objects), objects_digest(objects), objects=objects)
    assert unpack(pack(release)) == release
    assert release.image_of("backend-api") == "veza/backend-api:v1.4.2"
    assert "objects" not in release.summary()


def test_what_the_manifest_says_too_is_no_drift() -> None:
    live = managed(deployment(), "kubectl", CONTAINER)
    assert drift(live, live, deployment()) == []


def test_a_default_in_an_annotation_that_fills_a_secret_is_masked() -> None:
    def secret(text: str) -> dict[str, Any]:
        return {"kind": "Secret", "metadata": {"name": "s", "annotations": {"fill.veza.com/db": text}}}

    (change,) = changes(secret("${DB:-hunter2}"), secret("${DB:-hunter3}"))
    assert "hunter" not in str(change) and change.new is not None and change.new.endswith("changed")
    (drifted,) = changes(secret("${DB}"), secret("${DATABASE}"))
    assert (drifted.old, drifted.new) == ("${DB}", "${DATABASE}")
