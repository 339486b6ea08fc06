"""Looking closer on the embedded platform: the screens through the pilot, the commands as child processes."""

from __future__ import annotations

import asyncio
import json
import re
import select
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tools.cli import Cli, make_cli
from veza_tui.ports.cluster import DEPLOYMENTS, PODS
from veza_tui.tui.app import VezaApp
from veza_tui.tui.screens.yaml_view import YamlScreen
from veza_tui.wiring import make_screen_services, open_world

pytestmark = pytest.mark.integration
NAMESPACE = "veza-development"


@pytest.fixture(scope="module")
def cli(platform: Any) -> Cli:
    return make_cli(platform)


@pytest.fixture
async def cluster(platform: Any, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    for key, value in cli.environment.items():
        monkeypatch.setenv(key, value)
    world = open_world(cli.workspace, read_only=False)
    yield world.cluster(world.environment("development"))
    await world.close()
    await asyncio.sleep(0.1)


def screen_text(app: VezaApp) -> str:
    strips = app.screen._compositor.render_strips(app.screen.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(pilot: Pilot[int], true: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, screen_text(pilot.app)  # type: ignore[arg-type]
        await pilot.pause(0.02)


@asynccontextmanager
async def running(workspace: Path, size: tuple[int, int]) -> AsyncIterator[tuple[VezaApp, Pilot[int], Any]]:
    app = VezaApp(make_screen_services(workspace))
    async with app.run_test(size=size) as pilot:

        async def see(words: str) -> None:
            await until(pilot, lambda: words in screen_text(app))

        await until(pilot, lambda: bool(app.tabs) and app.tabs[0].view.synced and bool(app.tabs[0].view.rollouts))
        yield app, pilot, see
    # The program ends with its process; here the loop goes on to the next test.
    await app.services.service("world").close()
    await asyncio.sleep(0.1)  # TLS connections that were closed say goodbye on the loop


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_every_look_opens_by_its_key_and_escape_leads_back(cli: Cli, cluster: Any, size: tuple[int, int]) -> None:
    async with running(cli.workspace, size) as (app, pilot, see):
        for key, words in (
            ("o", "OWNERS 3 deployments"),
            ("e", "EVENTS "),
            ("H", "HEALTH 5 checks"),
            ("equals_sign", "differ"),
        ):
            await pilot.press(key)
            await see(words)
        assert len(app.screen_stack) == 2, "looks stand beside each other"
        await pilot.press("t")
        await see("file, manifests, live")
        await pilot.press("escape")
        await pilot.press("d")
        await see("Service Account:  veza")
        await pilot.press("y")
        await see("apiVersion: v1")
        await pilot.press("escape", "escape")
        assert len(app.screen_stack) == 1


async def test_a_description_follows_its_object(cli: Cli, cluster: Any) -> None:
    async with running(cli.workspace, (100, 40)) as (app, pilot, see):
        await pilot.press("d")
        await see("DESCRIBE Pod")
        name = app.veza_screen.situation().ref.name  # type: ignore[union-attr]
        patch = {"metadata": {"labels": {"looked-at": "yes"}}}
        await cluster.patch(PODS, name, patch, NAMESPACE)
        await see("looked-at=yes")
        await cluster.patch(PODS, name, {"metadata": {"labels": {"looked-at": None}}}, NAMESPACE)
        await until(pilot, lambda: "looked-at" not in screen_text(app))


async def test_a_secret_is_masked_until_asked_and_masked_again(cli: Cli, cluster: Any) -> None:
    async with running(cli.workspace, (120, 50)) as (app, pilot, see):
        await pilot.press("o")
        await see("Secret")
        table = app.veza_screen.table
        assert table is not None
        await until(pilot, lambda: any("Secret" in row.key for row in table.rows))
        table.put_on(next(row.key for row in table.rows if "Secret" in row.key))
        await pilot.press("y")
        await see("values masked")
        masked = screen_text(app)
        assert "dev_password" not in masked
        await pilot.press("x")
        await see("values revealed")
        await see("dev_password")
        screen = app.veza_screen
        await pilot.press("d")
        await see("DESCRIBE Secret")
        assert "dev_password" not in screen_text(app)
        await pilot.press("escape")
        await see("values masked")
        assert isinstance(screen, YamlScreen)
        assert "dev_password" not in screen_text(app)
    lines = cli.json("audit", "--json")
    assert lines[-1]["type"] == "reveal"
    assert "dev_password" not in json.dumps(lines)


async def test_the_use_of_pods_is_shown_as_bars(cli: Cli, cluster: Any) -> None:
    async with running(cli.workspace, (160, 50)) as (_, pilot, see):
        await pilot.press("o")
        await see("MEMORY")
        await see("Mi ")


def test_describe_events_and_comparisons_without_a_screen(cli: Cli) -> None:
    text = cli.run("describe", "development", "deploy/backend-api").stdout
    assert text.startswith("Name:  ")
    assert "NewReplicaSet:" in text
    secret = cli.run("describe", "development", "secret/veza-development-secrets", "--yaml").stdout
    assert "••••••••" in secret
    assert "dev_password" not in secret
    assert cli.run("describe", "development", "nobody", code=1).stderr.count("\n") == 1
    assert cli.run("describe", "development", "gadget/x", code=2).stdout == ""
    assert isinstance(cli.json("events", "development", "--json")["events"], list)
    found = cli.json("compare", "development", "production", "--json", code=1)
    assert found["environments"] == ["development", "production"]
    assert [row["same"] for row in found["rows"]] == sorted(row["same"] for row in found["rows"])
    password = next(row for row in found["rows"] if row["name"] == "DB_PASSWORD")
    assert password["secret"]
    assert not password["same"]
    drift = cli.json("compare", "--drift", "development", "--json", code=None)
    assert drift["rows"]
    assert "dev_password" not in json.dumps([found, drift])


async def test_monitor_serves_metrics_runs_hooks_and_ends_cleanly(cli: Cli, cluster: Any, tmp_path: Path) -> None:
    hook = f"/bin/sh -c 'echo $VEZA_KIND $VEZA_NAME $VEZA_STATE >> {tmp_path}/hook'"
    arguments = ("monitor", "development", "--listen", "127.0.0.1:0", "--on-change", hook, "--json")
    with cli.started(*arguments) as process:
        assert process.stderr is not None
        assert select.select([process.stderr], [], [], 20)[0]
        url = re.search(r"http://\S+", await asyncio.to_thread(process.stderr.readline))
        assert url is not None

        def scrape() -> str:
            with urllib.request.urlopen(url[0], timeout=5) as answer:
                return str(answer.read().decode())

        wanted = 'veza_health{check="backend-api",environment="development",kind="service"} 1.0'
        await eventually(lambda: wanted in scrape())
        ready = 'veza_rollout_ready_replicas{environment="development",rollout="chat-server"} 1.0'
        await eventually(lambda: ready in scrape())
        image = {"name": "chat-server", "image": "veza/chat-server:v0.0.0-missing"}
        before = await cluster.get(DEPLOYMENTS, "chat-server", NAMESPACE)
        patch = {"spec": {"template": {"spec": {"containers": [image]}}}}
        await cluster.patch(DEPLOYMENTS, "chat-server", patch, NAMESPACE, kind="strategic")
        try:
            log = tmp_path / "hook"
            await eventually(lambda: log.exists() and "rollout chat-server degraded" in log.read_text())
        finally:
            image["image"] = before["spec"]["template"]["spec"]["containers"][0]["image"]
            await cluster.patch(DEPLOYMENTS, "chat-server", patch, NAMESPACE, kind="strategic")
        process.terminate()
        assert await asyncio.to_thread(process.wait, 10) == 0
        with pytest.raises(OSError, match="refused"):
            scrape()
    folder = Path(cli.environment["XDG_STATE_HOME"]) / "veza-tui" / "health"
    assert any(path.suffix == ".jsonl" and path.stat().st_size for path in folder.iterdir())


def test_monitor_refuses_other_machines(cli: Cli) -> None:
    assert "--allow-remote" in cli.run("monitor", "--listen", "0.0.0.0:0", code=2).stderr


async def eventually(true: Callable[[], bool], seconds: float = 25) -> None:
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < end
        await asyncio.sleep(0.1)
