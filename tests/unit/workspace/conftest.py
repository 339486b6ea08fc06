"""A workspace of the shipped files in a temporary directory, and words to damage it with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from veza_tui.model.finding import Finding, Severity
from veza_tui.workspace.init import make_workspace
from veza_tui.workspace.load import Workspace, load_workspace
from veza_tui.workspace.validate import validate

SECRETS = "DB_PASSWORD=database-value\nREDIS_PASSWORD=cache-value\nJWT_SECRET=token-value\nAPI_KEY=key-value\n"
PRODUCTION = "environments/production.yaml"
BACKEND = "k8s/production/30-backend-api.yaml"


class Room:
    """A complete workspace that validates clean, to be damaged."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root)

    def write(self, file: str, content: str | bytes) -> Path:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the first ``old``; it must be there."""
        text = (self.root / file).read_text()
        assert old in text, f"{old!r} is not in {file}"
        self.write(file, text.replace(old, new, 1))

    def findings(
        self, *names: str, process: Mapping[str, str] | None = None, now: float | None = None
    ) -> list[Finding]:
        return validate(self.workspace, names, process=process or {}, now=now)

    def only(self, *names: str) -> Finding:
        """The one finding."""
        found = self.findings(*names)
        assert len(found) == 1, found
        return found[0]

    def error(self, key: str) -> Finding:
        """The one error whose key ends so."""
        found = [f for f in self.findings() if f.key.endswith(key) and f.severity is Severity.ERROR]
        assert len(found) == 1, self.findings()
        assert found[0].line > 0
        assert found[0].todo
        return found[0]


@pytest.fixture(scope="session")
def _pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pristine")
    make_workspace(root)
    for name in ("staging", "production"):
        (root / f"secrets/{name}.env").write_text(SECRETS)
        (root / f"secrets/{name}.env").chmod(0o600)
    return root


@pytest.fixture
def room(tmp_path: Path, _pristine: Path) -> Room:
    # Links are quick; Room.write makes a new file. Secrets are copied, because tests change their mode.
    for part in ("environments", "k8s"):
        shutil.copytree(_pristine / part, tmp_path / "workspace" / part, copy_function=os.link)
    shutil.copytree(_pristine / "secrets", tmp_path / "workspace/secrets")
    return Room(tmp_path / "workspace")
