"""``k8s/ENV/``: loading as ``kubectl apply -f`` does it (``rendering`` has what is then applied)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from veza_tui.workspace.files import MAX_MANIFEST_BYTES, FileTrouble, decode, inside, read_bytes, shown
from veza_tui.workspace.manifest import CLUSTER_SCOPED, FILL, Manifest, text_of
from veza_tui.workspace.rendering import Rendered, Resolver, fill_templates, render
from veza_tui.workspace.scalars import plain_data
from veza_tui.workspace.yamltree import Mapping, Node, Problem, Sequence, parse

__all__ = [
    "CLUSTER_SCOPED",
    "FILL",
    "FileProblem",
    "Manifest",
    "Rendered",
    "Resolver",
    "fill_templates",
    "load_manifests",
    "render",
]

_SUFFIXES = (".yaml", ".yml", ".json")
_MAX_FILES = 500


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something that keeps a manifest file from being read."""

    file: str
    problem: Problem


def load_manifests(root: Path, folder: Path) -> tuple[list[Manifest], list[FileProblem]]:
    """The objects of the .yaml, .yml and .json files directly in ``folder``, by file name (as kubectl without -R).

    ``kind: List`` is opened. A missing folder is one problem. Never raises for what a file holds.

    Raises:
        ConfigError: the folder leaves the workspace.
    """
    name = shown(root, folder)
    try:
        entries = sorted(p for p in inside(root, folder).iterdir() if p.suffix in _SUFFIXES)
    except FileNotFoundError:
        return [], [
            FileProblem(name, Problem(0, "", "is missing: there is nothing to deploy", f"add manifests to {name}/"))
        ]
    except OSError as error:
        todo = f"make {name} a readable directory"
        return [], [FileProblem(name, Problem(0, "", f"cannot be read: {(error.strerror or '').lower()}", todo))]
    if len(entries) > _MAX_FILES:
        todo = "keep one environment's manifests there"
        return [], [FileProblem(name, Problem(0, "", f"holds {len(entries)} files, more than {_MAX_FILES}", todo))]
    manifests: list[Manifest] = []
    problems: list[FileProblem] = []
    for entry in entries:
        path = folder / entry.name
        if path.is_dir():
            continue
        _load_file(root, path, manifests, problems)
    return manifests, problems


def _load_file(root: Path, path: Path, manifests: list[Manifest], problems: list[FileProblem]) -> None:
    file = shown(root, path)
    try:
        text = decode(file, read_bytes(root, path, MAX_MANIFEST_BYTES))
    except FileNotFoundError:
        problems.append(FileProblem(file, Problem(0, "", "is a symlink to nothing", "remove it")))
        return
    except FileTrouble as error:
        problems.append(
            FileProblem(file, Problem(error.line, "", error.words, error.hint or "make it a readable file"))
        )
        return
    roots, wrong = _parse_json(text) if path.suffix == ".json" else parse(text)
    problems += [FileProblem(file, problem) for problem in wrong]
    if not roots and not wrong:
        problems.append(
            FileProblem(file, Problem(1, "", "is empty: kubectl refuses it", "write an object or remove it"))
        )
    for document in roots:
        _add(document, file, manifests, problems)


def _add(node: Node, file: str, manifests: list[Manifest], problems: list[FileProblem]) -> None:
    if not isinstance(node, Mapping):
        problems.append(FileProblem(file, Problem(node.line, "", "is not an object", "begin with apiVersion and kind")))
        return
    data = plain_data(node, kubernetes=True)
    kind, items = text_of(data.get("kind")), node.get("items")
    if kind.endswith("List") and isinstance(items, Sequence):
        for item in items.items:
            _add(item, file, manifests, problems)
        return
    manifests.append(Manifest(data, file, node.line, node))


def _parse_json(text: str) -> tuple[list[Node], list[Problem]]:
    """JSON with line numbers: it is YAML once tabs at line starts are spaces (its texts hold no line break)."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        return [], [Problem(1, "", "is nested too deep", "flatten it")]
    except json.JSONDecodeError as error:
        return [], [Problem(error.lineno, "", f"is not JSON: {error.msg.lower()}", "correct the syntax")]
    except ValueError:
        return [], [Problem(1, "", "is not JSON: NaN and Infinity are no JSON numbers", "correct the value")]
    lines = [line[len(line) - len(line.lstrip()) :].rjust(len(line)) for line in text.split("\n")]
    return parse("\n".join(lines))


def _no_constant(name: str) -> None:
    raise ValueError(name)
