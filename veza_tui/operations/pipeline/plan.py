"""The pipeline as a plan: a step each, in the file's order; a step without a command is shown as not configured."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.plan import Plan, Step, Target
from veza_tui.model.text import printable
from veza_tui.operations.commit import head
from veza_tui.operations.context import PlanContext, Planner
from veza_tui.operations.deploy.plan import workspace_files
from veza_tui.operations.pipeline.earlier import NOT_CONFIGURED as NOT_CONFIGURED
from veza_tui.operations.pipeline.earlier import Passed, earlier_baseline, passed_before
from veza_tui.workspace.pipeline import BUILT_IN, Pipeline

TIMEOUT = 4 * 3600.0
"""Seconds for the whole pipeline."""

_TITLES = {
    "validate_configuration": "Validate the configuration",
    "run_tests": "Run the tests",
    "security_scan": "Scan for security problems",
    "build_images": "Build the images",
    "push_images": "Push the images",
    "update_manifests": "Update the manifests from the environment file",
    "deploy_to_staging": "Deploy to staging",
    "run_integration_tests": "Run the integration tests",
    "deploy_to_production": "Deploy to production",
    "health_checks": "Check the services' health",
    "performance_tests": "Measure latency and errors against before",
    "monitoring_verification": "Verify Prometheus and Grafana",
}
_WRITES = ("update_manifests", "deploy_to_staging", "deploy_to_production")


def pipeline_planner(from_step: str = "", tag: str = "", skip_gates: str = "") -> Planner:
    """A planner for the pipeline up to an environment; ``from_step`` starts there, ``tag`` is given to the images.

    ``skip_gates`` is the reason for leaving out steps before ``from_step`` that never passed for this commit and tag.
    """

    async def planner(context: PlanContext) -> Plan:
        pipeline: Pipeline = context.workspace.pipeline
        commit = await head(str(context.workspace.path))
        before = Passed(tag)
        if from_step:
            before = await asyncio.to_thread(passed_before, context.directory, context.environment.name, commit, tag)
        plan = pipeline_plan(pipeline, context.environment, context.target, from_step=from_step, tag=before.tag,
                             environments=context.world.environments(), passed=before.steps, skip_gates=skip_gates,
                             commit=commit)  # fmt: skip
        files: dict[str, str] = {}
        for name in _targets(pipeline, context.environment, context.world.environments()):
            files.update(workspace_files(context, name))
        options = dict(plan.options)
        begun = {step.id for step in plan.steps}
        if "performance_tests" in begun and not begun & {
            "validate_configuration",
            f"deploy_to_{plan.target.environment}",
        }:
            # It begins after the deploy: what is compared with is what an earlier run measured before it.
            options["baseline"] = await asyncio.to_thread(earlier_baseline, context.directory, context.environment.name)
        return replace(plan, fingerprint=files, options=options)

    return planner


def pipeline_plan(
    pipeline: Pipeline,
    environment: Environment,
    target: Target,
    *,
    from_step: str = "",
    tag: str = "",
    environments: Sequence[str] = ("staging", "production"),
    passed: Collection[str] = (),
    skip_gates: str = "",
    commit: str = "",
) -> Plan:
    """The plan. A deploy step of an environment beyond the one asked for is left out, with what it would be called.

    Raises:
        ConfigError: the pipeline has no such step, or no steps at all.
        RefusedError: a step before ``from_step`` is not among those that ``passed``, and no reason is given.
    """
    if not pipeline.stages:
        raise ConfigError("environments/deployment-pipeline.yaml lists no stages")
    if from_step and from_step not in pipeline.steps:
        raise ConfigError(
            f"the pipeline has no step {from_step[:60]!r}", hint=f"its steps: {', '.join(pipeline.steps)}"
        )
    steps: list[Step] = []
    notes: list[str] = []
    targets = _targets(pipeline, environment, environments)
    started = not from_step
    unproven, said = _left_out(pipeline, environment, environments, from_step, passed)
    of = (
        " ".join(filter(None, (f"commit {commit[:12]}" if commit else "", f"tag {tag}" if tag else ""))) or "this state"
    )
    if unproven and not skip_gates:
        raise RefusedError(
            f"the pipeline cannot begin at {from_step}: {', '.join(unproven)} never passed for {of}",
            hint="nothing was changed; begin earlier, or say why not: --skip-gates REASON (audited)",
        )
    if said:
        notes.append(f"Begins at {from_step}; passed before for {of}: {', '.join(said)}.")
    if unproven:
        why = printable(skip_gates, limit=200)
        notes.append(f"SKIPPED ON PURPOSE, never passed for {of}: {', '.join(unproven)}. Why: {why}")
    for stage in pipeline.stages:
        for name in stage.steps:
            started = started or name == from_step
            if not started:
                continue
            if name.startswith("deploy_to_") and not _reaches(name, environment, environments):
                notes.append(f"{name} is left out: this pipeline ends at {environment.name}.")
                continue
            steps.append(_step(pipeline, stage.name, name, environment, tag, targets))
            if steps[-1].action == "pipeline.not_configured":
                notes.append(f"{name} has no command in the pipeline file: it is shown as {NOT_CONFIGURED}.")
    return Plan(
        kind="pipeline",
        target=target,
        title=f"Pipeline to {environment.name}",
        steps=tuple(steps),
        notes=tuple(notes),
        # The deploys in it are operations of their own: each takes its own environment's lock.
        options={
            "lock": False,
            "stages": [[s.name, list(s.steps)] for s in pipeline.stages],
            "tag": tag,
            "performance": asdict(pipeline.performance),
            "commit": commit,
            **({"skipped_gates": unproven, "skipped_why": skip_gates} if unproven else {}),
        },
        timeout=TIMEOUT,
    )


def _left_out(
    pipeline: Pipeline, environment: Environment, environments: Sequence[str], from_step: str, passed: Collection[str]
) -> tuple[list[str], list[str]]:
    """The gates before ``from_step``: those that did not pass, and those that did."""
    before = pipeline.steps[: pipeline.steps.index(from_step)] if from_step else ()
    gates = [s for s in before if _is_gate(pipeline, s)]
    gates = [s for s in gates if not s.startswith("deploy_to_") or _reaches(s, environment, environments)]
    return [s for s in gates if s not in passed], [s for s in gates if s in passed]


def _is_gate(pipeline: Pipeline, name: str) -> bool:
    """Whether the step can pass at all: one without a command says nothing, run or not."""
    return name in BUILT_IN or name.startswith("deploy_to_") or bool(pipeline.commands.get(name))


def _reaches(name: str, environment: Environment, environments: Sequence[str]) -> bool:
    """Whether a deploy step belongs to a pipeline that ends at ``environment``: staging stands before production."""
    target = name.removeprefix("deploy_to_")
    if target not in environments:
        return False
    return target == environment.name or environment.production


def _targets(pipeline: Pipeline, environment: Environment, environments: Sequence[str]) -> list[str]:
    """The environments that this pipeline deploys, in order; the one asked for when it deploys none."""
    deploys = [s for s in pipeline.steps if s.startswith("deploy_to_") and _reaches(s, environment, environments)]
    return [s.removeprefix("deploy_to_") for s in deploys] or [environment.name]


def _step(
    pipeline: Pipeline, stage: str, name: str, environment: Environment, tag: str, targets: Sequence[str]
) -> Step:
    title = _TITLES.get(name, name.replace("_", " ").capitalize())
    args = {"stage": stage, "name": name}
    command = list(pipeline.commands.get(name, ()))
    if name.startswith("deploy_to_"):
        target = name.removeprefix("deploy_to_")
        return Step(name, title, "pipeline.deploy", {**args, "environment": target, "tag": tag},
                    changes=(f"an operation of its own: veza-tui deploy {target}",))  # fmt: skip
    if name in BUILT_IN:
        changes = tuple(
            f"k8s/{t}/: replicas, resources and autoscaling of the environment file"
            + (f", image tag {tag}" if tag else "")
            for t in targets
        )
        writes = name in _WRITES
        return Step(name, title, f"pipeline.{name}",
                    {**args, "tag": tag, "command": command, "environments": list(targets)},
                    changes=changes if writes else (), mutates=writes)  # fmt: skip
    if command:
        return Step(name, title, "pipeline.command", {**args, "command": command},
                    changes=(f"runs {command[0]} …",))  # fmt: skip
    return Step(name, title, "pipeline.not_configured", args, mutates=False)
