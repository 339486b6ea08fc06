"""The kubeconfig that leads clients here."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Context:
    """A context: its name, its token, the namespace it starts in, the name of its user entry (its own if empty)."""

    name: str
    token: str
    namespace: str = "default"
    user: str = ""

    def __repr__(self) -> str:
        return f"Context({self.name!r}, namespace={self.namespace!r})"


def write(
    path: Path,
    url: str,
    contexts: Sequence[Context],
    *,
    authority: str = "",
    current: str = "",
    cluster: str = "veza-embedded",
) -> None:
    """Write it with mode 0600, by rename, so that a reader sees the old or the new one whole."""
    import yaml

    target = {"server": url}
    if authority:
        target["certificate-authority-data"] = base64.b64encode(authority.encode()).decode()
    users = {c.user or c.name: {"name": c.user or c.name, "user": {"token": c.token}} for c in contexts}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": target}],
        "users": list(users.values()),
        "contexts": [
            {"name": c.name, "context": {"cluster": cluster, "user": c.user or c.name, "namespace": c.namespace}}
            for c in contexts
        ],
        "current-context": current or (contexts[0].name if contexts else ""),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        yaml.safe_dump(config, file, sort_keys=False)
    temporary.replace(path)
