"""The file itself: what it says, and what is wrong with it. Imported only when there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from veza_tui.model.text import printable
from veza_tui.settings.model import HEALTH_SECONDS, THEMES, Settings
from veza_tui.workspace.files import MAX_CONFIG_BYTES, FileTrouble, decode, read_bytes
from veza_tui.workspace.reader import Problems, Reader, kind_of, scalar_text
from veza_tui.workspace.scalars import value
from veza_tui.workspace.yamltree import Mapping as YamlMapping
from veza_tui.workspace.yamltree import Node, Problem, Scalar, Sequence, parse


def read_settings(path: Path) -> tuple[Settings, bool, list[Problem]]:
    """The settings, whether there is a file, and what is wrong with it."""
    problems = Problems()
    settings, found = _from_file(path, problems)
    return settings, found, problems.found


def _from_file(path: Path, problems: Problems) -> tuple[Settings, bool]:
    try:
        # Through its symlink, where dotfiles live elsewhere.
        real = path.resolve()
        text = decode("", read_bytes(real.parent, real, MAX_CONFIG_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return Settings(), False
    except FileTrouble as error:
        problems.add(error.line, "", error.words, error.hint or "make it a readable file")
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
