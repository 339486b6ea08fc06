"""``veza-tui init DIR``: a workspace from the files that ship with the program. Nothing that exists is overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.resources import shipped
from veza_tui.workspace.files import inside, shown
from veza_tui.workspace.load import Workspace
from veza_tui.workspace.manifests import fill_templates, load_manifests
from veza_tui.workspace.variables import references

_IGNORE = "# Secrets and what veza-tui writes\n/secrets/*\n!/secrets/*.example\n/backups/\n.env.*\n"
_EXAMPLE = """# Copy to {name}.env, fill in, and keep it to yourself: chmod 600 {name}.env
# KEY=VALUE a line; quote a value that holds spaces, quotes or #. This file is read by nothing.
"""


@dataclass(slots=True)
class Made:
    """Paths relative to the new workspace."""

    created: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def make_workspace(target: Path) -> Made:
    """Make what is missing of a workspace in ``target``, which may exist.

    Raises:
        ConfigError: it cannot be written, is no directory, or a symlink in it leads out of it.
    """
    name = shown(target, target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        root = target.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise ConfigError(f"{name}: cannot be made: {why.lower()}", hint="name one that you may write") from None
    made = Made()
    for part in ("environments", "k8s"):
        source = shipped(part)
        for path in sorted(p for p in source.rglob("*") if p.is_file() and p.suffix in (".yaml", ".yml", ".json")):
            _write(root, root / part / path.relative_to(source), path.read_bytes(), 0o644, made)
    _folder(root, root / "secrets", 0o700)
    workspace = Workspace(root)
    for environment in workspace.names():
        text = _EXAMPLE.format(name=environment) + _variables(workspace, environment)
        _write(root, root / "secrets" / f"{environment}.env.example", text.encode(), 0o644, made)
    _write(root, root / ".gitignore", _IGNORE.encode(), 0o644, made)
    return made


def _variables(workspace: Workspace, environment: str) -> str:
    """A line a variable that the environment's Secret and passwords refer to."""
    manifests, _ = load_manifests(workspace.path, workspace.manifests_path(environment))
    names: dict[str, str] = {}
    for manifest in manifests:
        if manifest.kind == "Secret":
            for text in fill_templates(manifest.object).values():
                for reference in references(text):
                    names[reference.name] = "# " if reference.has_default else ""
    return "".join(f"{mark}{name}=\n" for name, mark in names.items())


def _folder(root: Path, path: Path, mode: int = 0o755) -> None:
    inside(root, path)
    try:
        if not path.is_dir():
            path.mkdir(mode=mode)
    except OSError as error:
        why = (error.strerror or "").lower()
        raise ConfigError(f"{shown(root, path)}: cannot be made: {why}", hint="move what is there away") from None


def _write(root: Path, path: Path, data: bytes, mode: int, made: Made) -> None:
    for parent in reversed(path.relative_to(root).parents):
        _folder(root, root / parent)
    name = str(path.relative_to(root))
    try:
        # O_EXCL: what exists stays, symlinks included.
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        made.kept.append(name)
        return
    except OSError as error:
        raise ConfigError(f"{name}: cannot be written: {(error.strerror or '').lower()}") from None
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    made.created.append(name)
