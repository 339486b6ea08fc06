"""The demo's own workspace: a copy of the shipped one, pointed at the embedded servers, with generated secrets."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from veza_tui.embedded.platform.process import run
from veza_tui.embedded.platform.yaml_edit import set_values
from veza_tui.resources import shipped

GIT_IGNORE = "/secrets/\n/backups/\n.env.*\n"


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """What the demo needs to know of one environment."""

    name: str
    context: str
    namespace: str
    database: str
    """Also its owner's name."""


ENVIRONMENTS = (
    DemoEnvironment("development", "dev-local", "veza-development", "veza_dev"),
    DemoEnvironment("staging", "staging-eu", "veza-staging", "veza_staging"),
    DemoEnvironment("production", "prod-eu", "veza-production", "veza_production"),
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where an environment's database and cache listen."""

    host: str
    database_port: int
    cache_port: int
    ssl_mode: str
    """libpq's; ``require`` only where the server really has TLS."""


@dataclass
class DemoWorkspace:
    """The directory; ``create`` first, ``point`` once the ports are known, ``commit`` last."""

    directory: Path
    secrets: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """Environment -> the variables of its secrets file."""

    def create(self) -> None:
        """Copy the shipped files and make secrets; what a kept workspace already has is left alone."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("environments", "k8s"):
            if not (self.directory / name).exists():
                shutil.copytree(shipped(name), self.directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("secrets", "backups"):
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        for environment in ENVIRONMENTS:
            path = self.directory / "secrets" / f"{environment.name}.env"
            if not path.exists():
                _write_private(path, _generated(environment))
            lines = path.read_text(encoding="utf-8").splitlines()
            self.secrets[environment.name] = dict(line.split("=", 1) for line in lines if "=" in line)

    def password(self, environment: DemoEnvironment) -> str:
        """The database's; development's stands in its file, as in the guide."""
        return self.secrets[environment.name].get("DB_PASSWORD", "dev_password")

    def cache_password(self, environment: DemoEnvironment) -> str:
        """The cache's; development has none, as in the guide."""
        return self.secrets[environment.name].get("REDIS_PASSWORD", "")

    def point(self, endpoints: Mapping[str, Endpoints]) -> None:
        """Write the addresses into environments/ENV.yaml and the manifests' ConfigMap; comments stay."""
        for environment in ENVIRONMENTS:
            at = endpoints[environment.name]
            file = self.directory / "environments" / f"{environment.name}.yaml"
            values: dict[tuple[str, ...], str] = {
                ("data", "database", "host"): f'"{at.host}"',
                ("data", "database", "port"): str(at.database_port),
                ("data", "cache", "host"): f'"{at.host}"',
                ("data", "cache", "port"): str(at.cache_port),
                ("data", "kubernetes", "context"): f'"{environment.context}"',
                ("data", "kubernetes", "namespace"): f'"{environment.namespace}"',
            }
            config: dict[tuple[str, ...], str] = {
                ("data", "DB_HOST"): f'"{at.host}"',
                ("data", "DB_PORT"): f'"{at.database_port}"',
                ("data", "REDIS_HOST"): f'"{at.host}"',
                ("data", "REDIS_PORT"): f'"{at.cache_port}"',
            }
            if environment.name == "production":
                # The guide's production cache is a cluster of three; the demo's is one server, and says so.
                values |= {("data", "cache", "cluster_mode"): "false", ("data", "cache", "replicas"): "0"}
                values[("data", "database", "ssl_mode")] = f'"{at.ssl_mode}"'
                config |= {("data", "REDIS_CLUSTER_MODE"): '"false"', ("data", "DB_SSL_MODE"): f'"{at.ssl_mode}"'}
            _edit(file, values)
            for manifest in (self.directory / "k8s" / environment.name).glob("*configmap*.yaml"):
                _edit(manifest, config)

        # The demo's servers are on this machine, which the rules rightly call an error for a real environment.
        _edit(
            self.directory / "environments" / "environment-rules.yaml",
            {("data", "checks", "no-localhost", "severity"): "warning"},
        )

        # Everything stands on this machine here: the rule is kept in sight, as information, not as an error.
        path = ("data", "checks", "no-localhost", "severity")
        _edit(self.directory / "environments" / "environment-rules.yaml", {path: "info"})

    async def commit(self) -> bool:
        """Make it a git repository with everything committed, for the agent; False without git."""
        git = shutil.which("git")
        if git is None:
            return False
        (self.directory / ".gitignore").write_text(GIT_IGNORE, encoding="utf-8")
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        # Neither the person's configuration nor hooks and signing have a say here.
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        base = [git, "-C", str(self.directory), "-c", "user.name=veza demo", "-c", "user.email=demo@example.org"]
        commands: list[Sequence[str]] = []
        if not (self.directory / ".git").exists():
            commands.append(("init", "-q", "-b", "main"))
        commands += [("add", "-A"), ("commit", "-q", "--allow-empty", "-m", "The demo's workspace")]
        for command in commands:
            code, _ = await run([*base, *command], env=env)
            if code != 0:
                return False
        return True


def _generated(environment: DemoEnvironment) -> str:
    values = {"JWT_SECRET": secrets.token_hex(24), "API_KEY": secrets.token_hex(16)}
    if environment.name != "development":
        values = {"DB_PASSWORD": secrets.token_hex(16), "REDIS_PASSWORD": secrets.token_hex(16), **values}
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _edit(path: Path, values: Mapping[tuple[str, ...], str]) -> None:
    old = path.read_text(encoding="utf-8")
    new = set_values(old, values)
    if new != old:
        path.write_text(new, encoding="utf-8")
