"""What a stranger gets: the wheel works from any directory, the sdist holds all that makes one."""

from __future__ import annotations

import email
import fcntl
import os
import pty
import select
import struct
import subprocess
import tarfile
import termios
import time
import zipfile
from pathlib import Path

import pytest
from packaging_room import ROOT, Installed, build

from veza_tui import __version__

pytestmark = pytest.mark.integration


def test_both_entry_points_work_from_another_directory(installed: Installed) -> None:
    for name in ("veza-tui", "kubectl-veza"):
        done = installed.run(name, "--version")
        assert (done.stdout, done.returncode) == (f"veza-tui {__version__}\n", 0), done.stderr
        assert installed.run(name, "--help").stdout.startswith(
            f"Usage: {'kubectl veza' if name == 'kubectl-veza' else name} "
        )


def test_it_is_the_wheel_that_runs_and_not_this_tree(installed: Installed) -> None:
    done = installed.run("python", "-c", "import veza_tui; print(veza_tui.__file__)")
    assert done.stdout.startswith(str(installed.home)), done.stderr


def test_a_workspace_is_made_and_checked_from_elsewhere(installed: Installed, tmp_path: Path) -> None:
    place = tmp_path / "veza"
    done = installed.run("veza-tui", "init", str(place))
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (place / "k8s").iterdir()} == {"development", "staging", "production"}
    for argv, cwd in ((["validate"], place), (["-C", str(place), "validate"], Path("/"))):
        done = installed.run("veza-tui", *argv, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
    done = installed.run("veza-tui", "info", "--offline", cwd=place)
    assert str(installed.home) in done.stdout
    assert done.returncode == 0


def test_the_screen_opens_from_another_directory_and_quits(installed: Installed, tmp_path: Path) -> None:
    installed.run("veza-tui", "init", str(tmp_path / "veza"))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environ = {**installed.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        [installed.program(), "-C", str(tmp_path / "veza")], cwd="/", env=environ, stdin=slave, stdout=slave,
        stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        seen, pressed, end = b"", False, time.monotonic() + 30
        while process.poll() is None and time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break
            if not pressed and b"PRODUCTION" in seen:
                os.write(master, b"q")
                pressed = True
        assert process.wait(10) == 0
        assert pressed, seen[-2000:]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)


def test_the_wheel_says_what_it_needs(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
        meta = email.message_from_bytes(wheel.read(next(n for n in names if n.endswith("/METADATA"))))
    assert meta["Requires-Python"] == ">=3.11"
    assert meta["License-Expression"] == "MIT"
    assert {"demo", "s3"} <= set(meta.get_all("Provides-Extra") or ())
    assert any(n.endswith("/licenses/LICENSE") for n in names)
    shipped = {n.removeprefix("veza_tui/_data/") for n in names if n.startswith("veza_tui/_data/")}
    for folder in ("environments", "k8s", "styles"):
        here = {str(p.relative_to(ROOT)) for p in (ROOT / folder).rglob("*") if p.is_file()}
        assert here <= shipped, here - shipped
    assert not any("secrets/" in n or n.endswith(".env") or "tests/" in n for n in names)
    # Nobody's address belongs in what others install.
    assert not any("@" in (meta[key] or "") for key in ("Author-Email", "Maintainer-Email", "Home-Page"))


def test_the_sdist_makes_the_same_wheel(installed: Installed, tmp_path: Path) -> None:
    sdist = build("sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        # Debian 12's Python 3.11.2 knows no filters yet; from 3.12 on one is asked for.
        archive.extractall(tmp_path / "tree", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (tree,) = (tmp_path / "tree").iterdir()
    for name in ("LICENSE", "README.md", "constraints.txt", "Makefile", "styles", "environments", "k8s", "tests"):
        assert (tree / name).exists(), name
    assert not (tree / "secrets").exists()
    again = build("wheel", tmp_path / "wheel", tree)
    with zipfile.ZipFile(again) as one, zipfile.ZipFile(installed.wheel) as other:
        # Other people write files while these two are built.
        difference = set(one.namelist()) ^ set(other.namelist())
    assert not [n for n in difference if "_data" in n or "dist-info" in n]
    assert len(difference) < 20, difference
