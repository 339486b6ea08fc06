"""``veza-tui status`` as a child process: exit codes, pipes, JSON, --watch; feeds do not disturb each other."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster_contract.fake_api import FakeApi, hang
from veza_tui.resources import shipped

pytestmark = pytest.mark.integration


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    made = FakeApi()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def workspace(tmp_path: Path, api: FakeApi) -> Path:
    """Development alone, its namespace ``ns`` on the fake API, stores that nobody serves."""
    source = yaml.safe_load((shipped("environments") / "development.yaml").read_text())
    source["data"]["kubernetes"] = {"context": "good", "namespace": "ns"}
    for store in ("database", "cache"):
        source["data"][store]["host"] = "127.0.0.1"
        source["data"][store]["port"] = 9
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "development.yaml").write_text(yaml.safe_dump(source))
    clusters = {"good": api.url, "gone": "http://127.0.0.1:9"}
    config = {
        "current-context": "good",
        "clusters": [{"name": n, "cluster": {"server": url}} for n, url in clusters.items()],
        "users": [{"name": "me", "user": {"token": "t"}}],
        "contexts": [{"name": n, "context": {"cluster": n, "user": "me"}} for n in clusters],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    return tmp_path


def environment(workspace: Path) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(workspace / "kubeconfig"), "NO_COLOR": ""}


async def status(workspace: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veza_tui", "-C", str(workspace), "status", *arguments,
        env=environment(workspace), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_degraded_with_hostile_names_is_one_and_prints_no_escape(workspace: Path, api: FakeApi) -> None:
    await api.put("evil\x1b[2J\x1b]0;x\x07")
    code, out, err = await status(workspace, "development")
    assert code == 1
    assert "\x1b" not in out
    assert "evil␛[2J" in out
    assert err == ""


async def test_json(workspace: Path, api: FakeApi) -> None:
    await api.put("a")
    code, out, _ = await status(workspace, "--json")
    [found] = json.loads(out)["environments"]
    assert code == 1
    assert (found["name"], found["link"]) == ("development", "live")
    assert [p["name"] for p in found["pods"]] == ["a"]
    assert {h["name"]: h["state"] for h in found["health"]}["database"] == "failed"


async def test_unreachable_and_missing_contexts_are_three(workspace: Path) -> None:
    path = workspace / "environments" / "development.yaml"
    text = path.read_text()
    for context, words in (("gone", "connection refused"), ("nowhere", "no context 'nowhere'")):
        path.write_text(text.replace("context: good", f"context: {context}"))
        code, out, _ = await status(workspace)
        assert code == 3
        assert words in out


async def test_a_file_that_cannot_be_used_costs_its_own_line_only(workspace: Path, api: FakeApi) -> None:
    outside = workspace.parent / "outside.yaml"
    outside.write_text("a: 1\n")
    (workspace / "environments" / "linked.yaml").symlink_to(outside)
    (workspace / "environments" / "torn.yaml").write_text("data: [\n")
    code, out, err = await status(workspace)
    assert code == 3
    assert "! environments/linked.yaml: is a symlink that leaves the workspace" in out
    assert "! environments/torn.yaml:" in out
    assert "development  degraded" in out, err
    code, _, err = await status(workspace, "linked")
    assert code == 2
    assert err.count("\n") == 1


async def test_no_such_environment_is_two(workspace: Path) -> None:
    code, out, err = await status(workspace, "nope")
    assert (code, out) == (2, "")
    assert "no environment nope" in err


async def test_a_slow_cluster_is_waited_for_only_so_long(workspace: Path, api: FakeApi) -> None:
    api.faults["list"] = [hang()]
    code, out, _ = await status(workspace, "--timeout", "1")
    assert code == 3
    assert "connecting" in out


async def test_watch_prints_a_line_for_each_change_and_ends_on_interrupt(workspace: Path, api: FakeApi) -> None:
    await api.put("a")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veza_tui", "-C", str(workspace), "status", "--watch", "--json",
        env=environment(workspace), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        # A suite started in the background inherits an ignored SIGINT; a person's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdout is not None

    async def line() -> dict[str, Any]:
        assert process.stdout is not None
        found: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), 15))
        return found

    try:
        assert (await line())["type"] == "status"
        await api.put("b")
        change = await line()
        while change["name"] != "b":
            change = await line()
        assert (change["kind"], change["text"]) == ("pod", "0/1 Pending")
        await api.remove("b")
        change = await line()
        assert (change["name"], change["text"]) == ("b", "gone")
    finally:
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 130
    assert b"Traceback" not in err


async def test_one_environment_that_hangs_does_not_disturb_the_other(workspace: Path, api: FakeApi) -> None:
    from veza_tui.adapters.kubernetes.client import KubernetesCluster
    from veza_tui.adapters.kubernetes.kubeconfig import Access
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.model.view import EnvironmentView, Link
    from veza_tui.workspace.load import load_workspace

    slow = FakeApi()
    await slow.start()
    slow.faults["list"] = [hang()] * 100
    slow.faults["version"] = [hang()] * 100
    known = load_workspace(workspace).environment("development")
    good = EnvironmentFeed(known, lambda: KubernetesCluster(Access("a", api.url, "ns", "u")))
    bad = EnvironmentFeed(replace(known, name="slow"), lambda: KubernetesCluster(Access("b", slow.url, "ns", "u")))
    live = asyncio.Event()

    def look(view: EnvironmentView) -> None:
        if view.link is Link.LIVE and "a" in {p.name for p in view.pods.values()}:
            live.set()

    good.subscribe(look)
    try:
        await bad.start()
        await good.start()
        await api.put("a")
        await asyncio.wait_for(live.wait(), 5)
        assert bad.view().link is Link.CONNECTING
    finally:
        await good.close()
        await bad.close()
        await slow.stop()
