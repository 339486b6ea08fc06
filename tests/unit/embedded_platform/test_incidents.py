"""Incidents start once, stop what they started, and leave alone what somebody has mended."""

from __future__ import annotations

import pytest

from veza_tui.embedded.api.faults import Faults
from veza_tui.embedded.platform.incidents import INCIDENTS, Incidents, Scene
from veza_tui.embedded.platform.services.mesh import Mesh
from veza_tui.model.errors import ConfigError


class FakeDeployments:
    def __init__(self) -> None:
        self.images = {
            ("veza-production", "chat-server"): "veza/chat-server:v1.4.2",
            ("veza-staging", "backend-api"): "reg:5000/veza/backend-api:v1.4.1",
        }
        self.replaced: list[tuple[str, str]] = []

    def image(self, namespace: str, service: str) -> str:
        return self.images[namespace, service]

    def set_image(self, namespace: str, service: str, image: str, cause: str) -> None:
        self.images[namespace, service] = image

    def replace_pods(self, namespace: str, service: str) -> None:
        self.replaced.append((namespace, service))


class Switch:
    def __init__(self) -> None:
        self.on = True

    async def start(self) -> None:
        self.on = True

    async def stop(self, *, immediate: bool = False) -> None:
        self.on = False


@pytest.fixture
def scene() -> Scene:
    return Scene(Switch(), {"production": Switch()}, Mesh(), Faults(), FakeDeployments())  # type: ignore[arg-type,dict-item]


def test_all_that_the_issue_names_are_there() -> None:
    assert set(INCIDENTS) == {
        *("bad-deploy", "crash-loop", "image-pull", "oom"),
        *("db-down", "cache-down", "data-loss", "api-flaky"),
    }


@pytest.mark.parametrize(("name", "at"), [("bad-deploy", "chat-server"), ("image-pull", "backend-api")])
async def test_a_deploy_goes_back_to_what_was_there(scene: Scene, name: str, at: str) -> None:
    before = dict(scene.deployments.images)  # type: ignore[attr-defined]
    incidents = Incidents(scene)
    await incidents.start(name)
    await incidents.start(name)
    changed = {k: v for k, v in scene.deployments.images.items() if before[k] != v}  # type: ignore[attr-defined]
    ((_, service), image), *others = changed.items()
    assert (service, others) == (at, [])
    assert image.rpartition(":")[0] == before[next(iter(changed))].rpartition(":")[0]
    await incidents.stop(name)
    assert scene.deployments.images == before  # type: ignore[attr-defined]


async def test_a_mended_deploy_is_left_alone(scene: Scene) -> None:
    incidents = Incidents(scene)
    await incidents.start("bad-deploy")
    scene.deployments.set_image("veza-production", "chat-server", "veza/chat-server:v1.5.1", "")
    await incidents.stop("bad-deploy")
    assert scene.deployments.image("veza-production", "chat-server") == "veza/chat-server:v1.5.1"


async def test_stores_stop_and_start(scene: Scene) -> None:
    incidents = Incidents(scene)
    for name, store in (("db-down", scene.postgres), ("cache-down", scene.caches["production"])):
        await incidents.start(name)
        assert store.on is False  # type: ignore[attr-defined]
        await incidents.stop(name)
        assert store.on is True  # type: ignore[attr-defined]


async def test_a_flaky_api_is_calm_again(scene: Scene) -> None:
    incidents = Incidents(scene)
    await incidents.start("api-flaky")
    assert scene.faults.active
    await incidents.stop("api-flaky")
    assert scene.faults.active == []


async def test_listing_tells_what_is_on(scene: Scene) -> None:
    incidents = Incidents(scene)
    await incidents.start("oom")
    assert [i["name"] for i in incidents.listing() if i["active"]] == ["oom"]
    await incidents.stop("oom")
    assert [i["name"] for i in incidents.listing() if i["active"]] == []
    with pytest.raises(ConfigError, match="there is no incident 'fire'"):
        await incidents.start("fire")
