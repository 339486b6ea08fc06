"""Putting ENV.yaml and ENV.env back: atomic replace, the present file kept beside with the operation's name."""

from __future__ import annotations

import asyncio
import stat
import tempfile
from pathlib import Path

from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.plan import Step
from veza_tui.operations.atomic import write_atomically
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.restore.source import read_part
from veza_tui.workspace.load import Workspace

_FOLDERS = ("environments", "secrets")


@action("restore.file", retry=False)
async def restore_file(context: Context, step: Step) -> Result:
    """Replace ``folder/source`` of the workspace by the backup's copy."""
    path = _target(context, step)
    data = await read_part(context, str(step.args["source"]))
    kept = _kept(path, context.operation_id)
    if path.exists() and not kept.exists():
        write_atomically(kept, path.read_bytes(), _mode(path, step))
    write_atomically(path, data, _mode(path, step))
    return {"path": str(path), "kept": str(kept) if kept.exists() else ""}


@action("restore.file_back", retry=False)
async def put_file_back(context: Context, step: Step) -> Result:
    """Undo ``restore.file``: of this operation, or by `undo-restore` of the one that the step names."""
    path = _target(context, step)
    operation = str(step.args.get("operation") or context.operation_id)
    kept = _kept(path, operation)
    if kept.exists():
        here = _kept(path, context.operation_id)
        if path.exists() and not here.exists():  # it may have been edited since
            write_atomically(here, path.read_bytes(), _mode(path, step))
        write_atomically(path, kept.read_bytes(), _mode(kept, step))
    return {"path": str(path)}


async def require_parts(context: Context) -> None:
    """Every file that the plan puts back, read and judged before anything is touched.

    Raises:
        RefusedError: one cannot be read, leads elsewhere, or is no environment that can be loaded.
    """
    for step in context.plan.steps:
        if step.action == "restore.file":
            _target(context, step)
            data = await read_part(context, str(step.args["source"]))
            if step.args["folder"] == "environments":
                await asyncio.to_thread(_require_environment, str(step.args["source"]), data)


def _require_environment(name: str, data: bytes) -> None:
    # An environment that cannot be loaded could not even be undone.
    with tempfile.TemporaryDirectory(prefix="veza-part-") as top:
        folder = Path(top) / "environments"
        folder.mkdir()
        (folder / name).write_bytes(data)
        try:
            Workspace(Path(top).resolve()).environment(Path(name).stem)
        except VezaError as error:
            why = error.message.replace(f"{top}/", "")
            raise RefusedError(
                f"the backup's {name} is no environment: {why}", hint="leave configuration out"
            ) from None


def kept_by(workspace: Path, environment: str, operation: str) -> list[tuple[str, str]]:
    """(folder, file) of what this restore replaced besides the database."""
    parts = (("environments", f"{environment}.yaml"), ("secrets", f"{environment}.env"))
    return [(folder, name) for folder, name in parts if _kept(workspace / folder / name, operation).exists()]


def _kept(path: Path, operation: str) -> Path:
    """Where the file of before stands once an operation replaced it."""
    return path.with_name(f"{path.name}.before-{operation}")


def _target(context: Context, step: Step) -> Path:
    folder, name = str(step.args["folder"]), str(step.args["source"])
    if folder not in _FOLDERS or Path(name).name != name or name.startswith("."):
        raise RefusedError(f"the plan names {folder}/{name}, which is no file of an environment")
    directory = Path(context.directory) / folder
    if directory.is_symlink() or (directory / name).is_symlink():
        raise RefusedError(f"{folder}/{name} is a symbolic link; a restore does not write through it")
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory / name


def _mode(path: Path, step: Step) -> int:
    """The file's own; secrets and copies of them are never wider than 0600, whatever they were before."""
    if step.args["folder"] == "secrets":
        return 0o600
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return 0o600
