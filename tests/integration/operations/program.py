"""`python -m tests.integration.operations.program` is veza-tui with a command `noop` and a cluster kept in a file.

The product has no such command: actions, command and cluster come in through the seams that it has anyway.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from tests.tools.clusters import FileCluster
from veza_tui import wiring
from veza_tui.adapters.process import launcher
from veza_tui.cli import main as cli_main
from veza_tui.cli.launch import launch, mutating_options
from veza_tui.model.plan import Need, Plan, Step
from veza_tui.operations.context import Context, PlanContext, action
from veza_tui.operations.fingerprint import file_digest

launcher.COMMAND = (sys.executable, "-m", "tests.integration.operations.program")

if os.environ.get("VEZA_TEST_CLUSTER"):
    wiring.connect_cluster = lambda environment: FileCluster(Path(os.environ["VEZA_TEST_CLUSTER"]))  # type: ignore


def _trace(context: Context, word: str) -> None:
    with (Path(context.directory) / "trace").open("a") as stream:
        stream.write(word + "\n")


@action("noop.do")
async def do(context: Context, step: Step) -> dict[str, Any]:
    """Make a file, after the gate of the same name opens (when the step has one)."""
    _trace(context, f"begin {step.id}")
    context.report.output(f"working on {step.id}")
    gate = Path(context.directory) / f"gate-{step.id}"
    while step.args.get("gate") and not gate.exists():
        await context.clock.sleep(0.01)
    (Path(context.directory) / f"made-{step.id}").write_text("made")
    context.report.progress(1.0, "made")
    _trace(context, f"end {step.id}")
    if step.args.get("fail"):
        from veza_tui.model.errors import VezaError

        raise VezaError(f"{step.id} fails on purpose")
    if step.args.get("bug"):
        raise ZeroDivisionError("password=hunter2")
    return {"made": step.id, "ppid": os.getppid(), "tty": _has_tty(), "umask": _umask()}


@action("noop.undo")
async def undo(context: Context, step: Step) -> None:
    """Remove the file again."""
    _trace(context, f"undo {step.id}")
    gate = Path(context.directory) / f"gate-undo-{step.id}"
    while step.args.get("gate_undo") and not gate.exists():
        await context.clock.sleep(0.01)
    if step.args.get("fail_undo"):
        from veza_tui.model.errors import VezaError

        raise VezaError(f"{step.id} cannot be undone")
    (Path(context.directory) / f"made-{step.id}").unlink(missing_ok=True)


def _has_tty() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True


def _umask() -> str:
    old = os.umask(0o077)
    os.umask(old)
    return oct(old)


@click.command()
@click.argument("environment")
@click.argument("steps")
@click.option("--rollback", is_flag=True)
@click.option("--watch-file", default="")
@mutating_options
@click.pass_obj
def noop(options: Any, environment: str, steps: str, rollback: bool, watch_file: str, **flags: Any) -> int:
    """Run STEPS (JSON)."""

    async def planner(context: PlanContext) -> Plan:
        fingerprint = {}
        if watch_file:
            fingerprint[f"file:{watch_file}"] = file_digest(Path(context.workspace.path) / watch_file)
        made = [
            Step(
                id=s["id"],
                title=f"Make {s['id']}",
                action="noop.do",
                args=s,
                changes=(f"file made-{s['id']}",),
                cancellable=s.get("cancellable", True),
                undo="noop.undo" if s.get("undo", True) else "",
                mutates=s.get("mutates", True),
            )
            for s in json.loads(steps)
        ]
        needs = (
            Need("patch", "deployments", "apps", namespace=context.target.namespace),
            Need("create", "namespaces"),
        )
        return Plan(
            "noop",
            context.target,
            f"Noop on {environment}",
            tuple(made),
            needs=needs,
            fingerprint=fingerprint,
            rollback_on_failure=rollback,
            timeout=60,
        )

    return launch(options, environment, planner, **flags)


_found = cli_main.LazyGroup.get_command


def _get_command(self: Any, ctx: click.Context, name: str) -> click.Command | None:
    return noop if name == "noop" else _found(self, ctx, name)


cli_main.LazyGroup.get_command = _get_command  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(cli_main.main())
