"""A deploy in the midst of each of the demo's incidents: it ends in the right state, with the cause, and in time."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from tests.integration.deploy.conftest import kubectl, retag
from tests.tools.cli import Cli, make_cli

pytestmark = pytest.mark.integration

STAGING = ("--confirm", "staging", "--json", "--reason", "test")
APPS = "/apis/apps/v1/namespaces/veza-staging/deployments"


@pytest.fixture(scope="module")
def cli(own_platform: Any) -> Cli:
    return make_cli(own_platform)


def images(platform: Any) -> dict[str, str]:
    found = kubectl(platform, APPS)["items"]
    return {d["metadata"]["name"]: d["spec"]["template"]["spec"]["containers"][0]["image"] for d in found}


def evidence(cli: Cli, operation: str) -> str:
    return "".join(p.read_text() for p in (cli.operations / operation / "evidence").glob("*"))


def test_without_a_release_of_ours_it_goes_back_to_the_revision_before(cli: Cli, own_platform: Any) -> None:
    """On a fresh cluster, on which somebody else has deployed what does not start."""
    before = images(own_platform)
    own_platform.control.ask("start", incident="image-pull")
    assert images(own_platform)["backend-api"].endswith(":v1.6.0-rc1")
    plan = cli.json("rollback", "staging", "--dry-run", "--json")
    assert any("no good release" in note for note in plan["notes"])
    assert [(c["object"], c["new"]) for c in plan["changes"]] == [("Deployment/backend-api", before["backend-api"])]
    done = cli.json("rollback", "staging", *STAGING)
    assert done["state"] == "done" and images(own_platform) == before
    own_platform.control.ask("stop", incident="image-pull")


def test_what_was_set_by_hand_is_told_and_goes_back_to_the_newest_release(cli: Cli, own_platform: Any) -> None:
    retag(cli, "staging", "v1.4.1")
    cli.json("deploy", "staging", *STAGING)
    with own_platform.control.incident("image-pull"):
        plan = cli.json("rollback", "staging", "--dry-run", "--json")
        assert any("is no release" in n and "v1.6.0-rc1" in n for n in plan["notes"])
        cli.json("rollback", "staging", *STAGING)
        assert set(images(own_platform).values()) == {f"veza/{n}:v1.4.1" for n in images(own_platform)}


def settle(cli: Cli, environment: str) -> None:
    """Pods that must have been ready for a while before they count: what dies soon after its start dies in time."""
    for path in (cli.workspace / "k8s" / environment).glob("[345]0-*.yaml"):
        text = re.sub(r"(?m)^  minReadySeconds: .*\n", "", path.read_text())
        path.write_text(re.sub(r"(?m)^  progressDeadlineSeconds:", "  minReadySeconds: 60\n\\g<0>", text))


CASES = [
    # incident, environment, the command, exit code, what the reason and the evidence must say
    ("bad-deploy", "production", ("set-image", "chat-server=:v1.5.0"), 7, "chat-server-blue", "DB_URL"),
    ("crash-loop", "production", ("deploy",), 7, "exit 2", "panic: runtime error"),
    ("oom", "production", ("deploy",), 7, "out of memory", "keeps growing"),
    ("db-down", "production", ("deploy", "--timeout", "5"), 7, "503", "refused"),
    ("cache-down", "production", ("deploy", "--timeout", "5"), 7, "503", "refused"),
    ("image-pull", "staging", ("set-image", "backend-api=:v1.6.0-rc1"), 7, "v1.6.0-rc1 not found", "ErrImagePull"),
    ("data-loss", "staging", ("deploy",), 0, "", ""),
]


@pytest.mark.parametrize(("incident", "environment", "command", "code", "words", "kept"), CASES)
def test_a_deploy_in_an_incident_ends_in_time_and_says_why(
    cli: Cli,
    own_platform: Any,
    incident: str,
    environment: str,
    command: tuple[str, ...],
    code: int,
    words: str,
    kept: str,
) -> None:
    retag(
        cli, environment, "v1.4.3" if incident == "data-loss" else "v1.4.1" if environment == "production" else "v1.4.2"
    )
    if environment == "staging" and not cli.json("releases", environment, "--json"):
        cli.json("deploy", environment, *STAGING)  # so that there is something good to go back to
    if incident in ("crash-loop", "oom"):
        settle(cli, environment)
    name, *arguments = command
    sure = ("--confirm", environment, "--json")
    with own_platform.control.incident(incident):
        began = time.monotonic()
        done = cli.json(name, environment, *arguments, *sure, code=code)
        assert time.monotonic() - began < 45, "long before the timeout of 900 s"
    assert done["state"] == ("rolled-back" if code else "done")
    assert words in done["reason"]
    if kept:
        assert kept in evidence(cli, done["id"]) + json.dumps(cli.journal(done["id"]))
        assert (
            kubectl(own_platform, f"/api/v1/namespaces/veza-{environment}/services/chat-server")["spec"][
                "selector"
            ].get("veza.com/colour", "plain")
            == "plain"
        ), "what is live was not touched"


def test_an_operation_while_the_api_is_flaky_tells_the_truth(cli: Cli, own_platform: Any) -> None:
    """Small, because each of its calls is slow; deploys under each kind of error are in test_deploy_robust."""
    path = APPS.replace("staging", "development") + "/chat-server"
    before = kubectl(own_platform, path)["metadata"]["generation"]
    with own_platform.control.incident("api-flaky"):
        done = cli.run("pause", "development", "chat-server", "--yes", "--json", "--timeout", "5", code=None)
    after = kubectl(own_platform, path)["metadata"]["generation"]
    if not done.stdout:
        assert done.returncode in (1, 3, 4) and after == before, done.stderr
        return
    status = json.loads(done.stdout)
    assert status["exit"] == done.returncode
    if status["state"] == "done":
        assert after > before
    else:
        assert status["state"] == "failed" and status["reason"] and done.returncode in (1, 4, 5)
