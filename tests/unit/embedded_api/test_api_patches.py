"""Merge, JSON and strategic patches; quantities; selectors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.patch.jsonpatch import json_patch
from veza_tui.embedded.api.patch.merge import merge_patch
from veza_tui.embedded.api.patch.strategic import strategic_patch
from veza_tui.embedded.api.quantity import QuantityError, canonical, parse
from veza_tui.embedded.api.schema import of_kind
from veza_tui.embedded.api.selectors import labels_match, matcher, parse_labels, selector_matches, selector_text

DEPLOYMENT = of_kind("apps/v1", "Deployment")


def test_merge_patch_removes_with_null_and_keeps_the_target() -> None:
    target = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert merge_patch(target, {"a": {"b": None, "e": {"f": None}}, "d": [2]}) == {"a": {"c": 2, "e": {}}, "d": [2]}
    assert target == {"a": {"b": 1, "c": 2}, "d": [1]}


@pytest.mark.parametrize(
    ("operations", "want"),
    [
        ([{"op": "add", "path": "/l/1", "value": "x"}], {"l": ["a", "x", "b"], "m": {"k/~": 1}}),
        ([{"op": "add", "path": "/l/-", "value": "x"}], {"l": ["a", "b", "x"], "m": {"k/~": 1}}),
        ([{"op": "remove", "path": "/m/k~1~0"}], {"l": ["a", "b"], "m": {}}),
        ([{"op": "move", "from": "/l/0", "path": "/m/n"}], {"l": ["b"], "m": {"k/~": 1, "n": "a"}}),
        ([{"op": "copy", "from": "/l/0", "path": "/l/0"}], {"l": ["a", "a", "b"], "m": {"k/~": 1}}),
        ([{"op": "replace", "path": "/l/0", "value": 5}], {"l": [5, "b"], "m": {"k/~": 1}}),
        ([{"op": "test", "path": "/l", "value": ["a", "b"]}], {"l": ["a", "b"], "m": {"k/~": 1}}),
    ],
)
def test_json_patch(operations: list[Any], want: Any) -> None:
    target = {"l": ["a", "b"], "m": {"k/~": 1}}
    assert json_patch(target, operations) == want
    assert target == {"l": ["a", "b"], "m": {"k/~": 1}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/nope"},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "jump", "path": "/a"},
        {"op": "add", "path": "/l/9", "value": 1},
    ],
)
def test_json_patch_refuses(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        json_patch({"a": 1, "l": []}, [operation])
    assert caught.value.code == 422


def containers(*items: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(items), **extra}}}}


def patched(target: dict[str, Any], patch: dict[str, Any]) -> Any:
    return strategic_patch(DEPLOYMENT, target, patch)["spec"]["template"]["spec"]["containers"]


def test_strategic_merges_containers_env_and_ports_by_their_keys() -> None:
    app = {"name": "app", "image": "a:1", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]}
    change = {"name": "app", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}
    out = patched(containers(app, {"name": "log", "image": "l"}), containers(change))
    assert out[0] == {**app, "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}
    assert [c["name"] for c in out] == ["app", "log"]


def test_strategic_directives() -> None:
    target = containers({"name": "a", "image": "a"}, {"name": "b", "image": "b"})
    assert patched(target, containers({"name": "b", "$patch": "delete"})) == [{"name": "a", "image": "a"}]
    replaced = patched(target, containers({"name": "z", "image": "z"}, {"$patch": "replace"}))
    assert replaced == [{"name": "z", "image": "z"}]
    order = {"$setElementOrder/containers": [{"name": "n"}, {"name": "b"}, {"name": "a"}]}
    change = {"spec": {"template": {"spec": {**order, "containers": [{"name": "n", "image": "n"}]}}}}
    assert [c["name"] for c in patched(target, change)] == ["n", "b", "a"]
    strategy = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    recreate = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_patch(DEPLOYMENT, strategy, recreate) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_strategic_merges_finalizers_as_a_set() -> None:
    target = {"metadata": {"finalizers": ["a/b", "c/d"]}}
    more = strategic_patch(DEPLOYMENT, target, {"metadata": {"finalizers": ["a/b", "e/f"]}})
    assert sorted(more["metadata"]["finalizers"]) == ["a/b", "c/d", "e/f"]
    gone = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"]}}
    assert strategic_patch(DEPLOYMENT, target, gone) == {"metadata": {"finalizers": ["c/d"]}}


def test_strategic_needs_the_merge_key() -> None:
    with pytest.raises(ApiError, match=r"map: map\[image:x\] does not contain declared merge key: name"):
        patched(containers({"name": "a"}), containers({"image": "x"}))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("1000m", "1"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("1000", "1k"), ("100", "100"),
        ("1e3", "1e3"), ("0", "0"), ("0Mi", "0"), ("100M", "100M"), ("1500M", "1500M"), ("-1", "-1"), ("2Ki", "2Ki"),
    ],
)  # fmt: skip
def test_quantities_in_canonical_form(text: str, want: str) -> None:
    assert canonical(text) == want


@pytest.mark.parametrize("text", ["", "abc", "1x", "1 Gi", "Gi", "--1", "1.2.3"])
def test_no_quantities(text: str) -> None:
    with pytest.raises(QuantityError):
        canonical(text)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_canonical_form_keeps_the_value_and_is_stable(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert parse(canonical(text)) == parse(text)
    assert canonical(canonical(text)) == canonical(text)


@pytest.mark.parametrize(
    ("selector", "labels", "want"),
    [
        ("a=b", {"a": "b"}, True), ("a==b,c!=d", {"a": "b"}, True), ("a!=b", {"a": "b"}, False), ("a", {"a": ""}, True),
        ("!a", {"a": ""}, False), ("!a", {}, True), ("a in (x, y)", {"a": "y"}, True), ("a notin (x)", {}, True),
        ("a in (x)", {}, False), ("n>3", {"n": "4"}, True), ("n<3", {"n": "4"}, False), ("n>3", {"n": "x"}, False),
        ("x/y.z=1", {"x/y.z": "1"}, True), ("", {"a": "b"}, True),
    ],
)  # fmt: skip
def test_label_selectors(selector: str, labels: dict[str, str], want: bool) -> None:
    assert labels_match(parse_labels(selector), labels) is want


@pytest.mark.parametrize("text", ["a in b", "a in (b", "-a", "=b", "a=b=c", "a,,"])
def test_bad_label_selectors(text: str) -> None:
    with pytest.raises(ApiError, match="unable to parse requirement"):
        parse_labels(text)


def test_label_selector_objects() -> None:
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "NotIn", "values": ["d"]}]}
    assert selector_matches(selector, {"a": "b", "c": "e"})
    assert not selector_matches(selector, {"a": "b", "c": "d"})
    assert selector_matches({}, {"x": "y"})
    assert not selector_matches(None, {})
    assert selector_text(selector) == "a=b,c notin (d)"


def test_field_selectors() -> None:
    pod = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"nodeName": "x"}, "status": {"phase": "Running"}}
    matches = matcher("", "spec.nodeName=x,status.phase!=Pending,metadata.namespace==n", "pods")
    assert matches is not None
    assert matches(pod)
    assert not matches({**pod, "spec": {}})
    with pytest.raises(ApiError, match=r"field label not supported: spec\.foo"):
        matcher("", "spec.foo=1", "pods")
