"""Who asks: the facts about a person that the operating system gives."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from veza_tui.model.text import printable


@dataclass(frozen=True, slots=True)
class Person:
    """An OS user on a machine. ``sudo`` and ``ssh`` come from the environment, so a root user can set them."""

    user: str
    """Name of the real uid."""
    uid: int
    host: str
    sudo: str = ""
    """SUDO_USER: who became root."""
    ssh: str = ""
    """Address that SSH_CONNECTION names first: where the session came from."""

    @property
    def label(self) -> str:
        """``user@host``, with the person behind sudo."""
        return f"{self.user}@{self.host}" + (f" (sudo by {self.sudo})" if self.sudo else "")

    @property
    def names(self) -> frozenset[str]:
        """Every OS user that this person is."""
        return frozenset({self.user, self.sudo} - {""})

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def current_person(environ: Mapping[str, str] | None = None) -> Person:
    """The person whose process this is."""
    environ = os.environ if environ is None else environ
    uid = os.getuid()
    ssh = environ.get("SSH_CONNECTION", "").split()
    sudo = environ.get("SUDO_USER", "")
    user = user_name(uid)
    return Person(
        user=user,
        uid=uid,
        host=printable(socket.gethostname(), limit=64),
        sudo=printable(sudo, limit=64) if sudo != user else "",
        ssh=printable(ssh[0], limit=64) if ssh else "",
    )


def user_name(uid: int) -> str:
    """The account's name, or ``uid:N`` when it has none."""
    try:
        return printable(pwd.getpwuid(uid).pw_name, limit=64)
    except KeyError:
        return f"uid:{uid}"


def person_from_json(data: Mapping[str, Any]) -> Person:
    """What ``Person.to_json`` wrote; raises ValueError for anything else."""
    try:
        return Person(
            user=printable(str(data["user"]), limit=64),
            uid=int(data["uid"]),
            host=printable(str(data["host"]), limit=64),
            sudo=printable(str(data.get("sudo", "")), limit=64),
            ssh=printable(str(data.get("ssh", "")), limit=64),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a person: {error}") from error
