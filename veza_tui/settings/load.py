"""Reads ``config.yaml``. A file with mistakes never stops the program: what is wrong keeps its default and is said."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from veza_tui.model.errors import ConfigError
from veza_tui.model.finding import Finding, Severity
from veza_tui.model.text import printable
from veza_tui.settings.model import HEALTH_SECONDS, THEMES, Settings
from veza_tui.workspace.files import MAX_CONFIG_BYTES, decode, read_bytes
from veza_tui.workspace.reader import Problems, Reader, kind_of, scalar_text
from veza_tui.workspace.scalars import value
from veza_tui.workspace.yamltree import Mapping as YamlMapping
from veza_tui.workspace.yamltree import Node, Scalar, Sequence, parse

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
    problems = Problems()
    settings, found = _from_file(path, problems)
    file = printable(str(path))
    findings = [
        Finding(Severity.ERROR, file, p.line, printable(p.key, limit=80), printable(p.message, limit=300),
                printable(p.todo, limit=300), _RULE)
        for p in sorted(problems.found, key=lambda p: p.line)
    ]  # fmt: skip
    settings = _from_environment(settings, environ, findings)
    return Loaded(path, found, settings, tuple(findings))


def settings_of_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """The same without the file."""
    return _from_environment(Settings(), os.environ if environ is None else environ, [])


def _from_file(path: Path, problems: Problems) -> tuple[Settings, bool]:
    try:
        # Through its symlink, where dotfiles live elsewhere.
        real = path.resolve()
        text = decode("", read_bytes(real.parent, real, MAX_CONFIG_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return Settings(), False
    except ConfigError as error:
        line, message = _split(error.message)
        problems.add(line, "", message, error.hint or "make it a readable file")
        return Settings(), True
    except (OSError, RuntimeError):
        problems.add(0, "", "cannot be followed", "make it a readable file")
        return Settings(), True
    roots, wrong = parse(text)
    problems.found.extend(wrong)
    if not roots or (isinstance(roots[0], Scalar) and value(roots[0]) is None):
        return Settings(), True
    if len(roots) > 1:
        problems.add(roots[1].line, "", "holds more than one document", "keep one")
    if not isinstance(roots[0], YamlMapping):
        problems.add(roots[0].line, "", f"is {kind_of(roots[0])}, not settings", "write `key: value` lines")
        return Settings(), True
    return _read(roots[0], problems), True


def _split(message: str) -> tuple[int, str]:
    """The reading functions name a file that is known here already: keep their line and their words."""
    head, _, rest = message.partition(": ")
    number = head.rpartition(":")[2]
    return (int(number) if number.isdigit() else 0), rest or message


def _read(root: YamlMapping, problems: Problems) -> Settings:
    default = Settings()
    top = Reader(root, "", problems)
    settings = Settings(
        theme=top.choice("theme", THEMES, default=default.theme),
        ascii=top.boolean("ascii", default=default.ascii),
        mouse=top.boolean("mouse", default=default.mouse),
        bell=top.boolean("bell", default=default.bell),
        health_interval=top.integer(
            "health_interval", *HEALTH_SECONDS, default=default.health_interval, unit=" seconds"
        ),
    )
    keys = top.mapping("keys")
    top.close()
    return settings if keys is None else replace(settings, keys=_keys(keys, problems))


def _keys(reader: Reader, problems: Problems) -> Mapping[str, tuple[str, ...]]:
    from veza_tui.settings.keymap import altered
    from veza_tui.tui.actions import ACTIONS

    wanted: dict[str, tuple[str, ...]] = {}
    before = len(problems.found)
    for name, node in reader.node.entries.items():
        wanted[name] = _written(reader, name, node, problems)
    if len(problems.found) > before:
        # A key that could not be read is not one that was taken away.
        wanted = {name: keys for name, keys in wanted.items() if keys}
    _, wrong = altered(ACTIONS, wanted)
    for one in wrong:
        entry = reader.node.get(one.action)
        line, key = reader.node.line_of(one.action), reader.key(one.action)
        if one.index is not None and isinstance(entry, Sequence) and one.index < len(entry.items):
            line, key = entry.items[one.index].line, f"{key}[{one.index}]"
        problems.add(line, printable(key, limit=80), one.message, one.todo)
    # A map is one thing: half of it would put keys where nobody expects them.
    return MappingProxyType({} if len(problems.found) > before else wanted)


def _written(reader: Reader, name: str, node: Node, problems: Problems) -> tuple[str, ...]:
    """The keys of one action: one key, or a list; ``[]`` or nothing takes them away."""
    items = node.items if isinstance(node, Sequence) else [node]
    if isinstance(node, Scalar) and node.plain and value(node) is None:
        return ()
    found = []
    for index, item in enumerate(items):
        # `y` and `n` are letters to a person; YAML 1.1 alone reads them as booleans.
        short = isinstance(item, Scalar) and len(item.text) == 1 and not item.text.isspace()
        text = item.text if short and isinstance(item, Scalar) else scalar_text(item)
        if not text:
            key = reader.key(name) + (f"[{index}]" if isinstance(node, Sequence) else "")
            problems.add(item.line, key, f"must be a key, not {kind_of(item)}", "put it in quotes")
            continue
        found.append(text)
    return tuple(found)


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
