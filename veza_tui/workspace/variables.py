"""``${VAR}``: from ``secrets/ENV.env``, then the process environment, then the environment's Kubernetes Secret.

Syntax: ``${NAME}``, ``${NAME:-default}`` (the default counts where NAME is unset or empty), and ``$${`` for a plain
``${``. Every other ``$`` is itself, so that a password may hold one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.model.secret import Secret
from veza_tui.model.text import printable
from veza_tui.workspace.envfile import EnvFile, parse_env
from veza_tui.workspace.files import MAX_CONFIG_BYTES, decode, read_bytes, shown
from veza_tui.workspace.load import Workspace

ClusterSecret = Callable[[], Awaitable[Mapping[str, str]]]
"""Reads the Kubernetes Secret ``veza-ENV-secrets``: its keys and decoded values; {} when there is none."""


class ClusterValues(dict[str, str]):
    """What the Kubernetes Secret holds, and what of it could not be had."""

    refused: str = ""
    """Why it could not be read at all; empty when it could, or does not exist."""
    unreadable: tuple[str, ...] = ()
    """Keys whose values are no UTF-8 text."""


_REFERENCE = re.compile(r"(?P<escape>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\}|(?P<bad>\$\{)")


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${NAME}`` or ``${NAME:-default}`` in a text."""

    name: str
    has_default: bool


def references(text: str) -> list[Reference]:
    """The variables that ``text`` refers to.

    Raises:
        ConfigError: a ``${`` does not begin a reference.
    """
    found = []
    for match in _REFERENCE.finditer(text):
        if match["bad"]:
            raise ConfigError("`${` is not followed by NAME}", hint="write ${NAME}, or $${ for a plain ${")
        if match["name"]:
            found.append(Reference(match["name"], match["default"] is not None))
    return found


def cluster_keys(name: str) -> tuple[str, str]:
    """The keys under which a Kubernetes Secret may hold ``NAME``: the guide writes ``db_password`` for DB_PASSWORD."""
    return name, name.lower()


class Variables:
    """Resolves references for one environment, reading the secrets file at the moment of use."""

    def __init__(
        self,
        workspace: Workspace,
        environment: str,
        *,
        process: Mapping[str, str] | None = None,
        cluster: ClusterSecret | None = None,
    ) -> None:
        self._path = workspace.secrets_path(environment)
        self._root = workspace.path
        self._process = os.environ if process is None else process
        self._cluster = cluster
        self._held: Mapping[str, Secret] = {}
        self._values = ClusterValues()

    def file(self) -> EnvFile | None:
        """The secrets file, None when there is none.

        Raises:
            ConfigError: it cannot be read.
        """
        return read_env_file(self._root, self._path)

    def local(self, name: str) -> Secret | None:
        """The variable from the secrets file or the process environment."""
        file = self._usable_file()
        if file is not None and name in file.values:
            return file.values[name]
        return Secret(self._process[name]) if name in self._process else None

    async def preload(self) -> None:
        """Read the Kubernetes Secret once, so that ``resolve`` knows it too (rendering the manifests is not async)."""
        if self._cluster is not None:
            found = await self._cluster()
            self._held = {key: Secret(value) for key, value in found.items()}
            self._values = found if isinstance(found, ClusterValues) else ClusterValues()

    def resolve(self, text: str) -> Secret:
        """``text`` with its references replaced, without asking the cluster.

        Raises:
            ConfigError: a variable is nowhere; names it, never a value.
        """
        return Secret("".join(self._parts(text)))

    async def resolve_with_cluster(self, text: str) -> Secret:
        """As ``resolve``; asks for the Kubernetes Secret when, and only when, something is found nowhere else."""
        if any(not self.local(reference.name) for reference in references(text)):
            await self.preload()
        return self.resolve(text)

    async def __call__(self, text: str) -> str:
        """The resolved text itself: what adapters are given."""
        return (await self.resolve_with_cluster(text)).reveal()

    def _usable_file(self) -> EnvFile | None:
        file = self.file()
        if file is not None and file.problems:
            first = file.problems[0]
            where = f"{shown(self._root, self._path)}:{first.line}: {first.key}".rstrip(": ")
            raise ConfigError(f"{where}: {first.message}", hint=first.todo)
        return file

    def _parts(self, text: str) -> Iterator[str]:
        references(text)
        end = 0
        for match in _REFERENCE.finditer(text):
            yield text[end : match.start()]
            end = match.end()
            yield "${" if match["escape"] else self._one(match["name"], match["default"])
        yield text[end:]

    def _one(self, name: str, default: str | None) -> str:
        found = self.local(name)
        if found is None:
            found = next((self._held[key] for key in cluster_keys(name) if key in self._held), None)
        if default is not None and not found:
            return default.removeprefix(":-")
        if found is None:
            asked = self._asked(name) if self._cluster is not None else ""
            raise ConfigError(
                f"${{{printable(name, limit=60)}}} is neither in {shown(self._root, self._path)} "
                f"nor in the process environment{asked}",
                hint=f"add {printable(name, limit=60)}=… to that file (chmod 600)",
            )
        return found.reveal()

    def _asked(self, name: str) -> str:
        """What the Kubernetes Secret had to say about a variable."""
        if self._values.refused:
            return f"; the environment's Kubernetes Secret cannot be read: {printable(self._values.refused, limit=200)}"
        bad = next((key for key in cluster_keys(name) if key in self._values.unreadable), "")
        if bad:
            return f"; the environment's Kubernetes Secret has {printable(bad, limit=60)}, which is no UTF-8 text"
        return ", nor in the environment's Kubernetes Secret"


def read_env_file(root: Path, path: Path) -> EnvFile | None:
    """The secrets file at ``path``, None when there is none.

    Raises:
        ConfigError: it leaves the workspace, is no regular file, too big, or not UTF-8.
    """
    try:
        data = read_bytes(root, path, MAX_CONFIG_BYTES)
    except FileNotFoundError:
        return None
    return parse_env(decode(shown(root, path), data))


def open_to_others(path: Path) -> bool:
    """Whether somebody else than the owner may read a secrets file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return bool(mode & (stat.S_IRWXG | stat.S_IRWXO))
