"""What proves who a user is, and the Protocol of its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from veza_tui.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes with a request: an Authorization value, a client certificate, or neither."""

    authorization: str = field(default="", repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)


class Credentials(Protocol):
    """A source of proofs."""

    async def proof(self) -> Proof:
        """The proof to use now; ConfigError when it cannot be had."""
        ...

    async def renew(self) -> bool:
        """After a 401: get a new one; False when there is nothing else to try."""
        ...


def header_value(text: str, what: str) -> str:
    """``text`` when it can stand in an HTTP header.

    Raises:
        ConfigError: it holds a line break or another control character; the text itself is not shown.
    """
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise ConfigError(f"{what} holds a line break or a control character", hint="put the token right")
    return text


def impersonation(user: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """The headers of ``as``, ``as-uid``, ``as-groups`` and ``as-user-extra``: who the user acts as.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation

    Raises:
        ConfigError: a group or extra without a user, or a value that cannot stand in a header.
    """
    groups, extra = user.get("as-groups") or [], user.get("as-user-extra") or {}
    if not isinstance(groups, list) or not isinstance(extra, dict):
        raise ConfigError(f"user {name!r} has a wrong as-groups or as-user-extra", hint="repair the kubeconfig")
    found = [("Impersonate-User", user.get("as")), ("Impersonate-Uid", user.get("as-uid"))]
    found += [("Impersonate-Group", group) for group in groups]
    for key, values in extra.items():
        listed = values if isinstance(values, list) else [values]
        found += [(f"Impersonate-Extra-{quote(str(key), safe='')}", value) for value in listed]
    headers = [(key, header_value(str(value), f"{key} of user {name!r}")) for key, value in found if value]
    if headers and not user.get("as"):
        raise ConfigError(f"user {name!r} impersonates groups without a user", hint="add `as` to the kubeconfig")
    return headers
