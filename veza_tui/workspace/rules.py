"""``environments/environment-rules.yaml``: the guide's rules, and the checks that judge those a machine can."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from veza_tui.model.environment import Environment, EnvironmentType
from veza_tui.model.finding import Severity
from veza_tui.workspace.documents import Document, read_frame
from veza_tui.workspace.reader import scalar_text, suggestion
from veza_tui.workspace.subject import Context, Subject

GROUPS = ("general_rules", "security_rules", "performance_rules", "deployment_rules")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_ROTATE_AFTER_DAYS = 90


def build_rules(document: Document) -> dict[str, Severity | None]:
    """The checks with their severities, None for those to ignore; problems are added to the document's."""
    data = read_frame(document)
    if data is None:
        return {}
    texts: set[str] = set()
    for group in GROUPS:
        node = data.sequence(group)
        for index, item in enumerate(node.items if node else []):
            text = scalar_text(item)
            if not text:
                data.problems.add(item.line, f"{data.key(group)}[{index}]", "must be a text", "put it in quotes")
            else:
                texts.add(text)
    found: dict[str, Severity | None] = {}
    checks = data.mapping("checks")
    for name in checks.node.entries if checks else ():
        assert checks is not None
        one = checks.mapping(name, required=True)
        if one is None:
            continue
        if name not in CHECKS:
            checks.say(name, "is not a check that veza-tui knows", suggestion(name, CHECKS))
            continue
        rule = one.string("rule", required=True)
        if rule and rule not in texts:
            one.say("rule", "is not one of the rules above", suggestion(rule, texts).replace("known keys", "rules"))
        severity = one.choice("severity", ("error", "warning", "info", "ignore"), default="warning")
        one.close()
        found[name] = None if severity == "ignore" else Severity(severity)
    data.close()
    return found


def apply_rules(context: Context, rules: Mapping[str, Severity | None]) -> None:
    """Judge every rule that is on and has a check here."""
    for name, severity in rules.items():
        check = CHECKS.get(name)
        if check is not None and severity is not None:
            check(context, severity)


def _complete(context: Context) -> list[tuple[Subject, Environment]]:
    return [(s, s.environment) for s in context.subjects if s.environment is not None]


def _everyone(context: Context) -> list[tuple[Subject, Environment]]:
    return [(s, s.environment) for s in [*context.subjects, *context.others] if s.environment is not None]


def _distinct_domains(context: Context, severity: Severity) -> None:
    _distinct(context, severity, "distinct-domains", ("data", "environment", "domain"), lambda e: e.domain, "domain")


def _own_configuration(context: Context, severity: Severity) -> None:
    rule = "own-configuration"
    _distinct(
        context,
        severity,
        rule,
        ("data", "database", "name"),
        lambda e: f"{e.database.host}:{e.database.port}/{e.database.name}",
        "database",
    )
    _distinct(
        context,
        severity,
        rule,
        ("data", "kubernetes", "namespace"),
        lambda e: f"{e.kubernetes.context or 'current context'}/{e.kubernetes.namespace}",
        "namespace",
    )


def _distinct(
    context: Context,
    severity: Severity,
    rule: str,
    path: tuple[str, ...],
    value: Callable[[Environment], str],
    what: str,
) -> None:
    """Report the later (by the workspace's order) of two environments that share a value."""
    everyone = _everyone(context)
    for subject, environment in _complete(context):
        for other, theirs in everyone:
            if other is not subject and value(theirs) == value(environment) and _later(subject, other, everyone):
                message = f"has the same {what} as {other.name}: {value(environment)}"
                subject.say(severity, path, message, f"give each environment a {what} of its own", rule)
                break


def _later(subject: Subject, other: Subject, everyone: list[tuple[Subject, Environment]]) -> bool:
    # With only one of the two asked for, that one is reported.
    asked = [s for s, _ in everyone]
    return asked.index(subject) > asked.index(other) or not other.folder


def _secrets_files(context: Context, severity: Severity) -> None:
    for subject in context.subjects:
        for problem in subject.secrets.repeated if subject.secrets else ():
            context.findings.add(
                severity,
                subject.secrets_file,
                problem.line,
                problem.key,
                problem.message,
                problem.todo,
                rule="secrets-files",
                environment=subject.name,
            )


def _database_encryption(context: Context, severity: Severity) -> None:
    for subject, environment in _complete(context):
        if environment.production and environment.database.ssl_mode not in _ENCRYPTED:
            message = f"ssl_mode {environment.database.ssl_mode} lets a production connection go unencrypted"
            path = ("data", "database", "ssl_mode")
            subject.say(severity, path, message, "write ssl_mode: require or verify-full", "database-encryption")


def _production_approval(context: Context, severity: Severity) -> None:
    rule = "production-approval"
    for subject, environment in _complete(context):
        if not environment.production:
            continue
        key = f"data.environments.{subject.name}"
        if not environment.policy.manual_approval:
            message = "production deploys without an approval by hand"
            line = context.policy_line(subject.name, "manual_approval")
            todo = "write manual_approval: true"
            context.say_pipeline(severity, f"{key}.manual_approval", line, message, todo, rule, subject.name)
        if environment.policy.auto_deploy:
            message = "production deploys by itself"
            line = context.policy_line(subject.name, "auto_deploy")
            todo = "write auto_deploy: false"
            context.say_pipeline(severity, f"{key}.auto_deploy", line, message, todo, rule, subject.name)


def _key_rotation(context: Context, severity: Severity) -> None:
    for subject in context.subjects:
        days = int((subject.secrets_age or 0) // 86_400)
        dev = subject.environment is not None and subject.environment.type is EnvironmentType.DEV
        if days > _ROTATE_AFTER_DAYS and not dev:
            message = f"was last changed {days} days ago: keys are rotated every {_ROTATE_AFTER_DAYS} days"
            todo = "change the secrets there and in the services"
            context.findings.add(
                severity, subject.secrets_file, 0, "", message, todo, rule="key-rotation", environment=subject.name
            )


def _resources_set(context: Context, severity: Severity) -> None:
    from veza_tui.workspace.findings import Look

    for subject in context.subjects:
        for manifest in subject.manifests:
            if manifest.kind != "Deployment":
                continue
            look = Look(manifest, context.findings, subject.name)
            containers = manifest.pod.get("containers") or []
            for index, container in enumerate(containers):
                resources = container.get("resources") or {}
                missing = [
                    f"{part}.{name}"
                    for part in ("requests", "limits")
                    for name in ("cpu", "memory")
                    if name not in (resources.get(part) or {})
                ]
                if missing:
                    path = ("spec", "template", "spec", "containers", index, "resources")
                    message = f"has no {', '.join(missing)}"
                    look.say(severity, path, message, "give requests and limits for cpu and memory", "resources-set")


def _production_autoscaling(context: Context, severity: Severity) -> None:
    for subject, environment in _complete(context):
        for service in environment.services if environment.production else ():
            if service.autoscaling is None:
                path = ("data", "services", service.key)
                todo = "add autoscaling with min_replicas, max_replicas and target_cpu_utilization"
                subject.say(severity, path, "production without autoscaling", todo, "production-autoscaling")


def _pipeline_policy(context: Context, severity: Severity) -> None:
    rule = "pipeline-policy"
    if context.pipeline_document is None:
        return
    for subject in context.subjects:
        if subject.name not in context.pipeline.policies:
            message = "has no policy in the pipeline: approval by hand is asked"
            key = f"data.environments.{subject.name}"
            line = context.policy_line(subject.name)
            context.say_pipeline(severity, key, line, message, f"add {subject.name} there", rule, subject.name)
    for name in context.pipeline.policies:
        if name not in context.names:
            message = "is a policy for an environment that does not exist"
            todo = suggestion(name, context.names).replace("known keys", "environments")
            line = context.policy_line(name)
            context.say_pipeline(severity, f"data.environments.{name}", line, message, todo, rule)


def _order(context: Context, severity: Severity, rule: str, first: str, then: str) -> None:
    """``first`` must come before ``then``, where the pipeline has ``then``."""
    steps = context.pipeline.steps
    if then not in steps or context.pipeline_document is None:
        return
    line = next(s.line for s in context.pipeline.stages if then in s.steps)
    if first not in steps:
        message = f"has no step {first} before {then}"
        context.say_pipeline(severity, "data.pipeline.stages", line, message, f"add {first}", rule)
    elif steps.index(first) > steps.index(then):
        message = f"{then} comes before {first}"
        context.say_pipeline(severity, "data.pipeline.stages", line, message, f"move {first} before it", rule)


def _tests_before_deploy(context: Context, severity: Severity) -> None:
    for then in ("deploy_to_staging", "deploy_to_production"):
        _order(context, severity, "tests-before-deploy", "run_tests", then)


def _staging_before_production(context: Context, severity: Severity) -> None:
    for first in ("deploy_to_staging", "run_integration_tests"):
        _order(context, severity, "staging-before-production", first, "deploy_to_production")


def _automatic_rollback(context: Context, severity: Severity) -> None:
    for subject, environment in _complete(context):
        if not environment.policy.rollback_enabled:
            key = f"data.environments.{subject.name}.rollback_enabled"
            line = context.policy_line(subject.name, "rollback_enabled")
            message = "a failed deploy is not taken back"
            todo = "write rollback_enabled: true"
            context.say_pipeline(severity, key, line, message, todo, "automatic-rollback", subject.name)


def _deploy_verification(context: Context, severity: Severity) -> None:
    steps = context.pipeline.steps
    if context.pipeline_document is None or not steps:
        return
    deploys = [i for i, step in enumerate(steps) if step.startswith("deploy_to_")]
    if deploys and "health_checks" not in steps[deploys[-1] :]:
        message = "no health_checks after the last deploy"
        todo = "add health_checks to a later stage"
        line = next(s.line for s in context.pipeline.stages if steps[deploys[-1]] in s.steps)
        context.say_pipeline(severity, "data.pipeline.stages", line, message, todo, "deploy-verification")


def _elsewhere(context: Context, severity: Severity) -> None:
    """Judged with the pitfalls, which ask for this rule's severity."""


CHECKS: dict[str, Callable[[Context, Severity], None]] = {
    "distinct-domains": _distinct_domains,
    "own-configuration": _own_configuration,
    "secrets-files": _secrets_files,
    "tests-before-deploy": _tests_before_deploy,
    "database-encryption": _database_encryption,
    "no-localhost": _elsewhere,
    "kubernetes-secrets": _elsewhere,
    "production-approval": _production_approval,
    "key-rotation": _key_rotation,
    "resources-set": _resources_set,
    "production-autoscaling": _production_autoscaling,
    "monitoring-enabled": _elsewhere,
    "pipeline-policy": _pipeline_policy,
    "staging-before-production": _staging_before_production,
    "automatic-rollback": _automatic_rollback,
    "deploy-verification": _deploy_verification,
}
"""Every check by its id in the rules file."""
