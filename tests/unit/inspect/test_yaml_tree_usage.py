"""YAML with masks, the owner tree, folded events, use of CPU and memory."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from typing import Any

import pytest
import yaml
from inspect_objects import container, deployment

from tests.tools.clocks import FakeClock, settle
from tests.tools.synthetic import pod, view
from veza_tui.feeds.inspect.events import fold
from veza_tui.feeds.inspect.masking import MASK
from veza_tui.feeds.inspect.objects import Ref, parse
from veza_tui.feeds.inspect.tree import tree, used_by
from veza_tui.feeds.inspect.usage import ABSENT, INTERVAL, Use, UseFeed, limits, project_use
from veza_tui.feeds.inspect.yamltext import yaml_lines
from veza_tui.model.workload import EventRow, ReplicaSetRow, RolloutRow, State
from veza_tui.ports.cluster import ClusterError, NotFound
from veza_tui.tui.presentation.glyphs import ASCII, UNICODE
from veza_tui.tui.presentation.owners import owner_row, use_span
from veza_tui.tui.presentation.spans import line_width, plain
from veza_tui.tui.presentation.texts import describe_lines, yaml_view

NOW = 1_700_000_000.0


def secret() -> dict[str, Any]:
    value = base64.b64encode(b"hunter2").decode()
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    return {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {"name": "s", "annotations": {applied: f'{{"data":{{"p":"{value}"}}}}', "x": "y",
                                                    "fill.veza.com/p": "${P:-hunter2}", "old": "was hunter2!"},
                     "managedFields": [{"manager": "kubectl"}, {"manager": "veza-tui"}]},
        "data": {"p": value, "raw": base64.b64encode(b"\xff\xfe").decode(), "empty": ""},
        "stringData": {"q": "hunter2"},
    }  # fmt: skip


def test_a_secrets_values_are_masked_wherever_they_stand() -> None:
    text = "\n".join(yaml_lines(secret(), managed=True))
    assert "hunter2" not in text
    assert secret()["data"]["p"] not in text
    assert text.count(MASK) == 7
    assert "  x: y" in text


def test_revealed_values_are_text_where_they_are_text() -> None:
    lines = yaml_lines(secret(), reveal=True)
    assert "  p: hunter2" in lines
    assert any(line.startswith("  raw: ") and "no text" in line for line in lines)


def test_managed_fields_are_folded_to_one_line() -> None:
    obj = {"metadata": {"name": "x", "managedFields": [{"manager": "a"}]}, "spec": {"a": 1}, "kind": "Pod"}
    folded = yaml_lines(obj)
    assert folded == ["kind: Pod", "metadata:", "  name: x", "  managedFields: # 1 entries, folded", "spec:", "  a: 1"]
    assert yaml.safe_load("\n".join(yaml_lines(obj, managed=True))) == obj
    assert obj["metadata"]["managedFields"] == [{"manager": "a"}]


def test_texts_of_several_lines_are_blocks_and_read_back_the_same() -> None:
    obj = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"f": "a\nb\n", "n": "5", "t": "yes", "e": "\x1b["}}
    assert "  f: |" in yaml_lines(obj)
    assert yaml.safe_load("\n".join(yaml_lines(obj))) == obj


def test_long_lines_are_folded_and_hostile_ones_shown() -> None:
    lines = describe_lines(["Name:         x", "Message:      " + "word " * 40, "odd \x1b[2J " + "x" * 300], 60)
    assert all(line_width(line) <= 60 for line in lines)
    assert plain(lines[2]).startswith("              word")
    assert "\x1b" not in "".join(map(plain, lines))
    assert [plain(line) for line in yaml_view(["a: 1", "b: 2"], 40, "B:")] == ["b: 2"]


def row(name: str = "pod", type_: str = "Warning", last: float = 10, **more: Any) -> EventRow:
    base = EventRow(
        f"{name}-{last}", type_, "BackOff", "again", "Pod", name, f"uid-{name}", 2, last - 5, last, "kubelet"
    )
    return replace(base, **more)


def test_events_are_folded_warnings_first_then_the_newest() -> None:
    rows = [row(type_="Normal", last=99), row(last=10), row(last=20, first=1), row("other", last=15)]
    found = fold(rows)
    assert [(e.row.object_name, e.row.type, e.row.count, e.objects) for e in found] == [
        ("pod", "Warning", 4, 2), ("other", "Warning", 2, 1), ("pod", "Normal", 2, 1)]  # fmt: skip
    assert (found[0].row.first, found[0].row.last) == (1, 20)


def rollout(**more: Any) -> RolloutRow:
    base = RolloutRow("d", "api", "veza", 2, 2, 2, 2, 2, "7", ("img:v2",), (), False, State.OK, "", NOW - 60)
    return replace(base, **more)


def sets() -> tuple[ReplicaSetRow, ...]:
    return tuple(
        ReplicaSetRow(f"rs{i}", f"api-{i}", "api", "d", str(i), 2 if i == 7 else 0, 2 if i == 7 else 0, (f"img:v{i}",),
                      NOW - 1000 + i, 2 if i == 7 else 0)
        for i in range(1, 8)
    )  # fmt: skip


def test_the_tree_has_revisions_newest_first_and_counts_what_it_leaves_out() -> None:
    pods = {f"p{i}": replace(pod(i, now=NOW), uid=f"p{i}", owner="api-7", owner_kind="ReplicaSet") for i in (1, 2)}
    pods["bare"] = replace(pod(3, now=NOW), uid="bare", owner="", owner_kind="")
    seen = replace(view("x", now=NOW), rollouts=(rollout(),), replica_sets=sets(), pods=pods, autoscalers=())
    nodes = tree(seen, {"d": (("ConfigMap", "c"), ("Secret", "s"))})
    assert [(n.depth, n.kind, n.name or n.note) for n in nodes if n.kind != "Pod"] == [
        (0, "Deployment", "api"), (1, "ReplicaSet", "api-7"), (1, "ReplicaSet", "api-6"), (1, "ReplicaSet", "api-5"),
        (1, "ReplicaSet", "api-4"), (1, "", "3 older ReplicaSets without pods"), (1, "ConfigMap", "c"),
        (1, "Secret", "s"), (0, "", "pods without an owner")]  # fmt: skip
    assert nodes[1].current
    assert sorted(n.uid for n in nodes if n.kind == "Pod" and n.depth == 2) == ["p1", "p2"]
    assert [n.uid for n in nodes if n.kind == "Pod" and n.depth == 1] == ["bare"]
    assert len({n.key for n in nodes}) == len(nodes)
    use = {pods["p1"].name: project_use({"containers": [{"name": "a", "usage": {"cpu": "250m", "memory": "64Mi"}}]})}
    for glyphs in (UNICODE, ASCII):
        for node in nodes:
            made = owner_row(node, seen, use, NOW, glyphs, short=True)
            assert len(made.cells) == 7
    assert plain(owner_row(nodes[0], seen, use, NOW, UNICODE).cells[3:4]).strip().startswith(("250m", "▆"))


def test_what_the_pods_read_is_found_in_the_template() -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"] = {
        "containers": [container(envFrom=[{"secretRef": {"name": "s1"}}],
                                 env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c1", "key": "k"}}}])],
        "volumes": [{"secret": {"secretName": "s2"}}, {"projected": {"sources": [{"configMap": {"name": "c2"}}]}}],
        "imagePullSecrets": [{"name": "s3"}],
    }  # fmt: skip
    assert used_by(obj) == (
        ("ConfigMap", "c1"),
        ("ConfigMap", "c2"),
        ("Secret", "s1"),
        ("Secret", "s2"),
        ("Secret", "s3"),
    )


def test_a_bar_shows_the_share_of_the_limit() -> None:
    assert use_span(0.5, 1.0, "500m", UNICODE).text == "▆▆▆▁▁▁ 500m 50%"
    assert use_span(0.97, 1.0, "970m", UNICODE).role == "bad"
    assert use_span(0.5, None, "500m", UNICODE).text.strip() == "500m"
    one = pod(1, now=NOW)
    assert limits(replace(one, containers=())) == (None, None)


class Metrics:
    def __init__(self) -> None:
        self.asked = 0
        self.answer: list[dict[str, Any]] | ClusterError = []

    async def list_all(self, resource: Any, namespace: str) -> list[dict[str, Any]]:
        self.asked += 1
        if isinstance(self.answer, ClusterError):
            raise self.answer
        return self.answer


async def test_use_is_asked_rarely_and_only_while_somebody_looks() -> None:
    cluster, clock, changed = Metrics(), FakeClock(), asyncio.Event()
    cluster.answer = [
        {"metadata": {"name": "p"}, "containers": [{"name": "a", "usage": {"cpu": "1", "memory": "1Ki"}}]}
    ]
    feed = UseFeed(lambda: cluster, "ns", clock, changed.set)  # type: ignore[arg-type,return-value]
    await clock.advance(60)
    assert cluster.asked == 0
    feed.start()
    feed.start()
    await clock.advance(INTERVAL * 2)
    assert cluster.asked == 3
    assert feed.pods["p"].whole == Use(1.0, 1024.0)
    await feed.stop()
    await clock.advance(60)
    assert cluster.asked == 3


async def test_without_the_metrics_api_there_is_silence() -> None:
    cluster, clock = Metrics(), FakeClock()
    cluster.answer = NotFound("no metrics", status=404)
    calls: list[None] = []
    feed = UseFeed(lambda: cluster, "ns", clock, lambda: calls.append(None))  # type: ignore[arg-type,return-value]
    feed.start()
    await settle()
    await clock.advance(ABSENT - 1)
    assert (cluster.asked, calls, dict(feed.pods)) == (1, [], {})
    await feed.stop()


def test_targets_are_named_as_kubectl_names_them() -> None:
    assert parse("web-1", "ns") == Ref("Pod", "web-1", "ns")
    assert parse("deploy/web", "ns").kind == "Deployment"
    for wrong in ("", "gadget/x", "pod/"):
        with pytest.raises(ValueError, match=wrong or "^$"):
            parse(wrong, "ns")
