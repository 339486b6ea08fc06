"""``environments/deployment-pipeline.yaml``: stages, steps, their commands, and what each environment allows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from veza_tui.model.environment import Policy
from veza_tui.workspace.documents import Document, read_frame
from veza_tui.workspace.files import name_problem
from veza_tui.workspace.reader import Reader, scalar_text, suggestion
from veza_tui.workspace.yamltree import Mapping, Sequence

BUILT_IN = (
    "validate_configuration",
    "security_scan",
    "update_manifests",
    "deploy_to_staging",
    "deploy_to_production",
    "health_checks",
    "performance_tests",
    "monitoring_verification",
)
"""Steps that the program does itself."""
BY_COMMAND = ("run_tests", "build_images", "push_images", "run_integration_tests")
"""Steps of the guide that run the workspace's own command."""
_STEP = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage and its steps, in order."""

    name: str
    steps: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Performance:
    """What performance_tests measures, and what it calls worse."""

    requests: int = 60
    """Requests per service and measure."""
    slower_percent: int = 200
    """Median and 95th percentile may grow to this many per cent of what they were before the deploy."""
    floor_ms: int = 50
    """Milliseconds below which a latency is never called slow: the network's own trembling."""
    errors_percent: int = 1
    """Per cent of the requests that may fail beyond what failed before."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The pipeline. ``commands`` holds the argv of steps that run one; a step without one is *not configured*."""

    stages: tuple[Stage, ...] = ()
    commands: Map[str, tuple[str, ...]] = field(default_factory=dict)
    policies: Map[str, Policy] = field(default_factory=dict)
    """By environment."""
    performance: Performance = Performance()

    def policy(self, environment: str) -> Policy:
        """What the environment allows; one that is not listed gets the careful defaults (approval by hand)."""
        return self.policies.get(environment, Policy())

    @property
    def steps(self) -> tuple[str, ...]:
        """Every step in order."""
        return tuple(step for stage in self.stages for step in stage.steps)


def build_pipeline(document: Document) -> Pipeline:
    """Read the pipeline; problems are added to the document's."""
    data = read_frame(document)
    if data is None:
        return Pipeline()
    stages: tuple[Stage, ...] = ()
    pipeline = data.mapping("pipeline", required=True)
    if pipeline is not None:
        stages = _stages(pipeline)
        pipeline.close()
    commands = _commands(data.mapping("commands"), {step for stage in stages for step in stage.steps})
    policies = _policies(data.mapping("environments", required=True))
    performance = _performance(data.mapping("performance"))
    data.close()
    return Pipeline(stages, commands, policies, performance)


def _performance(reader: Reader | None) -> Performance:
    if reader is None:
        return Performance()
    default = Performance()
    found = Performance(
        requests=reader.integer("requests", 1, 100_000, default=default.requests),
        slower_percent=reader.integer("slower_percent", 100, 100_000, default=default.slower_percent, unit=" %"),
        floor_ms=reader.integer("floor_ms", 0, 600_000, default=default.floor_ms, unit=" ms"),
        errors_percent=reader.integer("errors_percent", 0, 100, default=default.errors_percent, unit=" %"),
    )
    reader.close()
    return found


def _stages(pipeline: Reader) -> tuple[Stage, ...]:
    node = pipeline.sequence("stages", required=True)
    if node is None:
        return ()
    if not node.items:
        pipeline.say("stages", "holds no stage", "list at least one")
    found: list[Stage] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(node.items):
        path = f"{pipeline.key('stages')}[{index}]"
        if not isinstance(item, Mapping):
            pipeline.problems.add(item.line, path, "must be a mapping with name and steps", "write name: and steps:")
            continue
        stage = Reader(item, path, pipeline.problems)
        name = stage.string("name", required=True)
        if name and any(name == other.name for other in found):
            stage.say("name", f"stage `{name}` is given twice", "give each stage a name of its own")
        steps = _steps(stage, stage.sequence("steps", required=True), seen)
        stage.close()
        found.append(Stage(name, steps, item.line))
    return tuple(found)


def _steps(stage: Reader, node: Sequence | None, seen: dict[str, int]) -> tuple[str, ...]:
    found = []
    for index, item in enumerate(node.items if node else []):
        path = f"{stage.key('steps')}[{index}]"
        text = scalar_text(item)
        if text is None or not _STEP.match(text):
            stage.problems.add(item.line, path, "must be a step's name", "use lower-case letters, digits and _")
        elif text in seen:
            stage.problems.add(
                item.line, path, f"step `{text}` is given twice (first on line {seen[text]})", "remove one"
            )
        else:
            seen[text] = item.line
            found.append(text)
    return tuple(found)


def _commands(reader: Reader | None, steps: set[str]) -> dict[str, tuple[str, ...]]:
    if reader is None:
        return {}
    allowed = set(BY_COMMAND) | {"security_scan"} | (steps - set(BUILT_IN))
    found: dict[str, tuple[str, ...]] = {}
    for name in reader.node.entries:
        if name not in allowed:
            continue
        node = reader.raw(name)
        if node is None:
            continue
        text = scalar_text(node)
        if isinstance(node, Sequence):
            argv = reader.strings(name)
        elif text is not None:
            argv = _split(reader, name, text)
        else:
            reader.say(name, "must be a list of arguments or one line", 'write ["make", "test"]')
            continue
        if argv and (not argv[0] or any("\0" in part for part in argv)):
            reader.say(name, "begins with an empty word", "name the program first")
        elif argv:
            found[name] = argv
    for name in reader.node.entries:
        if name in BUILT_IN and name not in allowed:
            reader.raw(name)
            reader.say(name, "is built in and takes no command", "remove it")
        elif name not in allowed:
            reader.raw(name)
            reader.say(name, "is not a step of this pipeline", suggestion(name, allowed))
    return found


def _split(reader: Reader, name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError:
        reader.say(name, "has a quotation mark without its partner", "close it, or write a list of arguments")
        return ()


def _policies(reader: Reader | None) -> dict[str, Policy]:
    if reader is None:
        return {}
    found = {}
    default = Policy()
    for name in reader.node.entries:
        why = name_problem(name)
        if why:
            reader.raw(name)
            reader.say(name, f"is not an environment name: {why}", "use a file name of environments/ without .yaml")
            continue
        one = reader.mapping(name, required=True)
        if one is None:
            continue
        found[name] = Policy(
            auto_deploy=one.boolean("auto_deploy", default=default.auto_deploy),
            manual_approval=one.boolean("manual_approval", default=default.manual_approval),
            rollback_enabled=one.boolean("rollback_enabled", default=default.rollback_enabled),
            blue_green=one.boolean("blue_green", default=default.blue_green),
            approvers=one.integer("approvers", 0, 100, default=default.approvers),
            keep_old_minutes=one.integer("keep_old_minutes", 0, 7 * 24 * 60, default=default.keep_old_minutes),
        )
        one.close()
        _contradictions(one, found[name])
    return found


def _contradictions(one: Reader, policy: Policy) -> None:
    if policy.auto_deploy and policy.manual_approval:
        one.say("auto_deploy", "contradicts manual_approval: true", "set one of the two to false")
    if policy.approvers and not policy.manual_approval:
        one.say("approvers", "asks for approvals, but manual_approval is false", "set manual_approval: true")
