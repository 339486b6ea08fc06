"""The wheel, built from this tree without network and installed in an environment of its own."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def build(target: str, into: Path, tree: Path = ROOT) -> Path:
    """Build a wheel or an sdist with the declared backend."""
    argv = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(argv, cwd=tree, check=True, capture_output=True, timeout=60)
    (made,) = into.iterdir()
    return made


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the wheel in it; the dependencies are the tests' own, by a .pth."""

    home: Path
    wheel: Path

    def program(self, name: str = "veza-tui") -> str:
        return str(self.home / "venv" / "bin" / name)

    @property
    def python(self) -> str:
        return self.program("python")

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("VEZA_", "PYTHON", "VIRTUAL_ENV"))}
        return {**kept, "HOME": str(self.home), "XDG_STATE_HOME": str(self.home / "state"), "KUBECONFIG": "/nowhere"}

    def run(self, *argv: str, cwd: Path | str = "/") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program(argv[0]), *argv[1:]], cwd=cwd, env=self.environment, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    home = tmp_path_factory.mktemp("installed")
    wheel = build("wheel", home / "dist")
    # No --system-site-packages and no pip inside: nothing but the wheel and what the .pth names.
    venv.create(home / "venv", with_pip=False, symlinks=True)
    made = Installed(home, wheel)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", made.python, "install", "--quiet", "--no-index", "--no-deps",
         "--no-compile", "--disable-pip-version-check", str(wheel)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    packages = home / "venv" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    # A .pth inside a directory named by a .pth is not read: the tests' editable install stays out.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return made
