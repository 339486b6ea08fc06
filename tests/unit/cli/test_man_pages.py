"""Man pages: complete, and without a warning of any formatter that is here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from veza_tui.cli.commands.man import pages
from veza_tui.cli.main import COMMANDS, cli
from veza_tui.cli.reference import EXITS, FILES, VARIABLES
from veza_tui.cli.roff import text
from veza_tui.model.exits import Exit
from veza_tui.settings.model import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return dict(pages())


def test_there_is_a_page_for_each_command(made: dict[str, str]) -> None:
    shown = [name for name in COMMANDS if not name.startswith("_")]
    assert list(made) == ["veza-tui.1", *(f"veza-tui-{name}.1" for name in shown)]


def test_the_main_page_has_exit_codes_files_and_environment(made: dict[str, str]) -> None:
    main = made["veza-tui.1"]
    assert {code for code, _ in EXITS} == {int(code) for code in Exit}
    for section in ("NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "SETTINGS", "FILES", "ENVIRONMENT", "EXIT STATUS"):
        assert f".SH {section}\n" in main
    for name, words in (*FILES, *VARIABLES):
        assert text(name) in main
        assert text(words) in main


def test_every_option_of_every_command_is_there(made: dict[str, str]) -> None:
    import click

    root = click.Context(cli)
    for name in (n for n in COMMANDS if not n.startswith("_")):
        command = cli.get_command(root, name)
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert text(parameter.opts[0]) in made[f"veza-tui-{name}.1"], (name, parameter.opts)


def test_every_variable_that_the_program_reads_is_named() -> None:
    # What we set for our own children, and the demo's, is no one's business.
    internal = {"VEZA_DEMO_ID", "VEZA_DEMO_CONTROL", "VEZA_OPERATION", "VEZA_ENVIRONMENT", "VEZA_DB_PASSWORD"}
    read = set()
    for path in (ROOT / "veza_tui").rglob("*.py"):
        if "embedded" not in path.parts:
            read |= set(re.findall(r"environ\.(?:get|pop)\(\s*\"(VEZA_\w+)\"", path.read_text(encoding="utf-8")))
    named = {name for names, _ in VARIABLES for name in names.split(", ")}
    assert read - internal - named == set()
    fields = {field.upper() for field in Settings.__dataclass_fields__} - {"KEYS"}
    assert {f"VEZA_{field}" for field in fields} <= named


def test_roff_cannot_be_broken_by_a_help_text() -> None:
    assert text(".TH x\n'br\n\\fBbold -a") == "\\&.TH x\n\\(aqbr\n\\efBbold \\-a"
    assert text("é\u202e") == "\\[u00E9]\\[u202E]"
    assert text("a b\u00a0c") == "a b\\ c"


@pytest.mark.parametrize(
    "formatter", [["groff", "-man", "-Tutf8", "-ww", "-z"], ["groff", "-man", "-Tascii", "-rLL=66n", "-ww", "-z"],
                  ["mandoc", "-Tlint", "-Wwarning"]]
)  # fmt: skip
def test_formatters_have_nothing_to_say(formatter: list[str], made: dict[str, str]) -> None:
    if shutil.which(formatter[0]) is None:
        pytest.skip(f"no {formatter[0]} here")
    for name in ("veza-tui.1", "veza-tui-operations.1", "veza-tui-completion.1", "veza-tui-restore.1"):
        done = subprocess.run(formatter, input=made[name], capture_output=True, text=True, check=False)
        assert (done.stdout + done.stderr, done.returncode) == ("", 0), name


def test_a_person_reads_what_was_meant(made: dict[str, str]) -> None:
    if shutil.which("groff") is None:
        pytest.skip("no groff here")
    argv = ["groff", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", "-rLL=100n"]
    done = subprocess.run(argv, input=made["veza-tui-completion.1"], capture_output=True, text=True, check=True)
    assert "source <(veza-tui completion bash)" in done.stdout
    assert "~/.config/fish/completions/veza-tui.fish" in done.stdout


def test_the_command_prints_one_or_writes_all(tmp_path: Path, made: dict[str, str]) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "veza_tui", "man", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    assert run().stdout == made["veza-tui.1"]
    assert run("deploy").stdout == made["veza-tui-deploy.1"]
    assert (wrong := run("nope")).returncode == 2
    assert "no command 'nope'" in wrong.stderr
    assert run("_run").returncode == 2
    assert run("--output", str(tmp_path / "new" / "man1")).returncode == 0
    assert sorted(p.name for p in (tmp_path / "new" / "man1").iterdir()) == sorted(made)
    (tmp_path / "file").touch()
    assert run("--output", str(tmp_path / "file")).returncode == 2
