"""A demo of one's own for what changes production: blue-green leaves coloured deployments behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import headless_demo
from tests.tools.cli import Cli, make_cli

ROOT = __file__.rpartition("/tests/")[0]


@pytest.fixture(scope="module")
def own_platform() -> Iterator[Any]:
    """A module's own: which colour is live, and which releases there are, depends on no other module."""
    with headless_demo("--rows", "1000", "--time-scale", "0.1", "--traffic", "0") as demo:
        yield demo


@pytest.fixture(scope="module")
def prod(own_platform: Any) -> Iterator[Cli]:
    cli = make_cli(own_platform)
    yield cli
    for found in json.loads(cli.run("operations", "list", "--json").stdout):
        if found["state"] == "running":
            cli.run("operations", "cancel", found["id"], code=None)


def hooked(cli: Cli, signals: str) -> Cli:
    """The same, with a runner that gets signals (tests/tools/kill_hook)."""
    path = f"{ROOT}/tests/tools/kill_hook:{ROOT}"
    return Cli(cli.workspace, {**cli.environment, "PYTHONPATH": path, "VEZA_TEST_SIGNALS": signals})


def newest(cli: Cli) -> str:
    """The operation that was made last."""
    return max(p.name for p in cli.operations.iterdir())


def retag(cli: Cli, environment: str, tag: str) -> None:
    """Another image tag in every manifest of the environment."""
    import re

    for path in (cli.workspace / "k8s" / environment).glob("[345]0-*.yaml"):
        path.write_text(re.sub(r"(image: veza/[a-z-]+):\S+", rf"\1:{tag}", path.read_text()))


def running_tags(platform: Any, environment: str) -> set[str]:
    """The image tags of an environment's Deployments."""
    found = kubectl(platform, f"/apis/apps/v1/namespaces/veza-{environment}/deployments")["items"]
    return {d["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2] for d in found}


def other_tags(platform: Any, environment: str) -> list[str]:
    """Good tags of which none runs there now: whatever others left, a deploy of one changes something."""
    running = running_tags(platform, environment)
    return [tag for tag in ("v1.4.1", "v1.4.2", "v1.4.3", "v1.4.0") if tag not in running]


def kubectl(platform: Any, *arguments: str) -> Any:
    """JSON from the demo's API, as its administrator."""
    import base64
    import ssl
    import urllib.request

    import yaml

    config = yaml.safe_load(platform.kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    request = urllib.request.Request(
        cluster["server"] + arguments[0], headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
    )
    with urllib.request.urlopen(request, context=context) as answer:
        return json.load(answer)
