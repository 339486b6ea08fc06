"""One environment as `validate` sees it: everything read once, broken or not."""

from __future__ import annotations

from dataclasses import dataclass, field

from veza_tui.model.environment import Environment
from veza_tui.model.finding import Severity
from veza_tui.workspace.documents import Document
from veza_tui.workspace.envfile import EnvFile
from veza_tui.workspace.findings import Findings
from veza_tui.workspace.manifests import Manifest
from veza_tui.workspace.pipeline import Pipeline
from veza_tui.workspace.yamltree import Mapping, Node, Sequence


@dataclass(slots=True)
class Subject:
    """An environment, its files and where to report."""

    name: str
    document: Document
    environment: Environment | None
    """None when its file has a problem."""
    findings: Findings
    secrets_file: str
    partial: Environment | None = None
    """What could be read of it all the same; ask ``flawed`` before a value of it is judged."""
    secrets: EnvFile | None = None
    secrets_unreadable: bool = False
    secrets_age: float | None = None
    """Seconds since the secrets file was changed."""
    folder: str = ""
    """``k8s/NAME``."""
    manifests: list[Manifest] = field(default_factory=list)
    """Only those whose fields can be trusted."""
    unsound: frozenset[tuple[str, str]] = frozenset()
    """(kind, name) of objects that were found wrong: no second finding says that they are missing."""
    manifests_read: bool = False
    """Whether every manifest file could be read, so that what is missing is really missing."""

    def say(self, severity: Severity, path: tuple[str, ...], message: str, todo: str, rule: str) -> None:
        """A finding at a key of the environment's file."""
        self.findings.add(
            severity,
            self.document.file,
            self.line(*path),
            ".".join(path),
            message,
            todo,
            rule=rule,
            environment=self.name,
        )

    def say_folder(self, severity: Severity, key: str, message: str, todo: str, rule: str) -> None:
        """A finding about the manifests as a whole."""
        self.findings.add(severity, self.folder, 0, key, message, todo, rule=rule, environment=self.name)

    def flawed(self, *path: str) -> bool:
        """Whether a problem was found at a key or below it, so that its value means nothing."""
        key = ".".join(path)
        keys = [problem.key for problem in self.document.problems.found]
        return any(one == key or one.startswith(f"{key}.") or not one or key.startswith(f"{one}.") for one in keys)

    def line(self, *path: str) -> int:
        """Line of a key of the environment's file, or of the nearest thing above it."""
        node: Node | None = self.document.root
        line = 1
        for part in path:
            if isinstance(node, Mapping) and part in node.entries:
                line, node = node.line_of(part), node.entries[part]
            elif isinstance(node, Sequence):
                break
        return line

    def find(self, kind: str, name: str) -> Manifest | None:
        """A sound manifest by kind and name."""
        return next((m for m in self.manifests if m.kind == kind and m.name == name), None)

    def missing(self, kind: str, name: str) -> bool:
        """Whether an object is really not there (rather than unreadable or found wrong)."""
        return self.manifests_read and (kind, name) not in self.unsound and self.find(kind, name) is None


@dataclass(slots=True)
class Context:
    """What the rules judge."""

    subjects: list[Subject]
    """The environments asked for."""
    others: list[Subject]
    """The rest of the workspace, for rules that compare; nothing is reported about them."""
    pipeline: Pipeline
    pipeline_document: Document | None
    """None when there is none, or it cannot be read."""
    findings: Findings
    names: frozenset[str] = frozenset()
    """Every environment of the workspace, readable or not."""

    def say_pipeline(
        self, severity: Severity, key: str, line: int, message: str, todo: str, rule: str, environment: str = ""
    ) -> None:
        """A finding in the pipeline file."""
        document = self.pipeline_document
        file = document.file if document else "environments/deployment-pipeline.yaml"
        self.findings.add(severity, file, line, key, message, todo, rule=rule, environment=environment)

    def policy_line(self, environment: str, key: str = "") -> int:
        """Line of an environment's policy in the pipeline file, 0 when it has none."""
        node: Node | None = self.pipeline_document.root if self.pipeline_document else None
        line = 0
        for part in ("data", "environments", environment, key):
            if isinstance(node, Mapping) and part in node.entries:
                line, node = node.line_of(part), node.entries[part]
        return line
