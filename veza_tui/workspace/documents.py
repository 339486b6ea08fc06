"""One configuration file of the workspace as a checked document: its root mapping, or what keeps it from being one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.workspace.files import MAX_CONFIG_BYTES, FileTrouble, decode, read_bytes, shown
from veza_tui.workspace.reader import Problems, Reader
from veza_tui.workspace.yamltree import Mapping, parse


@dataclass(slots=True)
class Document:
    """A file and its root. ``root`` is None when there is nothing to read; ``problems`` says why."""

    file: str
    root: Mapping | None
    problems: Problems

    def fail(self) -> None:
        """Raise the first problem as one line, if there is one.

        Raises:
            ConfigError: the file has a problem.
        """
        if not self.problems.found:
            return
        first = min(self.problems.found, key=lambda p: p.line)
        key = f"{first.key} " if first.key else ""
        more = len(self.problems.found) - 1
        rest = f" (and {more} more: run veza-tui validate)" if more else ""
        raise ConfigError(f"{self.file}:{first.line}: {key}{first.message}{rest}", hint=first.todo)


def read_document(root: Path, path: Path) -> Document:
    """Read one file that must hold exactly one mapping.

    Raises:
        FileNotFoundError: there is no such file.
    """
    problems = Problems()
    document = Document(shown(root, path), None, problems)
    try:
        text = decode(document.file, read_bytes(root, path, MAX_CONFIG_BYTES))
    except FileTrouble as error:
        problems.add(error.line, "", error.words, error.hint or "make it a readable file")
        return document
    roots, wrong = parse(text)
    problems.found.extend(wrong)
    if len(roots) > 1:
        problems.add(roots[1].line, "", "holds more than one document", "keep one document a file")
    elif roots and not isinstance(roots[0], Mapping):
        problems.add(roots[0].line, "", "is not a mapping", "begin with apiVersion, kind, metadata and data")
    elif not roots and not wrong:
        problems.add(1, "", "is empty", "write it, or run veza-tui init in a new directory for an example")
    elif roots and isinstance(roots[0], Mapping):
        document.root = roots[0]
    return document


def read_frame(document: Document) -> Reader | None:
    """The ``data`` of a file with the guide's frame (apiVersion v1, kind ConfigMap, metadata), the frame checked."""
    if document.root is None:
        return None
    top = Reader(document.root, "", document.problems)
    top.choice("apiVersion", ["v1"], required=True)
    top.choice("kind", ["ConfigMap"], required=True)
    metadata = top.mapping("metadata", required=True)
    if metadata is not None:
        metadata.string("name", required=True)
        metadata.string("namespace")
        for extra in ("labels", "annotations"):
            metadata.mapping(extra)
        metadata.close()
    data = top.mapping("data", required=True)
    top.close()
    return data
