"""A workspace: the directory that the guide's script knows (environments/, secrets/, k8s/ENV/, backups/)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable
from veza_tui.workspace.documents import Document, read_document
from veza_tui.workspace.environment import build_environment
from veza_tui.workspace.files import RESERVED, check_name, inside, name_problem, shown
from veza_tui.workspace.pipeline import Pipeline, build_pipeline
from veza_tui.workspace.scalars import value
from veza_tui.workspace.yamltree import Mapping, Scalar

if TYPE_CHECKING:
    from veza_tui.workspace.manifest import Manifest

PIPELINE_FILE = "deployment-pipeline.yaml"
RULES_FILE = "environment-rules.yaml"


class Workspace:
    """One workspace. Files are read when asked for, so that an edit is seen; nothing outside ``path`` is touched.

    Every method that takes a name raises ConfigError when it cannot be an environment's name or when a symlink leads
    out of the workspace.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """Absolute, symlinks resolved."""

    def names(self) -> tuple[str, ...]:
        """Environments in order of work: development, staging, production types; then by name.

        A file counts unless it plainly holds something else, so that a broken one is reported, not passed over.
        """
        found = [
            (_rank(self._type(path)), path.stem)
            for path in self.environment_files()
            if not name_problem(path.stem) and self.is_environment(path)
        ]
        return tuple(name for _, name in sorted(found))

    def environment_files(self) -> list[Path]:
        """Every ``environments/*.yaml`` but the two policy files, sorted; names are not judged here."""
        folder = inside(self.path, self.path / "environments")
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            raise ConfigError(f"environments: cannot be read: {error.strerror}") from None
        return [
            self.path / "environments" / p.name
            for p in entries
            if p.suffix == ".yaml" and not p.name.startswith(".") and p.stem not in RESERVED
        ]

    def is_environment(self, path: Path) -> bool:
        """Whether a file of environments/ is meant as an environment: False only when it clearly is something else."""
        root = self._root(path)
        if root is None:
            return True
        kind = root.get("kind")
        if isinstance(kind, Scalar) and value(kind) not in (None, "ConfigMap"):
            return False
        data = root.get("data")
        return not (isinstance(data, Mapping) and data.entries and "environment" not in data.entries and _foreign(data))

    def environment(self, name: str) -> Environment:
        """The environment, complete with its policy.

        Raises:
            ConfigError: its file, or the pipeline file, is missing or wrong; one line with the first problem.
        """
        document = self.document(name)
        environment = build_environment(document, name, self.pipeline.policy(name))
        document.fail()
        assert environment is not None
        return environment

    def document(self, name: str) -> Document:
        """The environment's file as a document that may have problems.

        Raises:
            ConfigError: there is no such environment.
        """
        check_name(name)
        path = self.environment_path(name)
        try:
            return read_document(self.path, path)
        except FileNotFoundError:
            known = ", ".join(self.names()) or "none"
            raise ConfigError(
                f"no environment {name}: {shown(self.path, path)} not found", hint=f"there are: {known}"
            ) from None

    def environment_path(self, name: str) -> Path:
        """``environments/NAME.yaml``, inside the workspace."""
        return self._inside("environments", f"{check_name(name)}.yaml")

    def secrets_path(self, name: str) -> Path:
        """``secrets/NAME.env``, inside the workspace; it may not exist."""
        return self._inside("secrets", f"{check_name(name)}.env")

    def manifests_path(self, name: str) -> Path:
        """``k8s/NAME``, inside the workspace; it may not exist."""
        return self._inside("k8s", check_name(name))

    def manifests(self, name: str) -> list[Manifest]:
        """The objects of ``k8s/NAME/`` as written, in file order; ``manifests.render`` makes them ready to apply.

        Raises:
            ConfigError: the folder is missing, or a file cannot be read as YAML or JSON; one line.
        """
        from veza_tui.workspace.manifests import load_manifests

        found, problems = load_manifests(self.path, self.manifests_path(name))
        if problems:
            first = problems[0]
            line = f":{first.problem.line}" if first.problem.line else ""
            raise ConfigError(f"{first.file}{line}: {first.problem.message}", hint=first.problem.todo)
        return found

    def vars_path(self, name: str) -> Path:
        """``.env.NAME`` at the root, where the script writes it."""
        return self.path / f".env.{check_name(name)}"

    @property
    def backups_dir(self) -> Path:
        """``backups``, inside the workspace; it may not exist."""
        return self._inside("backups")

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline; without the file, one without stages and with careful policies.

        Raises:
            ConfigError: the file is wrong.
        """
        try:
            document = self.policy_document(PIPELINE_FILE)
        except FileNotFoundError:
            return Pipeline()
        pipeline = build_pipeline(document)
        document.fail()
        return pipeline

    def policy_document(self, file: str) -> Document:
        """PIPELINE_FILE or RULES_FILE.

        Raises:
            FileNotFoundError: there is none.
        """
        return read_document(self.path, self._inside("environments", file))

    def _inside(self, *parts: str) -> Path:
        path = self.path.joinpath(*parts)
        inside(self.path, path)
        return path

    def _root(self, path: Path) -> Mapping | None:
        try:
            return read_document(self.path, path).root
        except (ConfigError, FileNotFoundError):
            return None

    def _type(self, path: Path) -> str:
        root = self._root(path)
        for key in ("data", "environment", "type"):
            node = root.get(key) if isinstance(root, Mapping) else None
            if key == "type":
                return node.text if isinstance(node, Scalar) else ""
            root = node if isinstance(node, Mapping) else None
        return ""


def load_workspace(path: Path | str) -> Workspace:
    """The workspace at ``path``. Cheap: its files are read later.

    Raises:
        ConfigError: there is no directory, or it has no ``environments/``.
    """
    given = Path(path)
    name = printable(str(given), limit=300)
    try:
        root = given.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise ConfigError(f"no workspace at {name}", hint="name one with -C DIR or VEZA_WORKSPACE") from None
    if not root.is_dir():
        raise ConfigError(f"{name} is not a directory", hint="name a workspace with -C DIR")
    if not (root / "environments").is_dir():
        raise ConfigError(
            f"{name} is not a workspace: it has no environments/",
            hint="name one with -C DIR or VEZA_WORKSPACE, or make one with veza-tui init DIR",
        )
    inside(root, root / "environments")
    return Workspace(root)


def _foreign(data: Mapping) -> bool:
    return not set(data.entries) & {"services", "database", "cache", "logging", "monitoring"}


def _rank(kind: str) -> int:
    return {"dev": 0, "staging": 1, "prod": 2}.get(kind, 3)
