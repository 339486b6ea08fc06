"""``veza-tui validate``: everything that can be known of a workspace without a cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from veza_tui.model.environment import EnvironmentType, Policy
from veza_tui.model.errors import ConfigError
from veza_tui.model.finding import Finding, Severity
from veza_tui.workspace.agreement import check_agreement
from veza_tui.workspace.documents import Document
from veza_tui.workspace.environment import build_environment
from veza_tui.workspace.files import check_name, name_problem, shown
from veza_tui.workspace.findings import Findings
from veza_tui.workspace.kubecheck import check_manifests
from veza_tui.workspace.load import PIPELINE_FILE, RULES_FILE, Workspace
from veza_tui.workspace.manifests import load_manifests
from veza_tui.workspace.pipeline import Pipeline, build_pipeline
from veza_tui.workspace.pitfalls import check_environment, check_manifest_secrets, check_variables
from veza_tui.workspace.rules import apply_rules, build_rules
from veza_tui.workspace.subject import Context, Subject
from veza_tui.workspace.variables import open_to_others, read_env_file


def validate(
    workspace: Workspace,
    names: Sequence[str] = (),
    *,
    process: Mapping[str, str] | None = None,
    now: float | None = None,
) -> list[Finding]:
    """Findings of the environments ``names`` (all when empty) and of the policy files, sorted by file and line.

    ``process`` is the process environment, ``now`` Unix seconds.

    Raises:
        ConfigError: a name is not an environment's, there is no such environment, or a symlink leaves the workspace.
    """
    findings = Findings()
    run = _Run(workspace, findings, os.environ if process is None else process, time.time() if now is None else now)
    for name in names:
        check_name(name)
        workspace.document(name)
        workspace.secrets_path(name)
        workspace.manifests_path(name)
    everyone = list(workspace.names())
    if not names:
        _other_files(workspace, findings)
        if not everyone:
            findings.add(
                Severity.ERROR, "environments", 0, "", "holds no environment", "add one, or run veza-tui init DIR"
            )
    wanted = list(dict.fromkeys(names)) or everyone
    run.all(wanted, [name for name in everyone if name not in wanted])
    return findings.sorted()


class _Run:
    def __init__(self, workspace: Workspace, findings: Findings, process: Mapping[str, str], now: float) -> None:
        self._workspace = workspace
        self._findings = findings
        self._process = process
        self._now = now

    def all(self, wanted: Sequence[str], rest: Sequence[str]) -> None:
        pipeline, pipeline_document = self._pipeline()
        rules = self._rules()
        subjects = [s for s in (self._subject(name, pipeline) for name in wanted) if s is not None]
        others = [s for s in (self._other(name, pipeline) for name in rest) if s is not None]
        for subject in subjects:
            self._check(subject, rules)
        names = frozenset([*wanted, *rest])
        apply_rules(Context(subjects, others, pipeline, pipeline_document, self._findings, names), rules)

    def _policy_file(self, file: str, todo: str) -> Document | None:
        try:
            return self._workspace.policy_document(file)
        except FileNotFoundError:
            self._findings.add(Severity.WARNING, f"environments/{file}", 0, "", "is missing", todo, rule="structure")
        except ConfigError as error:
            self._error(f"environments/{file}", error)
        return None

    def _pipeline(self) -> tuple[Pipeline, Document | None]:
        document = self._policy_file(PIPELINE_FILE, "add it; until then every deploy asks for an approval by hand")
        if document is None:
            return Pipeline(), None
        pipeline = build_pipeline(document)
        self._problems(document)
        return pipeline, document if pipeline.policies else None

    def _rules(self) -> dict[str, Severity | None]:
        document = self._policy_file(RULES_FILE, "add it; until then its rules are not judged")
        if document is None:
            return {}
        rules = build_rules(document)
        self._problems(document)
        return rules

    def _problems(self, document: Document, environment: str = "") -> None:
        for problem in document.problems.found:
            self._findings.problem(document.file, problem, rule="structure", environment=environment)

    def _error(self, file: str, error: ConfigError, environment: str = "", rule: str = "structure") -> None:
        message = error.message.removeprefix(file).lstrip(":")
        number, colon, rest = message.partition(":")
        line = int(number) if colon and number.isdigit() else 0
        text = (rest if line else message).strip()
        self._findings.add(
            Severity.ERROR, file, line, "", text, error.hint or "correct it", rule=rule, environment=environment
        )

    def _subject(self, name: str, pipeline: Pipeline) -> Subject | None:
        file = f"environments/{name}.yaml"
        try:
            document = self._workspace.document(name)
        except ConfigError as error:
            self._error(file, error, name)
            return None
        partial = build_environment(document, name, pipeline.policy(name))
        self._problems(document, name)
        complete = None if document.problems.found else partial
        subject = Subject(
            name, document, complete, self._findings, f"secrets/{name}.env", partial, folder=f"k8s/{name}"
        )
        self._secrets(subject)
        self._manifests(subject)
        return subject

    def _other(self, name: str, pipeline: Pipeline) -> Subject | None:
        """An environment that was not asked for: only for comparing; its own findings go nowhere."""
        try:
            document = self._workspace.document(name)
        except ConfigError:
            return None
        environment = build_environment(document, name, Policy())
        return Subject(name, document, None if document.problems.found else environment, Findings(), "")

    def _secrets(self, subject: Subject) -> None:
        file = subject.secrets_file
        try:
            path = self._workspace.secrets_path(subject.name)
            subject.secrets = read_env_file(self._workspace.path, path)
        except ConfigError as error:
            self._error(file, error, subject.name, rule="secrets-file")
            subject.secrets_unreadable = True
            return
        if subject.secrets is None:
            return
        for problem in subject.secrets.problems:
            self._findings.problem(file, problem, rule="secrets-file", environment=subject.name)
        if open_to_others(path):
            self._findings.add(
                Severity.WARNING,
                file,
                0,
                "",
                "can be read by others",
                f"run chmod 600 {file}",
                rule="secrets-file-mode",
                environment=subject.name,
            )
        try:
            subject.secrets_age = self._now - path.stat().st_mtime
        except OSError:
            subject.secrets_age = None

    def _manifests(self, subject: Subject) -> None:
        try:
            folder = self._workspace.manifests_path(subject.name)
            manifests, problems = load_manifests(self._workspace.path, folder)
        except ConfigError as error:
            self._error(subject.folder, error, subject.name)
            return
        for one in problems:
            self._findings.problem(one.file, one.problem, rule="manifest-refused", environment=subject.name)
        subject.manifests = check_manifests(manifests, self._findings, subject.name)
        sound = {(m.kind, m.name) for m in subject.manifests}
        subject.unsound = frozenset((m.kind, m.name) for m in manifests) - sound
        subject.manifests_read = not problems

    def _check(self, subject: Subject, rules: dict[str, Severity | None]) -> None:
        check_variables(subject, self._process)
        if subject.partial is not None:
            # The guide's pitfalls are named without a rules file too; a rule may only say how bad they are.
            localhost = rules.get("no-localhost", Severity.ERROR)
            check_environment(subject, subject.partial, _monitoring(subject.partial.type, rules), localhost)
            check_manifest_secrets(subject, subject.partial, rules.get("kubernetes-secrets", Severity.ERROR), localhost)
        if subject.environment is not None:
            check_agreement(subject, subject.environment)


def _monitoring(kind: EnvironmentType, rules: dict[str, Severity | None]) -> Severity | None:
    """How bad disabled monitoring is; in development never an error."""
    severity = rules.get("monitoring-enabled", Severity.ERROR)
    return Severity.WARNING if severity is Severity.ERROR and kind is EnvironmentType.DEV else severity


def _other_files(workspace: Workspace, findings: Findings) -> None:
    """Files of environments/ that are passed over, with the reason."""
    for path in workspace.environment_files():
        why = name_problem(path.stem)
        file = shown(workspace.path, path)
        if why:
            todo = "rename the file"
            message = f"cannot be an environment: {why}"
            findings.add(Severity.ERROR, file, 0, "", message, todo, rule="structure")
        elif not workspace.is_environment(path):
            todo = "move it elsewhere"
            message = "is not an environment's ConfigMap and is passed over"
            findings.add(Severity.WARNING, file, 0, "", message, todo, rule="structure")
    for path in sorted((workspace.path / "environments").glob("*.yml")):
        file = shown(workspace.path, path)
        message = "is passed over: the script and veza-tui read .yaml"
        todo = f"rename it to {Path(file).stem}.yaml"
        findings.add(Severity.WARNING, file, 0, "", message, todo, rule="structure")
