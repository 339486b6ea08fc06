"""Which server, CA and user a kubeconfig context means; several files are merged as kubectl merges them.

Facts: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ (the first file that sets a
value wins; relative paths are relative to the file they stand in; missing files of a list are skipped).
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from veza_tui.adapters.kubernetes.addresses import server_address
from veza_tui.model.errors import ConfigError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Access:
    """Everything needed to open one context. Nothing secret shows in its repr."""

    context: str
    server: str
    namespace: str
    user_name: str
    ca_data: bytes | None = field(default=None, repr=False)
    ca_file: Path | None = None
    insecure: bool = False
    tls_server_name: str = ""
    url_login: str = field(default="", repr=False)
    """The Authorization value of a user and password in the server's URL: used when there is no other proof."""
    proxy_url: str = field(default="", repr=False)
    compression: bool = True
    user: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The user entry as written; ``user_dir`` is what its relative paths are relative to."""
    user_dir: Path = Path()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """A kubeconfig of this context alone with absolute paths: for the official loader."""


def find_access(
    context: str | None, environ: Mapping[str, str] = os.environ, service_account: Path = SERVICE_ACCOUNT
) -> Access:
    """The access that ``context`` (None for the current one) means.

    KUBECONFIG, else ``~/.kube/config``, else, inside a pod, its service account.

    Raises:
        ConfigError: no configuration, an unreadable file, or no such context; says where it looked and what to do.
    """
    listed = [Path(p).expanduser() for p in environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    home = Path(environ.get("HOME") or Path.home())
    paths = listed or [home / ".kube" / "config"]
    found = [path for path in paths if path.exists()]
    if not found:
        if context is None and environ.get("KUBERNETES_SERVICE_HOST") and (service_account / "token").exists():
            return _in_cluster(environ, service_account)
        where = ", ".join(map(str, paths))
        raise ConfigError(f"no kubeconfig: looked for {where}", hint="set KUBECONFIG to the cluster's kubeconfig")
    merged = _merge([(path, _load(path)) for path in found])
    return _access(merged, context, ", ".join(map(str, found)))


def _load(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if path.is_fifo():  # nobody may ever write to it
            raise ConfigError(f"kubeconfig {path} is a pipe", hint="put it into a file: it is read more than once")
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"kubeconfig {path} is larger than 4 MiB", hint="is it a kubeconfig?")
        # As kubectl: the first document counts.
        data = next(iter(yaml.load_all(path.read_text(encoding="utf-8-sig"), Loader=loader)), None)
    except OSError as error:
        raise ConfigError(
            f"kubeconfig {path} cannot be read: {error.strerror}", hint="check its owner and mode"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"kubeconfig {path} is not text", hint="is it a kubeconfig?") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        # The problem's own text may quote the file, and with it a token.
        raise ConfigError(f"kubeconfig {path}{line} is not YAML", hint="repair the file") from None
    if not isinstance(data, dict):
        raise ConfigError(f"kubeconfig {path} holds no configuration", hint="is it a kubeconfig?")
    return data


def _merge(files: list[tuple[Path, dict[str, Any]]]) -> dict[str, Any]:
    merged: dict[str, Any] = {"current-context": "", "clusters": {}, "users": {}, "contexts": {}}
    for path, data in files:
        merged["current-context"] = merged["current-context"] or str(data.get("current-context") or "")
        for section, inner in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
            entries = data.get(section) or []
            if not isinstance(entries, list):
                raise ConfigError(f"kubeconfig {path}: {section} is not a list", hint="repair the kubeconfig")
            for entry in entries:
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    body = entry.get(inner)
                    merged[section].setdefault(
                        entry["name"], (path.absolute().parent, body if isinstance(body, dict) else {})
                    )
    return merged


def _access(merged: dict[str, Any], wanted: str | None, where: str) -> Access:
    name = wanted or merged["current-context"]
    if not name:
        raise ConfigError(
            f"kubeconfig {where} has no current context",
            hint="name one: data.kubernetes.context, or kubectl config use-context",
        )
    if name not in merged["contexts"]:
        known = ", ".join(sorted(merged["contexts"])[:8]) or "none"
        raise ConfigError(
            f"no context {name!r} in {where} (it has: {known})", hint="correct data.kubernetes.context or KUBECONFIG"
        )
    context = merged["contexts"][name][1]
    cluster_name, user_name = str(context.get("cluster") or ""), str(context.get("user") or "")
    if cluster_name not in merged["clusters"]:
        raise ConfigError(
            f"context {name!r} names cluster {cluster_name!r}, which {where} does not have",
            hint="repair the kubeconfig",
        )
    if user_name and user_name not in merged["users"]:
        raise ConfigError(
            f"context {name!r} names user {user_name!r}, which {where} does not have", hint="repair the kubeconfig"
        )
    base, cluster = merged["clusters"][cluster_name]
    user_dir, user = merged["users"].get(user_name, (base, {}))
    server, url_login = server_address(cluster, f"cluster {cluster_name!r} in {where}")
    ca_file = cluster.get("certificate-authority")
    absolute = dict(cluster)
    if ca_file:
        absolute["certificate-authority"] = str(base / ca_file)
    return Access(
        context=name,
        server=server,
        namespace=str(context.get("namespace") or "default"),
        user_name=user_name,
        ca_data=decode(
            cluster.get("certificate-authority-data"), f"certificate-authority-data of cluster {cluster_name!r}"
        ),
        ca_file=base / str(ca_file) if ca_file else None,
        insecure=cluster.get("insecure-skip-tls-verify") is True,
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        url_login=url_login,
        proxy_url=str(cluster.get("proxy-url") or ""),
        compression=cluster.get("disable-compression") is not True,
        user=user,
        user_dir=user_dir,
        raw={
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": dict(context)}],
            "clusters": [{"name": cluster_name, "cluster": absolute}],
            "users": [{"name": user_name, "user": user}],
        },
    )


def _in_cluster(environ: Mapping[str, str], directory: Path) -> Access:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
    namespace = directory / "namespace"
    return Access(
        context="in-cluster",
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        user_name="service account",
        ca_file=directory / "ca.crt",
        user={"tokenFile": str(directory / "token")},
        user_dir=directory,
    )


def decode(text: Any, what: str) -> bytes | None:
    """Base64 data of a kubeconfig, None when absent.

    Raises:
        ConfigError: it is not base64.
    """
    if not text:
        return None
    try:
        return base64.b64decode("".join(str(text).split()), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(f"{what} is not base64", hint="repair the kubeconfig") from None
