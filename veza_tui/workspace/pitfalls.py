"""The guide's pitfalls and everything about one environment's file that types and ranges do not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Map

from veza_tui.model.environment import Environment, EnvironmentType
from veza_tui.model.errors import ConfigError
from veza_tui.model.finding import Severity
from veza_tui.workspace import checks
from veza_tui.workspace.findings import Look
from veza_tui.workspace.manifests import FILL, Manifest, fill_templates
from veza_tui.workspace.subject import Subject
from veza_tui.workspace.variables import cluster_keys, references
from veza_tui.workspace.yamltree import Mapping, Node, Scalar

SECRET_KEYS = ("db_password", "redis_password", "jwt_secret", "api_key")
"""The guide's keys of the Kubernetes Secret."""
_SENSITIVE = re.compile(r"passw|passphrase|secret|token|api_?key|private_?key|credential", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(?:_|^)(?:FILE|PATH|NAME|URL|URI|ENDPOINT|ISSUER|TTL|EXPIRY|EXPIRES?(?:_IN)?|ENABLED|LENGTH|ROTATION)\Z",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
_PASSWORDS = (("data", "database", "password"), ("data", "cache", "password"))


def check_environment(
    subject: Subject, environment: Environment, monitoring: Severity | None, localhost: Severity | None
) -> None:
    """Ports, replicas, localhost, plaintext secrets, monitoring; ``None`` for a pitfall that a rule ignores."""
    _ports(subject, environment)
    _replicas(subject, environment)
    _deployments(subject, environment)
    # With the type unreadable the careful reading (production) holds.
    dev = environment.type is EnvironmentType.DEV
    if not dev:
        for part, host in (("database", environment.database.host), ("cache", environment.cache.host)):
            if localhost is not None and checks.is_loopback(host):
                message = f"{host} is this machine: hard-coded localhost outside development"
                todo = "name the server by its DNS name"
                subject.say(localhost, ("data", part, "host"), message, todo, "hardcoded-localhost")
        if localhost is not None and checks.is_loopback(environment.domain):
            message = "is this machine: hard-coded localhost outside development"
            path = ("data", "environment", "domain")
            subject.say(localhost, path, message, "write the public domain", "hardcoded-localhost")
        for part, password in (("database", environment.database.password), ("cache", environment.cache.password)):
            _password(subject, part, password)
    disabled = not environment.monitoring.enabled
    if disabled and monitoring is not None and not subject.flawed("data", "monitoring", "enabled"):
        path = ("data", "monitoring", "enabled")
        subject.say(monitoring, path, "monitoring is disabled", "write enabled: true", "monitoring-disabled")


def _ports(subject: Subject, environment: Environment) -> None:
    taken: dict[int, str] = {}
    services = environment.services
    users: list[tuple[tuple[str, ...], str, int]] = [
        (("data", "services", one.key, "port"), one.key, one.port) for one in services
    ]
    if environment.monitoring.enabled:
        users.append((("data", "monitoring", "prometheus_port"), "prometheus", environment.monitoring.prometheus_port))
        users.append((("data", "monitoring", "grafana_port"), "grafana", environment.monitoring.grafana_port))
    for path, name, port in users:
        if subject.flawed(*path):
            continue
        first = taken.setdefault(port, name)
        if first != name:
            message = f"port {port} is used twice, by {first} and {name}"
            subject.say(Severity.ERROR, path, message, "give each a port of its own", "port-twice")


def _replicas(subject: Subject, environment: Environment) -> None:
    for service in environment.services:
        path = ("data", "services", service.key, "replicas")
        bounds = service.autoscaling
        if subject.flawed(*path) or subject.flawed("data", "services", service.key, "autoscaling"):
            continue
        if bounds and not bounds.min_replicas <= service.replicas <= bounds.max_replicas:
            limits = f"{bounds.min_replicas} to {bounds.max_replicas}"
            message = f"{service.replicas} replicas are outside the autoscaling bounds {limits}"
            subject.say(Severity.ERROR, path, message, f"use {limits}, or change the bounds", "replicas-bounds")
        elif service.replicas == 0:
            subject.say(Severity.WARNING, path, "0 replicas: the service is off", "use 1 or more", "replicas-bounds")


def _deployments(subject: Subject, environment: Environment) -> None:
    taken: dict[str, str] = {}
    for service in environment.services:
        first = taken.setdefault(service.deployment, service.key)
        if first != service.key:
            message = f"Deployment {service.deployment} is named by {first} and {service.key}"
            path = ("data", "services", service.key, "deployment")
            subject.say(Severity.ERROR, path, message, "give each service a Deployment of its own", "deployment-twice")


def _password(subject: Subject, part: str, password: str) -> None:
    path = ("data", part, "password")
    if subject.flawed(*path):
        return
    name = "DB_PASSWORD" if part == "database" else "REDIS_PASSWORD"
    try:
        found = references(password)
    except ConfigError:
        return
    if not password:
        message = "is empty outside development"
        subject.say(Severity.WARNING, path, message, f'write "${{{name}}}"', "plaintext-secret")
    elif not found or re.search(r"\$\{[A-Za-z0-9_]+:-[^}]", password):
        message = "is a plaintext secret outside development"
        todo = f'write "${{{name}}}", put the value in {subject.secrets_file}, and change the password'
        subject.say(Severity.ERROR, path, message, todo, "plaintext-secret")


def check_variables(subject: Subject, process: Map[str, str]) -> None:
    """``${VAR}`` that resolve to nothing: one finding a variable, where it is first used."""
    seen: set[str] = set()
    for path, text in _texts(subject.document.root, ()):
        try:
            found = references(text)
        except ConfigError as error:
            subject.say(Severity.ERROR, path, error.message, error.hint, "unresolved-variable")
            continue
        if found and path not in _PASSWORDS:
            if not any(p.key == ".".join(path) for p in subject.document.problems.found):
                message = "variables are resolved in passwords only"
                subject.say(Severity.ERROR, path, message, "write the value itself", "unresolved-variable")
            continue
        for reference in found:
            if reference.name not in seen and not reference.has_default:
                seen.add(reference.name)
                severity, message, todo = _judge(subject, reference.name, process)
                if message:
                    subject.say(severity, path, message, todo, "unresolved-variable")
    for manifest in subject.manifests:
        if manifest.kind == "Secret":
            look = Look(manifest, subject.findings, subject.name)
            for key, text in fill_templates(manifest.object).items():
                in_data = key in (manifest.object.get("stringData") or {})
                place = ("stringData", key) if in_data else ("metadata", "annotations", FILL + key)
                _fill_text(subject, look, place, text, seen, process)


def _fill_text(
    subject: Subject, look: Look, place: tuple[str, ...], text: str, seen: set[str], process: Map[str, str]
) -> None:
    try:
        found = references(text)
    except ConfigError as error:
        look.error(place, error.message, error.hint, "unresolved-variable")
        return
    for reference in found:
        if reference.name not in seen and not reference.has_default:
            seen.add(reference.name)
            severity, message, todo = _judge(subject, reference.name, process)
            if message:
                look.say(severity, place, message, todo, "unresolved-variable")


def _judge(subject: Subject, name: str, process: Map[str, str]) -> tuple[Severity, str, str]:
    """How bad it is that nothing defines a variable; message "" when something does."""
    file = subject.secrets
    if subject.secrets_unreadable or (file is not None and any(p.key == name for p in file.problems)):
        return Severity.INFO, "", ""  # Said already.
    if file is not None and name in file.values:
        if file.values[name]:
            return Severity.INFO, "", ""
        return Severity.ERROR, f"${{{name}}} is empty in {subject.secrets_file}", "give it a value there"
    if process.get(name):
        return Severity.INFO, "", ""
    todo = f"add {name}=… to {subject.secrets_file} (chmod 600)"
    if file is not None:
        where = f"it is neither in {subject.secrets_file} nor in the process environment"
        return Severity.ERROR, f"${{{name}}} resolves to nothing: {where}", todo
    # Without a secrets file (a fresh clone) the cluster's Secret may still hold it, if it has such a key.
    held = set(SECRET_KEYS)
    for manifest in subject.manifests:
        if manifest.kind == "Secret":
            held |= set(fill_templates(manifest.object)) | set(manifest.object.get("data") or {})
    if held & set(cluster_keys(name)):
        message = f"${{{name}}} resolves to nothing here ({subject.secrets_file} is missing): only the cluster's Secret"
        return Severity.WARNING, f"{message} can supply it", todo
    nowhere = f"there is no {subject.secrets_file}, no such process variable, and no such key in the Kubernetes Secret"
    return Severity.ERROR, f"${{{name}}} resolves to nothing: {nowhere}", todo


def _texts(node: Node | None, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, Scalar):
        if "${" in node.text:
            yield path, node.text
    elif isinstance(node, Mapping):
        for key, item in node.entries.items():
            yield from _texts(item, (*path, key))
    elif node is not None:
        for index, item in enumerate(node.items):
            yield from _texts(item, (*path[:-1], f"{path[-1] if path else ''}[{index}]"))


def check_manifest_secrets(
    subject: Subject, environment: Environment, severity: Severity | None, localhost: Severity | None
) -> None:
    """Plaintext secrets (``severity`` says how bad outside Secrets) and localhost in manifests; None to ignore."""
    dev = environment.type is EnvironmentType.DEV
    for manifest in subject.manifests:
        look = Look(manifest, subject.findings, subject.name)
        if manifest.kind == "Secret" and not dev:
            _committed_values(subject, look)
        for path, key, text in _plain_values(manifest):
            if "${" in text:
                message = "`${` is applied as it stands: only Secrets are filled"
                look.error(path, message, "write the value, or read it from the Secret", "unresolved-variable")
                continue
            if dev:
                continue
            if localhost is not None and checks.names_loopback(text):
                message = "names this machine: hard-coded localhost outside development"
                look.say(localhost, path, message, "name the server by its DNS name", "hardcoded-localhost")
            named = _SENSITIVE.search(key) and not _HARMLESS.search(key)
            if severity is not None and text and (named or _USERINFO.search(text)):
                message = "is a plaintext secret outside a Secret"
                todo = "move it to the Secret and read it with secretKeyRef"
                look.say(severity, path, message, todo, "kubernetes-secrets")


def _committed_values(subject: Subject, look: Look) -> None:
    secret = look.manifest.object
    for part in ("data", "stringData"):
        for key, text in (secret.get(part) or {}).items():
            if isinstance(text, str) and text and "${" not in text:
                message = "is a secret committed with its value (base64 hides nothing)"
                todo = f"remove it, put it in {subject.secrets_file}, annotate {FILL}{key}, and change the secret"
                look.error((part, key), message, todo, "plaintext-secret")
    annotations = look.manifest.metadata.get("annotations") or {}
    for key, text in annotations.items():
        if key.startswith(FILL) and isinstance(text, str) and text:
            literal = "${" not in text or re.search(r"\$\{[A-Za-z0-9_]+:-[^}]", text)
            if literal:
                message = "is a plaintext secret outside development"
                todo = f'write "${{{key.removeprefix(FILL).upper()}}}"'
                look.error(("metadata", "annotations", key), message, todo, "plaintext-secret")


def _plain_values(manifest: Manifest) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """(path, key, text) of every plain value that the containers get."""
    if manifest.kind == "ConfigMap":
        data = manifest.object.get("data")
        for key, text in (data if isinstance(data, dict) else {}).items():
            if isinstance(text, str):
                yield ("data", key), key, text
    if manifest.kind != "Deployment":
        return
    for part in ("initContainers", "containers"):
        for index, container in enumerate(manifest.pod.get(part) or []):
            for place, variable in enumerate(container.get("env") or []):
                text = variable.get("value")
                if isinstance(text, str):
                    path = ("spec", "template", "spec", part, index, "env", place, "value")
                    yield path, str(variable.get("name")), text
