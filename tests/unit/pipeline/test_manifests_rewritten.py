"""update_manifests on YAML as people write it: only the values change, nothing else by a character."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.tools.synthetic import environment as plain_environment
from veza_tui.model.environment import Autoscaling, Environment, Resources, Service
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.operations.pipeline.manifests import rewritten, update_manifests
from veza_tui.operations.pipeline.yaml_edit import Edit, edited

API = Service("backend_api", "backend-api", 8080, 3, Resources("500m", "512Mi"), deployment="backend-api")
CHAT = Service("chat", "chat", 8080, 2, Resources("1", "1Gi"), Autoscaling(2, 9, 70), deployment="chat")
HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: backend-api}\n"


@pytest.fixture
def env() -> Environment:
    return replace(plain_environment("staging"), services=(API, CHAT))


def changed(old: str, new: str) -> list[tuple[str, str]]:
    """Lines that differ, as (before, after) without blanks around."""
    found = [line for line in difflib.ndiff(old.split("\n"), new.split("\n")) if line[0] in "+-"]
    return [(line[0], line[2:].strip()) for line in found]


ODD = """# who owns this: team api
---
# the deployment
apiVersion: apps/v1
kind:   Deployment
metadata:
    name: "backend-api"     # quoted
    labels: {app: api,   tier: 'web'}
spec:
    # scaled by hand in March
    replicas:   2           # see ticket 12

    template:
        spec:
            containers:
            - name: sidecar
              image: proxy:v1
            # the service itself
            - image: 'registry:5000/veza/backend-api:v1'   # pinned
              name: backend-api
              args: [ "--a",
                      "--b" ]
              command:
              - sh
              - -c
              - |
                echo one   # not a comment
                echo replicas: 7
              resources:
                limits:   {cpu: 1, memory: "1Gi"}   # burst
                requests:
                  memory:     256Mi
                  # cpu is left to the scheduler
...
---
---
kind: ConfigMap
metadata: {name: backend-api}
data: {replicas: "7", on: yes, mode: 0777}
"""


def test_only_the_values_change(env: Environment) -> None:
    new, lines = rewritten(ODD, env, "v2")
    assert sorted(changed(ODD, new)) == sorted([
        ("-", "replicas:   2           # see ticket 12"),
        ("+", "replicas:   3           # see ticket 12"),
        ("-", "- image: 'registry:5000/veza/backend-api:v1'   # pinned"),
        ("+", "- image: 'registry:5000/veza/backend-api:v2'   # pinned"),
        ("-", 'limits:   {cpu: 1, memory: "1Gi"}   # burst'),
        ("+", 'limits:   {cpu: 500m, memory: "512Mi"}   # burst'),
        ("-", "memory:     256Mi"),
        ("+", "memory:     512Mi"),
    ])  # fmt: skip
    assert len(lines) == 5 and "backend-api: replicas 2 → 3" in lines
    assert rewritten(new, env, "v2") == (new, []), "twice is once"


def test_windows_line_ends_a_mark_and_no_end_of_line_stay(env: Environment) -> None:
    old = "\ufeff" + ODD.replace("\n", "\r\n").rstrip()
    new, _ = rewritten(old, env, "v2")
    assert new.count("\r\n") == old.count("\r\n") and new.count("\n") == old.count("\n")
    assert new[0] == "\ufeff" and not new.endswith("\n") and "\r\n    replicas:   3 " in new


def test_what_is_missing_is_added_where_it_belongs(env: Environment) -> None:
    old = (
        HEAD
        + "spec:\n  # the template\n  template:\n    spec:\n      containers:\n      - name: c\n        image: x:1\n"
    )
    new, lines = rewritten(old, env, "")
    spec = yaml.safe_load(new)["spec"]
    assert spec["replicas"] == 3 and "  # the template\n  replicas: 3\n  template:" in new
    amounts = {"cpu": "500m", "memory": "512Mi"}
    assert spec["template"]["spec"]["containers"][0]["resources"] == {"requests": amounts, "limits": amounts}
    assert [line for line in changed(old, new) if line[0] == "-"] in ([], [("-", "- name: c")])
    flow = HEAD + "spec: {template: {spec: {containers: [{name: c, image: x:1}]}}}\n"
    assert yaml.safe_load(rewritten(flow, env, "")[0]) == yaml.safe_load(new)
    assert len(lines) == 2


def test_equal_amounts_variables_and_autoscaled_replicas_are_left(env: Environment) -> None:
    same = HEAD + (
        "spec:\n  replicas: ${REPLICAS}\n  template: {spec: {containers: [{name: c, image: x:1, resources: "
        '{limits: {cpu: 0.5, memory: 536870912}, requests: {cpu: "${CPU}"}}}]}}\n'
    )
    assert rewritten(same, env, "") == (same, [])
    chat = HEAD.replace("backend-api", "chat") + "spec: {replicas: 7, template: {spec: {}}}\n"
    assert rewritten(chat, env, "v2") == (chat, [])
    scaler = "kind: HorizontalPodAutoscaler\nmetadata: {name: chat}\nspec: {minReplicas: 1, maxReplicas: 9}\n"
    assert rewritten(scaler, env, "v2")[1] == ["chat: minReplicas 1 → 2"]


def test_lists_digests_and_variables_in_images(env: Environment) -> None:
    container = "{name: c, image: '%s', resources: {}}"
    for image, wanted in (
        ("veza/api:v1@sha256:" + "0" * 64, "veza/api:v2"), ("veza/api@sha256:" + "0" * 64, "veza/api:v2"),
        ("${REGISTRY}/api:${TAG}", "${REGISTRY}/api:v2"), ("host:5000/api", "host:5000/api:v2"),
    ):  # fmt: skip
        spec = f"{{replicas: 3, template: {{spec: {{containers: [{container % image}]}}}}}}"
        item = f"{{kind: Deployment, metadata: {{name: backend-api}}, spec: {spec}}}"
        new, _ = rewritten(f"kind: List\nitems:\n- {item}\n", env, "v2")
        found = yaml.safe_load(new)["items"][0]["spec"]["template"]["spec"]["containers"][0]["image"]
        assert found == wanted


def test_an_anchor_is_followed_where_nothing_else_changes_and_refused_where_it_would(env: Environment) -> None:
    body = "spec:\n  replicas: &n 2\n  template: {spec: {containers: [{name: c, image: x:1, resources: {}}]}}\n"
    new, _ = rewritten(HEAD + body, env, "")
    assert "replicas: &n 3\n" in new
    with pytest.raises(RefusedError, match=r"replicas.*anchor"):
        rewritten(HEAD + body + "  minReadySeconds: *n\n", env, "")
    shared = "x: &r {limits: {cpu: 1}}\n" + HEAD + body.replace("resources: {}", "resources: *r")
    with pytest.raises(RefusedError, match="by hand"):
        rewritten(shared, env, "")
    both = HEAD + body.replace("resources: {}", "resources: {limits: &l {cpu: 1}, requests: *l}")
    assert yaml.safe_load(rewritten(both, env, "")[0])["spec"]["template"]["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m"}, "requests": {"cpu": "500m"},
    }  # fmt: skip
    merged = HEAD + body.replace("replicas: &n 2", "<<: {replicas: 2}")
    assert "<<: {replicas: 3}" in rewritten(merged, env, "")[0]


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\t- x", "a: *nobody", "a: &x [*x]", "kind: Deployment\n- x"])
def test_what_is_no_yaml_is_told(text: str, env: Environment) -> None:
    with pytest.raises(ConfigError, match="not YAML"):
        rewritten(text, env, "")


SHAPES = (
    "",
    "---\n",
    "[]",
    "kind: Deployment",
    "kind: Deployment\nspec:\nmetadata:\n",
    HEAD + "spec: 3\n",
    HEAD + "spec: {replicas: 3, template: {spec: {containers: 1}}}",
)


@pytest.mark.parametrize("text", SHAPES)
def test_shapes_that_are_none_of_ours_are_left(text: str, env: Environment) -> None:
    assert rewritten(text, env, "v2") == (text, [])


@pytest.mark.parametrize("value", ["yes", "1", "1.5", "a: b", "x #y", "", "null", "é", "a\nb", "'", '"', "1_0", "- x"])
@pytest.mark.parametrize("old", ["plain", "'quoted'", '"quoted"', "|\n  block\n", "!!str 5", "&a word"])
def test_a_value_is_quoted_where_it_would_be_read_as_another(old: str, value: str) -> None:
    text = f"a: {old}\nb: 2  # two\n".replace("\n\n", "\n")
    new = edited(text, [Edit(0, ("a",), value)])
    assert yaml.safe_load(new) == {"a": value, "b": 2} and new.endswith("b: 2  # two\n")


async def test_nothing_is_written_before_every_file_is_right(env: Environment, tmp_path: Path) -> None:
    good = HEAD + "spec: {replicas: 1}\n"
    (tmp_path / "10-good.yaml").write_bytes(good.replace("\n", "\r\n").encode())
    bad = tmp_path / "20-bad.yaml"
    bad.write_text("a: [")
    said: list[str] = []
    context: Any = SimpleNamespace(
        environment=env,
        workspace=SimpleNamespace(path=tmp_path, manifests_path=lambda name: tmp_path, environment=lambda name: env),
        plan=SimpleNamespace(fingerprint={}),
        report=SimpleNamespace(output=said.append),
    )
    step: Any = SimpleNamespace(args={"environments": ["staging"], "tag": ""})
    with pytest.raises(ConfigError, match=r"k8s/staging/20-bad.yaml: not YAML"):
        await update_manifests(context, step)
    assert b"replicas: 1" in (tmp_path / "10-good.yaml").read_bytes() and not said
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        await update_manifests(context, step)
    bad.unlink()
    await update_manifests(context, step)
    assert (tmp_path / "10-good.yaml").read_bytes() == good.replace("\n", "\r\n").replace("s: 1", "s: 3").encode()
    assert said == ["staging/10-good.yaml: backend-api: replicas 1 → 3"]
