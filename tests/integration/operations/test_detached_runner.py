"""The runner as a real process: it outlives terminals, is found again after a crash, and shares the environment."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.operations.conftest import PROGRAM, ROOT, Desk, alive

GATED = [{"id": "a", "gate": 1}, {"id": "b", "gate": 1}, {"id": "c", "gate": 1}]


def test_runs_detached_private_and_without_a_terminal(desk: Desk) -> None:
    done = desk.run("noop", "development", '[{"id":"a"}]', "--yes", "--json", "--reason", "because")
    assert done.returncode == 0
    status = json.loads(done.stdout)
    assert (status["kind"], status["environment"], status["state"]) == ("noop", "development", "done")
    assert {"id", "user", "started", "ended", "steps"} <= status.keys()
    assert status["result"]["a"] == {"made": "a", "ppid": status["result"]["a"]["ppid"], "tty": False, "umask": "0o77"}
    assert "working on a" in done.stderr and "✔" in done.stderr
    state = Path(desk.env["XDG_STATE_HOME"])
    for path in state.rglob("*"):
        assert oct(path.stat().st_mode)[-3:] == ("700" if path.is_dir() else "600"), path
    (listed,) = json.loads(desk.run("operations", "--json").stdout)
    assert listed["id"] == status["id"]
    assert [line["type"] for line in desk.audit()] == ["note", "intent", "outcome"]
    assert desk.audit()[-1]["reason"] == "because"
    assert desk.lease()["spec"]["holderIdentity"] == ""
    assert desk.run("audit", "--verify").returncode == 0


def test_dry_run_changes_nothing_and_is_the_plan(desk: Desk) -> None:
    done = desk.run("noop", "production", '[{"id":"a"}]', "--dry-run", "--json")
    assert done.returncode == 0
    plan = json.loads(done.stdout)
    assert plan["steps"][0]["changes"] == ["file made-a"] and len(plan["hash"]) == 64
    text = desk.run("noop", "production", '[{"id":"a"}]', "--dry-run").stdout
    assert "file made-a" in text
    assert desk.made() == set()
    assert json.loads(desk.run("operations", "--json").stdout) == []


@pytest.mark.parametrize("at", ["a", "b", "c"])
def test_closed_pty_and_hangup_do_not_stop_it(desk: Desk, at: str) -> None:
    """The starter runs on a real pty, which is closed while the step runs: the starter gets SIGHUP, as over SSH."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(
            sys.executable,
            [*PROGRAM, "-C", str(desk.path), "noop", "development", json.dumps(GATED), "--yes"],
            desk.env,
        )
    desk.open_gate(*[s["id"] for s in GATED if s["id"] < at])
    desk.until(lambda: _drain(master) or f"begin {at}" in desk.trace())
    (operation,) = [p.name for p in (Path(desk.env["XDG_STATE_HOME"]) / "veza-tui" / "operations").iterdir()]
    runner = desk.runner(operation)
    assert os.getsid(runner) not in (os.getsid(0), pid)
    os.close(master)
    assert os.waitpid(pid, 0)[0] == pid
    os.kill(runner, signal.SIGHUP)
    desk.open_gate("a", "b", "c")
    assert desk.ended(operation)["state"] == "done"
    assert desk.made() == {"a", "b", "c"}


def _drain(master: int) -> None:
    while select.select([master], [], [], 0)[0]:
        os.read(master, 65536)


@pytest.mark.parametrize("at", ["a", "b", "c"])
def test_killed_at_each_step_is_offered_and_resumed(desk: Desk, at: str) -> None:
    operation = desk.start(GATED)
    desk.open_gate(*[s["id"] for s in GATED if s["id"] < at])
    desk.begun(operation, at)
    desk.kill(operation)
    status = desk.status(operation)
    assert status["state"] == "interrupted"
    assert f"operations resume {operation}" in status["reason"]
    notice = desk.run("operations", "list")
    assert operation in notice.stdout and "interrupted" in notice.stdout
    offered = desk.run("validate", "development").stderr
    assert f"operation {operation} (noop development) was interrupted" in offered and "resume" in offered
    # The lock of the dead one still stands: others are refused, it takes its own back.
    assert desk.run("noop", "development", '[{"id":"x"}]', "--yes").returncode == 5
    desk.open_gate("a", "b", "c")
    resumed = desk.run("operations", "resume", operation[:20], "--yes", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["state"] == "done"
    begun = [line for line in desk.trace() if line.startswith("begin")]
    assert begun == [f"begin {s}" for s in "abc" if s <= at] + [f"begin {s}" for s in "abc" if s >= at]
    assert desk.made() == {"a", "b", "c"}
    assert desk.run("audit", "--verify").returncode == 0


def test_killed_one_can_be_undone(desk: Desk) -> None:
    operation = desk.start(GATED)
    desk.open_gate("a")
    desk.begun(operation, "b")
    desk.kill(operation)
    undone = desk.run("operations", "undo", operation, "--yes", "--json")
    assert undone.returncode == 0, undone.stderr
    assert json.loads(undone.stdout)["state"] == "rolled-back"
    assert [line for line in desk.trace() if line.startswith("undo")] == ["undo b", "undo a"]
    assert desk.made() == set()
    assert desk.run("operations", "resume", operation, "--yes").returncode == 6


def test_killed_during_the_rollback_goes_on_taking_back(desk: Desk) -> None:
    steps = [{"id": "a"}, {"id": "b", "gate_undo": 1}, {"id": "c", "fail": 1}]
    operation = desk.start(steps, "--rollback")
    desk.until(lambda: "undo b" in desk.trace())
    desk.kill(operation)
    desk.open_gate("undo-b")
    resumed = desk.run("operations", "resume", operation, "--yes")
    assert resumed.returncode == 7, resumed.stderr
    assert desk.made() == set()


def test_failure_exits(desk: Desk) -> None:
    failing = json.dumps([{"id": "a"}, {"id": "b", "fail": 1}])
    assert desk.run("noop", "development", failing, "--yes").returncode == 1
    assert desk.run("noop", "development", failing, "--yes", "--rollback").returncode == 7
    stuck = json.dumps([{"id": "a", "fail_undo": 1}, {"id": "b", "fail": 1}])
    done = desk.run("noop", "development", stuck, "--yes", "--rollback", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["left"] == ["Make a: file made-a"]


def test_two_at_once_the_second_learns_who(desk: Desk) -> None:
    operation = desk.start(GATED)
    desk.begun(operation, "a")
    second = desk.run("noop", "development", '[{"id":"x"}]', "--yes")
    assert second.returncode == 5
    assert operation in second.stderr and "since 20" in second.stderr
    # From another machine (another state directory) only the Lease stands in the way.
    desk.env["XDG_STATE_HOME"] += "-elsewhere"
    third = desk.run("noop", "development", '[{"id":"x"}]', "--yes", "--take-over")
    assert third.returncode == 5
    assert operation in third.stderr and "since 20" in third.stderr
    assert [line["type"] for line in desk.audit()] == ["denial"]
    assert json.loads(desk.run("operations", "--json").stdout) == []
    desk.env["XDG_STATE_HOME"] = desk.env["XDG_STATE_HOME"].removesuffix("-elsewhere")
    assert desk.run("noop", "staging", '[{"id":"y"}]', "--confirm", "staging").returncode == 0
    desk.open_gate("a", "b", "c")
    assert desk.ended(operation)["state"] == "done"


def test_contenders_started_together_exactly_one_runs(desk: Desk) -> None:
    steps = json.dumps([{"id": "a", "gate": 1}])
    children = []
    for number in range(4):
        desk_env = {**desk.env, "XDG_STATE_HOME": f"{desk.env['XDG_STATE_HOME']}-{number}"}
        other = Desk(desk.path, desk_env, desk.started)
        children.append(other.spawn("noop", "development", steps, "--yes"))
    codes = desk.until(lambda: [c for c in children if c.poll() is not None][2:] and [c.poll() for c in children])
    assert sorted(codes, key=str) == sorted([5, 5, 5, None], key=str)
    desk.open_gate("a")
    assert sorted(child.wait(20) for child in children) == [0, 5, 5, 5]
    assert desk.trace().count("begin a") == 1


def test_ctrl_c_cancels_at_the_safe_point_and_says_which(desk: Desk) -> None:
    steps = [{"id": "a", "gate": 1, "cancellable": False}, {"id": "b", "gate": 1}, {"id": "c"}]
    child = desk.spawn("noop", "development", json.dumps(steps), "--yes")
    desk.begun("", "a")
    child.send_signal(signal.SIGINT)
    (operation,) = [s["id"] for s in json.loads(desk.run("operations", "--json").stdout)]
    desk.until(lambda: any(e["type"] == "cancel" for e in desk.journal(operation)))
    status = desk.status(operation)
    assert (status["state"], status["safe_point"]) == ("cancelling", "after the step “Make b”")
    desk.open_gate("a", "b")
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert "after the step “Make b”" in err
    assert desk.made() == {"a", "b"}
    assert desk.status(operation)["state"] == "cancelled"


def test_second_ctrl_c_forces(desk: Desk) -> None:
    child = desk.spawn("noop", "development", json.dumps(GATED), "--yes")
    desk.begun("", "a")
    child.send_signal(signal.SIGINT)
    (operation,) = [s["id"] for s in json.loads(desk.run("operations", "--json").stdout)]
    desk.until(lambda: any(e["type"] == "cancel" for e in desk.journal(operation)))
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert "cut off" in err
    assert desk.status(operation)["left"] == ["perhaps half done: file made-a"]


def test_cancel_from_another_terminal_then_resume(desk: Desk) -> None:
    operation = desk.start(GATED)
    desk.begun(operation, "a")
    cancelled = desk.run("operations", "cancel", operation)
    assert cancelled.returncode == 0 and "Make a" in cancelled.stderr
    desk.open_gate("a", "b", "c")
    assert desk.ended(operation)["state"] == "cancelled"
    assert desk.run("operations", "cancel", operation).returncode == 6
    assert desk.run("operations", "resume", operation, "--yes").returncode == 0
    assert desk.trace().count("begin a") == 1


def test_ctrl_c_before_it_has_begun_cancels_it(desk: Desk) -> None:
    child = desk.spawn("noop", "development", json.dumps(GATED), "--yes")
    root = Path(desk.env["XDG_STATE_HOME"]) / "veza-tui" / "operations"
    (path,) = desk.until(lambda: list(root.glob("*/starter.json")))
    child.send_signal(signal.SIGINT)
    journal = path.with_name("journal.jsonl")
    # The wish is heard before the first step's gate opens, or before the first step itself.
    desk.until(lambda: child.poll() is not None or (journal.exists() and '"cancel"' in journal.read_text()))
    desk.open_gate("a")
    child.communicate(timeout=20)
    assert child.returncode == 130
    assert desk.ended(path.parent.name)["state"] == "cancelled"
    assert desk.made() <= {"a"}


def test_term_to_the_starter_leaves_the_operation_alone(desk: Desk) -> None:
    child = desk.spawn("noop", "development", json.dumps(GATED), "--yes")
    desk.begun("", "a")
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 143 and "goes on" in err
    (operation,) = [s["id"] for s in json.loads(desk.run("operations", "--json").stdout)]
    attached = desk.spawn("operations", "attach", operation, "--json")
    desk.open_gate("a", "b", "c")
    out, _ = attached.communicate(timeout=20)
    assert attached.returncode == 0 and json.loads(out)["state"] == "done"


def test_drift_between_plan_and_run_voids(desk: Desk) -> None:
    """The file changes after the plan was made and before the confirmation is typed, on a real pty."""
    watched = desk.path / "watched"
    watched.write_text("one")
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        args = ["noop", "staging", '[{"id":"a"}]', "--watch-file", "watched"]
        os.execve(sys.executable, [*PROGRAM, "-C", str(desk.path), *args], desk.env)
    seen = _read_until(master, b"(Enter cancels): ")
    watched.write_text("two")
    os.write(master, b"staging\n")
    seen += _read_until(master, b"")
    _, code = os.waitpid(pid, 0)
    os.close(master)
    assert os.waitstatus_to_exitcode(code) == 6, seen
    assert b"void: changed since it was made: watched" in seen
    assert desk.made() == set()


def _read_until(master: int, mark: bytes) -> bytes:
    seen = b""
    while not (mark and mark in seen):
        assert select.select([master], [], [], 20)[0], seen
        try:
            data = os.read(master, 65536)
        except OSError:
            return seen
        if not data:
            return seen
        seen += data
    return seen


def test_typing_the_wrong_name_changes_nothing(desk: Desk) -> None:
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(
            sys.executable, [*PROGRAM, "-C", str(desk.path), "noop", "production", '[{"id":"a"}]', "--yes"], desk.env
        )
    os.write(master, b"production\n")  # typed before the question: dropped
    _read_until(master, b"(Enter cancels): ")
    os.write(master, b"prod\n")
    _read_until(master, b"")
    _, code = os.waitpid(pid, 0)
    os.close(master)
    assert os.waitstatus_to_exitcode(code) == 2
    assert desk.made() == set()


@pytest.mark.parametrize(
    ("environment", "flags", "code"),
    [
        ("development", [], 2),
        ("development", ["--yes"], 0),
        ("staging", ["--yes"], 2),
        ("staging", ["--confirm", "production"], 2),
        ("staging", ["--confirm", "staging"], 0),
        ("production", ["--yes"], 2),
        ("production", ["--confirm", "production"], 0),
        ("nowhere", ["--yes"], 2),
        ("../development", ["--yes"], 2),
    ],
)
def test_headless_confirmation(desk: Desk, environment: str, flags: list[str], code: int) -> None:
    done = desk.run("noop", environment, '[{"id":"a"}]', *flags)
    assert done.returncode == code, done.stderr
    assert desk.made() == ({"a"} if code == 0 else set())


def test_read_only_has_no_way_round(desk: Desk) -> None:
    interrupted = desk.start(GATED)
    desk.begun(interrupted, "a")
    desk.kill(interrupted)
    before = desk.trace()
    sealed = desk.path / "environments" / "development.yaml"
    text = sealed.read_text()
    ways: list[tuple[list[str], dict[str, str], str]] = [
        (["--read-only"], {}, text),
        ([], {"VEZA_READ_ONLY": "1"}, text),
        ([], {}, text.rstrip("\n") + "\n  access:\n    read_only: true\n"),
    ]
    for flags, more, content in ways:
        sealed.write_text(content)
        env = {**desk.env, **more}
        for args in (
            ["noop", "development", '[{"id":"x"}]', "--yes"],
            ["operations", "resume", interrupted, "--yes"],
            ["operations", "undo", interrupted, "--yes"],
            ["_run", interrupted, "--mode", "resume"],
            ["_run", interrupted, "--mode", "undo"],
        ):
            done = desk.run(*flags, *args, env=env)
            assert done.returncode == 6, (args, done.stderr)
            assert "read-only" in done.stderr
        # Reading is allowed.
        assert desk.run(*flags, "operations", env=env).returncode == 0
        assert desk.run(*flags, "noop", "development", '[{"id":"x"}]', "--dry-run", env=env).returncode == 0
    assert desk.trace() == before
    denials = [line for line in desk.audit() if line["type"] == "denial"]
    assert len(denials) == 15


def test_missing_permission_is_refused_and_listed(desk: Desk) -> None:
    desk.run("noop", "development", '[{"id":"a"}]', "--yes")
    path = Path(desk.env["VEZA_TEST_CLUSTER"]) / "state.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "denied": ["patch deployments"]}))
    done = desk.run("noop", "development", '[{"id":"b"}]', "--yes")
    assert done.returncode == 6
    assert "patch apps/deployments in veza-development" in done.stderr
    assert desk.made() == {"a"}
    assert desk.run("noop", "development", '[{"id":"b"}]', "--dry-run").returncode == 6


def test_stale_lock_of_another_machine_is_taken_over_on_purpose_and_audited(desk: Desk) -> None:
    desk.run("noop", "development", '[{"id":"a"}]', "--yes")
    path = Path(desk.env["VEZA_TEST_CLUSTER"]) / "state.json"
    state = json.loads(path.read_text())
    lease = state["objects"]["leases/veza-development/veza-tui-development"]
    lease["spec"] |= {"holderIdentity": "bob@laptop/x", "renewTime": "2020-01-01T00:00:00.000000Z"}
    lease["metadata"]["annotations"]["veza-tui/operation"] = "x"
    path.write_text(json.dumps(state))
    refused = desk.run("noop", "development", '[{"id":"b"}]', "--yes")
    assert refused.returncode == 5 and "bob@laptop" in refused.stderr and "--take-over" in refused.stderr
    assert desk.run("noop", "development", '[{"id":"b"}]', "--yes", "--take-over").returncode == 0
    assert [line for line in desk.audit() if line["type"] == "take-over"]


def test_changed_plan_file_is_not_run(desk: Desk) -> None:
    operation = desk.start(GATED)
    desk.begun(operation, "a")
    desk.kill(operation)
    plan = desk.directory(operation) / "plan.json"
    data: dict[str, Any] = json.loads(plan.read_text())
    data["steps"][2]["args"]["id"] = "../escape"
    plan.write_text(json.dumps(data))
    done = desk.run("operations", "resume", operation, "--yes")
    assert done.returncode == 1 and "hash does not fit" in done.stderr


def test_runner_that_cannot_start_says_why(desk: Desk) -> None:
    (desk.path / "environments" / "development.yaml").rename(desk.path / "kept")
    assert desk.run("noop", "development", "[]", "--yes").returncode == 2
    (desk.path / "kept").rename(desk.path / "environments" / "development.yaml")
    operation = desk.start(GATED)
    desk.begun(operation, "a")
    twice = desk.run("_run", operation, "--mode", "resume")
    assert twice.returncode == 5 and "another process" in twice.stderr
    assert alive(desk.runner(operation))


def test_secrets_in_the_environment_pass_and_are_not_written(desk: Desk) -> None:
    desk.env["DB_PASSWORD"] = "s3cr3t-value"
    operation = desk.start(GATED)
    desk.begun(operation, "a")
    pid = desk.runner(operation)
    assert b"s3cr3t-value" in Path(f"/proc/{pid}/environ").read_bytes()
    assert b"s3cr3t-value" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    desk.open_gate("a", "b", "c")
    desk.ended(operation)
    desk.until(lambda: not alive(pid))
    for path in Path(desk.env["XDG_STATE_HOME"]).rglob("*"):
        assert path.is_dir() or b"s3cr3t-value" not in path.read_bytes()


def _become_nobody() -> None:
    # The real uid is who one is; the effective one stays, or nobody could not read this Python.
    os.setresuid(65534, 0, 0)


def test_approval_by_another_os_user(desk: Desk, tmp_path: Path) -> None:
    pipeline = desk.path / "environments" / "deployment-pipeline.yaml"
    text = pipeline.read_text()
    assert text.count("approvers: 0") == 1
    pipeline.write_text(text.replace("approvers: 0", "approvers: 1"))
    operation = desk.start([{"id": "a"}], "--reason", "release", environment="production")
    assert desk.until(lambda: desk.status(operation))["state"] == "waiting"
    assert desk.run("operations", "list").stdout.count("waiting") == 1
    own = desk.run("approve", operation, "--yes")
    assert own.returncode == 6 and "somebody else" in own.stderr
    assert operation in desk.run("approve").stdout
    for flag in ([], ["--deny"]):
        sealed = desk.run("--read-only", "approve", operation, "--yes", *flag)
        assert sealed.returncode == 6
    assert desk.made() == set()
    if os.getuid() != 0:
        desk.run("operations", "cancel", operation)
        pytest.skip("becoming another OS user needs root")
    other = {**desk.env, "XDG_STATE_HOME": str(tmp_path / "state-nobody")}
    done = desk.run("approve", operation[:22], "--yes", env=other, preexec_fn=_become_nobody)
    assert done.returncode == 0, done.stderr
    assert desk.ended(operation)["state"] == "done"
    outcome = desk.audit()[-1]
    assert "nobody" in outcome["approvers"][0]
    assert desk.made() == {"a"}
