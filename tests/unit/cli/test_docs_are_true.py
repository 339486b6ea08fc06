"""README and docs/ name only what exists: commands, options, pictures, links, keys."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
import pytest

from veza_tui.cli.main import COMMANDS, cli
from veza_tui.settings.load import load_settings
from veza_tui.workspace.load import load_workspace

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    root = click.Context(cli)
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"veza-tui +((?:-C \S+ +)?[a-z][^\n`#|&<>)]*)", text):
        words = re.sub(r"^-C \S+ +", "", line).split()
        if words[0] not in COMMANDS:
            assert words[0] in ("makes", "lists"), line
            continue
        command = cli.get_command(root, words[0])
        assert command is not None
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
        if isinstance(command, click.Group):
            known |= {o for n in command.list_commands(root) for p in command.commands[n].params for o in p.opts}
        for option in (w.split("=")[0] for w in words[1:] if w.startswith("--") and w != "--"):
            assert option in known, line


def test_the_readmes_table_lists_every_command_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:look|change|hands) \| (.*) \|$", text, re.MULTILINE)
    named = {n.split()[0] for row in rows for n in re.findall(r"`([^`]+)`", row)}
    assert named == {name for name in COMMANDS if not name.startswith("_")}


def test_the_example_of_the_settings_is_valid(tmp_path: Path) -> None:
    example = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "veza-tui").mkdir()
    (tmp_path / "veza-tui" / "config.yaml").write_text(example)
    assert load_settings({"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}).line == ""


def test_the_example_of_backup_settings_is_valid(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    example = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8").split("```yaml\ndata:\n")[1].split("```")[0]
    path = tmp_path / "environments" / "production.yaml"
    path.write_text(re.sub(r"(?m)^data:\n", lambda m: m[0] + example, path.read_text(encoding="utf-8"), count=1))
    found = load_workspace(tmp_path).environment("production").backup
    assert (found.format, found.jobs, found.storage) == ("directory", 4, "s3://bucket/prefix")


def test_no_address_stands_in_a_picture() -> None:
    # Names of a notation, this machine, and the values of the demo's own environments.
    fine = re.compile(r"http://www\.w3\.org/|http://:http|https?://127\.0\.0\.1|https://[a-z.]*veza\.com")
    for picture in (ROOT / "screenshots").glob("*.svg"):
        found = set(re.findall(r"https?://[^\s\"'<&]+", picture.read_text(encoding="utf-8")))
        assert not {f for f in found if not fine.match(f)}, picture.name
