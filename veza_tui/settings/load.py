"""Reads ``config.yaml``. A file with mistakes never stops the program: what is wrong keeps its default and is said."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from veza_tui.model.finding import Finding, Severity
from veza_tui.model.text import printable
from veza_tui.settings.model import HEALTH_SECONDS, THEMES, Settings

if TYPE_CHECKING:
    from veza_tui.workspace.yamltree import Problem

_RULE = "settings"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as they hold, and what is wrong with where they came from."""

    path: Path
    found: bool
    """Whether there is a file."""
    settings: Settings
    findings: tuple[Finding, ...]

    @property
    def line(self) -> str:
        """What is wrong, in one line; "" when nothing is."""
        if not self.findings:
            return ""
        first = self.findings[0]
        where = f"{first.file}:{first.line}" if first.line else first.file
        key = f"{first.key} " if first.key else ""
        more = len(self.findings) - 1
        rest = f" (and {more} more: veza-tui validate --config)" if more else ""
        return f"{where}: {key}{first.message}; its default holds{rest} — {first.todo}"


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """``$XDG_CONFIG_HOME/veza-tui/config.yaml``; XDG's default is ~/.config, and a relative value is ignored."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_CONFIG_HOME", "")
    root = Path(base) if base.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".config"
    return root / "veza-tui" / "config.yaml"


def load_settings(environ: Mapping[str, str] | None = None) -> Loaded:
    """The file's settings, then the environment's over them. Never raises: mistakes are findings."""
    environ = os.environ if environ is None else environ
    path = config_path(environ)
    settings, found, problems = _from_file(path)
    file = printable(str(path))
    findings = [
        Finding(Severity.ERROR, file, p.line, printable(p.key, limit=80), printable(p.message, limit=300),
                printable(p.todo, limit=300), _RULE)
        for p in sorted(problems, key=lambda p: p.line)
    ]  # fmt: skip
    settings = _from_environment(settings, environ, findings)
    return Loaded(path, found, settings, tuple(findings))


def settings_of_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """The same without the file."""
    return _from_environment(Settings(), os.environ if environ is None else environ, [])


def _from_file(path: Path) -> tuple[Settings, bool, Sequence[Problem]]:
    if not os.path.lexists(path):
        return Settings(), False, ()
    # Reading YAML takes time: most people have no such file, and the first picture must not wait for it.
    from veza_tui.settings.file import read_settings

    return read_settings(path)


_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _from_environment(settings: Settings, environ: Mapping[str, str], findings: list[Finding]) -> Settings:
    """``VEZA_THEME``, ``VEZA_ASCII``, ``VEZA_MOUSE``, ``VEZA_BELL``, ``VEZA_HEALTH_INTERVAL``; empty means not set."""

    def say(name: str, message: str, todo: str) -> None:
        findings.append(Finding(Severity.ERROR, name, 0, "", message, todo, _RULE))

    theme = environ.get("VEZA_THEME", "").strip().casefold().removeprefix("veza-")
    theme = "contrast" if theme == "high contrast" else theme
    if theme in THEMES:
        settings = replace(settings, theme=theme)
    elif theme:
        say("VEZA_THEME", f"{printable(theme, limit=40)!r} is not a theme", f"use one of {', '.join(THEMES)}")
    for name in ("ascii", "mouse", "bell"):
        variable = f"VEZA_{name.upper()}"
        word = environ.get(variable, "").strip().casefold()
        if word in _WORDS:
            settings = _with_switch(settings, name, _WORDS[word])
        elif word:
            say(variable, f"{printable(word, limit=40)!r} is neither on nor off", "use 1 or 0")
    text = environ.get("VEZA_HEALTH_INTERVAL", "").strip()
    low, high = HEALTH_SECONDS
    if text.isascii() and text.isdigit() and len(text) < 6 and low <= int(text) <= high:
        settings = replace(settings, health_interval=int(text))
    elif text:
        say("VEZA_HEALTH_INTERVAL", f"{printable(text, limit=40)!r} is not {low} to {high} seconds", "use digits")
    return settings


def _with_switch(settings: Settings, name: str, on: bool) -> Settings:
    if name == "ascii":
        return replace(settings, ascii=on)
    return replace(settings, mouse=on) if name == "mouse" else replace(settings, bell=on)
