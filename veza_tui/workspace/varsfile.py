"""``.env.ENV``, byte for byte as the guide's script makes it.

The script runs ``yq eval '.data.environment | to_entries | .[] | .key + "=" + .value'`` and appends the secrets file
with ``cat >>``. mikefarah's yq v4 (its source: operator_add.go, operator_entries.go, encoder_yaml.go) adds a scalar's
text to a string as written (``0x1F``, ``True``, ``1.50``; quotes taken off, escapes and folding done), adds nothing
for null, prints a multi-line text as its lines, and refuses a mapping or a list. Keys keep the file's order.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.workspace.documents import Document
from veza_tui.workspace.files import MAX_CONFIG_BYTES, read_bytes, replace_file, shown
from veza_tui.workspace.load import Workspace
from veza_tui.workspace.reader import kind_of
from veza_tui.workspace.scalars import value
from veza_tui.workspace.yamltree import Mapping, Scalar


def generate_vars(document: Document) -> bytes:
    """The lines that yq prints for the environment's file.

    Raises:
        ConfigError: the file cannot be read, or yq would refuse it.
    """
    document.fail()
    data = document.root.get("data") if document.root else None
    environment = data.get("environment") if isinstance(data, Mapping) else None
    if not isinstance(environment, Mapping):
        raise ConfigError(
            f"{document.file}: data.environment is missing or no mapping", hint="add name, type and domain"
        )
    if environment.merged:
        at = f"{document.file}:{environment.merged}"
        raise ConfigError(f"{at}: << in data.environment makes no KEY=VALUE line", hint="write the keys out")
    lines = []
    for key, node in environment.entries.items():
        at = f"{document.file}:{environment.line_of(key)}: data.environment.{key}"
        if not isinstance(node, Scalar):
            raise ConfigError(f"{at} is {kind_of(node)}: it makes no KEY=VALUE line", hint="write a plain value")
        said = environment.keys[key]
        # yq: null + "=" is "=".
        name = "" if said.plain and value(said) is None else key
        empty = value(node) is None and (node.plain or node.tag is not None)
        lines.append(f"{name}={'' if empty else node.text}\n")
    return "".join(lines).encode()


def write_vars(workspace: Workspace, name: str) -> Path:
    """Write ``.env.NAME`` at the workspace's root, mode 0600, by rename; a symlink there is replaced, not followed.

    Raises:
        ConfigError: the environment's file or secrets file cannot be used, or the directory cannot be written.
    """
    text = generate_vars(workspace.document(name))
    secrets = workspace.secrets_path(name)
    with contextlib.suppress(FileNotFoundError):
        text += read_bytes(workspace.path, secrets, MAX_CONFIG_BYTES)
    path = workspace.vars_path(name)
    if path.is_dir() and not path.is_symlink():
        raise ConfigError(f"{shown(workspace.path, path)} is a directory", hint="move it away")
    replace_file(path, text)
    return path
