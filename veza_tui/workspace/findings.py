"""Collects what `validate` finds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from veza_tui.model.finding import Finding, Severity
from veza_tui.model.text import printable
from veza_tui.workspace.manifests import Manifest
from veza_tui.workspace.yamltree import Problem

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Findings:
    """The findings of one run."""

    found: list[Finding] = field(default_factory=list)

    def add(
        self,
        severity: Severity,
        file: str,
        line: int,
        key: str,
        message: str,
        todo: str,
        *,
        rule: str = "",
        environment: str = "",
    ) -> None:
        """One more; texts are made printable here."""
        self.found.append(
            Finding(
                severity,
                printable(file),
                line,
                printable(key, limit=200),
                printable(message, limit=400),
                printable(todo, limit=300),
                rule,
                environment,
            )
        )

    def problem(self, file: str, problem: Problem, *, rule: str, environment: str = "") -> None:
        """A file's problem as an error."""
        line, key = problem.line, problem.key
        self.add(Severity.ERROR, file, line, key, problem.message, problem.todo, rule=rule, environment=environment)

    def sorted(self) -> list[Finding]:
        """By file, line, severity and key; equal ones once."""
        unique = {replace(one, environment=""): one for one in reversed(self.found)}
        return sorted(unique.values(), key=lambda f: (f.file, f.line, _ORDER[f.severity], f.key, f.message))


@dataclass(slots=True)
class Look:
    """Findings about one manifest."""

    manifest: Manifest
    findings: Findings
    environment: str

    def error(self, path: Path, message: str, todo: str, rule: str = "manifest-refused") -> None:
        """Something that an API server refuses, or that must not be deployed."""
        self._add(Severity.ERROR, path, message, todo, rule)

    def warning(self, path: Path, message: str, todo: str, rule: str = "manifest-refused") -> None:
        """Something doubtful."""
        self._add(Severity.WARNING, path, message, todo, rule)

    def say(self, severity: Severity, path: Path, message: str, todo: str, rule: str) -> None:
        """With a severity."""
        self._add(severity, path, message, todo, rule)

    def _add(self, severity: Severity, path: Path, message: str, todo: str, rule: str) -> None:
        manifest = self.manifest
        title = f"{manifest.kind or 'object'}/{manifest.name or '?'}"
        key = f"{title} {dotted(path)}".strip()
        self.findings.add(
            severity,
            manifest.file,
            manifest.line_of(*path),
            key,
            message,
            todo,
            rule=rule,
            environment=self.environment,
        )


def dotted(path: Path) -> str:
    """``("spec", "containers", 0)`` as ``spec.containers[0]``."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out
