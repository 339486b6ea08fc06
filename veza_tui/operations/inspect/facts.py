"""What one environment runs, as facts that can be compared: image, replicas, resources, variables of each service."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects, text
from veza_tui.feeds.inspect.quantity import quantity
from veza_tui.model.colours import variant_names
from veza_tui.model.environment import Environment
from veza_tui.model.text import printable
from veza_tui.operations.deploy.live import live_deployments
from veza_tui.ports.cluster import AUTOSCALERS, CONFIG_MAPS, DEPLOYMENTS, SECRETS, Cluster, ClusterError

Raw = Mapping[str, Any]
GROUPS = ("image", "replicas", "resources", "variables")
_SECRET_NAME = re.compile(r"(?i)passw|passwd|secret|token|credential|private_?key|api_?key|access_?key")
_USERINFO = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]*(?=@)")


@dataclass(frozen=True, slots=True)
class Fact:
    """One value. ``identity`` decides whether two are equal; ``shown`` never holds a secret."""

    identity: str = field(repr=False)
    shown: str
    secret: bool = False
    known: bool = True
    """False where it may not be read: neither equal nor different."""


Key = tuple[str, str, str]
"""(service, group, name)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One environment's; ``problem`` says why there are none, or what could not be read."""

    environment: str
    values: Mapping[Key, Fact]
    problem: str = ""
    reached: bool = True


async def gather(cluster: Cluster, environment: Environment, salt: bytes) -> Facts:
    """Read an environment; four lists and a look at each Service. A cluster that does not answer is a problem.

    ``salt`` is random for each comparison: digests of secrets mean nothing outside of it.
    """
    namespace = environment.kubernetes.namespace
    try:
        names = await live_deployments(cluster, environment)
        deployments = {_name(o): o for o in await cluster.list_all(DEPLOYMENTS, namespace)}
        configs = {_name(o): mapping(o.get("data")) for o in await cluster.list_all(CONFIG_MAPS, namespace)}
    except ClusterError as error:
        return Facts(environment.name, {}, printable(str(error), limit=300), reached=False)
    problem = ""
    secrets: dict[str, Raw] | None = None
    try:
        secrets = {_name(o): mapping(o.get("data")) for o in await cluster.list_all(SECRETS, namespace)}
    except ClusterError as error:
        problem = f"secrets cannot be compared: {printable(error.message, limit=200)}"
    scales: dict[str, Raw] = {}
    try:
        for scale in await cluster.list_all(AUTOSCALERS, namespace):
            scales[text(mapping(mapping(scale.get("spec")).get("scaleTargetRef")).get("name"))] = scale
    except ClusterError as error:
        problem = problem or f"autoscalers cannot be compared: {printable(error.message, limit=200)}"
    reader = _Reader(configs, secrets, salt)
    values: dict[Key, Fact] = {}
    for service, deployment in names.items():
        if deployment in deployments:
            values |= reader.service(service, deployments[deployment], scales.get(deployment))
    # What runs beside the platform's services; kept colours of a blue-green deploy are the same service.
    ours = {name for s in environment.services for name in variant_names(s.deployment)}
    for name, obj in deployments.items():
        if name not in ours:
            values |= reader.service(name, obj, scales.get(name))
    return Facts(environment.name, values, problem)


class _Reader:
    def __init__(self, configs: Mapping[str, Raw], secrets: Mapping[str, Raw] | None, salt: bytes) -> None:
        self._configs = configs
        self._secrets = secrets
        self._salt = salt

    def service(self, service: str, deployment: Raw, scale: Raw | None) -> dict[Key, Fact]:
        return dict(self._facts(service, deployment, scale))

    def _facts(self, service: str, deployment: Raw, scale: Raw | None) -> Iterator[tuple[Key, Fact]]:
        spec = mapping(deployment.get("spec"))
        pod = mapping(mapping(spec.get("template")).get("spec"))
        count = integer(spec.get("replicas"), 1)
        yield (service, "replicas", "replicas"), plain(str(count))
        yield (service, "replicas", "autoscaling"), plain(_scale(scale))
        for i, container in enumerate(objects(pod.get("containers"))):
            # The first container is the service itself; others carry their name.
            prefix = "" if i == 0 else f"{text(container.get('name'))}: "
            yield (service, "image", f"{prefix}image"), plain(text(container.get("image")))
            amounts = mapping(container.get("resources"))
            for part in ("requests", "limits"):
                for name in sorted({"cpu", "memory", *mapping(amounts.get(part))}):
                    value = mapping(amounts.get(part)).get(name)
                    yield (service, "resources", f"{prefix}{part}.{name}"), amount(value)
            for name, fact in self._variables(container):
                yield (service, "variables", f"{prefix}{name}"), fact

    def _variables(self, container: Raw) -> Iterable[tuple[str, Fact]]:
        found: dict[str, Fact] = {}
        for source in objects(container.get("envFrom")):
            prefix = text(source.get("prefix"))
            if source.get("configMapRef") is not None:
                data = self._configs.get(text(mapping(source["configMapRef"]).get("name")), {})
                found |= {f"{prefix}{k}": self._value(f"{prefix}{k}", text(v)) for k, v in data.items()}
            elif source.get("secretRef") is not None:
                name = text(mapping(source["secretRef"]).get("name"))
                if self._secrets is None:
                    found[f"{prefix}* of Secret {name}"] = Fact("", "may not be read", secret=True, known=False)
                else:
                    data = self._secrets.get(name, {})
                    found |= {f"{prefix}{k}": self._secret(text(v)) for k, v in data.items()}
        for one in objects(container.get("env")):
            name = text(one.get("name"))
            found[name] = self._one(name, one)
        return found.items()

    def _one(self, name: str, variable: Raw) -> Fact:
        source = mapping(variable.get("valueFrom"))
        if variable.get("valueFrom") is None:
            return self._value(name, text(variable.get("value")))
        for key in ("configMapKeyRef", "secretKeyRef"):
            if source.get(key) is None:
                continue
            ref = mapping(source[key])
            holder, item = text(ref.get("name")), text(ref.get("key"))
            if key == "secretKeyRef":
                if self._secrets is None:
                    return Fact("", "may not be read", secret=True, known=False)
                found = self._secrets.get(holder, {}).get(item)
                return plain(f"no key {item} in Secret {holder}") if found is None else self._secret(text(found))
            found = self._configs.get(holder, {}).get(item)
            return plain(f"no key {item} in ConfigMap {holder}") if found is None else self._value(name, text(found))
        for key, inner in (("fieldRef", "fieldPath"), ("resourceFieldRef", "resource")):
            if source.get(key) is not None:
                return plain(f"from the pod's {text(mapping(source[key]).get(inner))}")
        return plain("")

    def _value(self, name: str, value: str) -> Fact:
        """A plain variable, unless its name says that it is a secret after all."""
        if _SECRET_NAME.search(name) and value:
            return self._secret_text(value.encode())
        return Fact(value, printable(_USERINFO.sub(r"\1:•••", value), limit=300))

    def _secret(self, encoded: str) -> Fact:
        return self._secret_text(encoded.encode())

    def _secret_text(self, value: bytes) -> Fact:
        return Fact(hmac.new(self._salt, value, hashlib.sha256).hexdigest(), "secret", secret=True)


def plain(value: str) -> Fact:
    """A value that may be shown."""
    return Fact(value, printable(value, limit=300))


def amount(value: Any) -> Fact:
    """A quantity: 1000m equals 1."""
    shown = text(value)
    exact = quantity(shown)
    return Fact(shown if exact is None else str(exact), printable(shown, limit=40) or "none")


def _scale(scale: Raw | None) -> str:
    if scale is None:
        return "none"
    spec = mapping(scale.get("spec"))
    aim = ""
    for metric in objects(spec.get("metrics")):
        resource = mapping(metric.get("resource"))
        target = mapping(resource.get("target")).get("averageUtilization")
        if resource.get("name") == "cpu" and target is not None:
            aim = f" at {target}% cpu"
    return f"{integer(spec.get('minReplicas'), 1)}-{integer(spec.get('maxReplicas'))}{aim}"


def _name(obj: Raw) -> str:
    return text(mapping(obj.get("metadata")).get("name"))
