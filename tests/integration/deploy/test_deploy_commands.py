"""Deploy, rollback and kin by the command line on the embedded platform."""

from __future__ import annotations

import json
import re
import stat
from typing import Any

import pytest

from tests.tools.cli import Cli, make_cli

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cli(platform: Any) -> Cli:
    made = make_cli(platform)
    made.run("deploy", "development", "--yes")
    return made


def edit(cli: Cli, file: str, old: str, new: str) -> None:
    path = cli.workspace / "k8s" / "development" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_first_deploy_keeps_what_was_there_as_a_release_to_go_back_to(cli: Cli) -> None:
    kinds = [r["kind"] for r in cli.json("releases", "development", "--json")]
    assert kinds[-1] == "baseline" and "deploy" in kinds
    written = cli.workspace / ".env.development"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert written.read_text().splitlines()[:3] == ["name=development", "type=dev", "domain=dev.veza.com"]


def test_deploying_the_same_again_does_nothing(cli: Cli) -> None:
    assert "nothing to do" in cli.run("deploy", "development", "--yes").stderr


def test_a_dry_run_names_the_fields_and_never_a_secret(cli: Cli) -> None:
    secrets = cli.workspace / "secrets" / "development.env"
    before = secrets.read_text()
    secrets.write_text(re.sub(r"JWT_SECRET=.*", "JWT_SECRET=a-new-secret-value", before))
    edit(cli, "30-backend-api.yaml", "veza/backend-api:v1.4.2", "veza/backend-api:v1.4.1")
    try:
        done = cli.run("deploy", "development", "--dry-run")
        assert "spec.template.spec.containers[backend-api].image" in done.stdout
        assert "data.jwt_secret" in done.stdout
        plan = cli.run("deploy", "development", "--dry-run", "--json").stdout
        assert "a-new-secret-value" not in done.stdout + done.stderr + plan
        assert json.loads(plan)["kind"] == "deploy"
    finally:
        secrets.write_text(before)
        edit(cli, "30-backend-api.yaml", "veza/backend-api:v1.4.1", "veza/backend-api:v1.4.2")


def test_a_bad_image_fails_fast_and_goes_back(cli: Cli) -> None:
    done = cli.json("set-image", "development", "chat-server=:v1.5.0", "--yes", "--json", code=7)
    assert done["state"] == "rolled-back"
    assert "DB_URL" in json.dumps(cli.journal(done["id"]))
    assert list((cli.operations / done["id"] / "evidence").glob("chat-server-*.log"))
    live = cli.json("status", "development", "--json", code=None)
    assert "v1.4.2" in json.dumps(live) and "v1.5.0" not in json.dumps(
        live["environments"] if isinstance(live, dict) else live
    )
    newest = cli.json("releases", "development", "--json")[0]
    assert newest["good"] is False and newest["images"]["chat-server"]["chat-server"].endswith("v1.5.0")


def test_an_image_that_does_not_exist_says_which(cli: Cli) -> None:
    done = cli.json("set-image", "development", "chat-server=:v0.0.0-none", "--yes", "--json", code=7)
    assert "v0.0.0-none" in done["reason"]


def test_small_operations_and_rollback(cli: Cli) -> None:
    cli.run("scale", "development", "2", "chat-server", "--yes")
    cli.run("restart", "development", "chat-server", "--yes")
    cli.run("pause", "development", "chat-server", "--yes")
    cli.run("resume", "development", "chat-server", "--yes")
    good = [r for r in cli.json("releases", "development", "--json") if r["good"]]
    done = cli.json("rollback", "development", "--to", str(good[0]["number"]), "--yes", "--json")
    assert done["state"] == "done"
    kinds = {o["kind"] for o in cli.json("operations", "--json")}
    assert {"deploy", "set-image", "scale", "restart", "pause", "resume", "rollback"} <= kinds


def test_bad_input_is_one_line(cli: Cli) -> None:
    for arguments, code in (
        (("deploy", "nowhere", "--yes"), 2),
        (("restart", "development"), 2),
        (("restart", "staging", "--yes"), 2),
        (("set-image", "development", "nonsense", "--yes"), 2),
        (("set-image", "development", "chat-server=b;rm", "--yes"), 2),
        (("rollback", "development", "--to", "999", "--yes"), 2),
        (("restart", "development", "no-such", "--yes"), 2),
        (("promote", "development", "development", "--yes"), 2),
        (("--read-only", "restart", "development", "--yes"), 6),
        (("switch-back", "development", "--yes"), 2),
    ):
        done = cli.run(*arguments, code=code)
        lines = [line for line in done.stderr.splitlines() if line.startswith("veza-tui:")]
        assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr


def test_files_edited_after_the_confirmation_void_the_plan(cli: Cli) -> None:
    # The runner starts from the plan that was made: what it rests on is looked at again before the first step.
    plan = cli.json("set-image", "development", "chat-server=:v1.4.1", "--dry-run", "--json")
    assert any(key.startswith("file:k8s/development/") for key in plan["fingerprint"])
    assert "file:secrets/development.env" in plan["fingerprint"]
    assert any(key.startswith("object:apps/v1/deployments/") for key in plan["fingerprint"])


def test_the_audit_log_has_every_one_of_them_and_is_whole(cli: Cli) -> None:
    assert "the chain is whole" in (done := cli.run("audit", "--verify")).stdout + done.stderr
    kinds = {r.get("kind") for r in cli.json("audit", "--json", "-n", "200")}
    assert "set-image" in kinds


def test_an_agent_pins_what_failed(cli: Cli) -> None:
    import subprocess

    git = ["git", "-C", str(cli.workspace), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "environments", "k8s"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    cli.run("agent", "development", "--once")
    edit(cli, "40-chat-server.yaml", "v1.4.2", "v1.5.0")
    subprocess.run([*git, "commit", "-qam", "bad"], check=True)
    cli.run("agent", "development", "--once", code=7)
    assert "pinned" in cli.run("agent", "development", "--once").stdout
    assert "auto_deploy is false" in cli.run("agent", "production", "--once", code=6).stderr
    edit(cli, "40-chat-server.yaml", "v1.5.0", "v1.4.2")
