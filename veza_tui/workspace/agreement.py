"""Whether the manifests of k8s/ENV/ say what environments/ENV.yaml says."""

from __future__ import annotations

from typing import Any

from veza_tui.model.environment import Environment, Service
from veza_tui.model.finding import Severity
from veza_tui.workspace.checks import quantity_value
from veza_tui.workspace.expected import expected_config
from veza_tui.workspace.findings import Look, Path
from veza_tui.workspace.kubeschema import fields
from veza_tui.workspace.manifests import CLUSTER_SCOPED, Manifest, fill_templates
from veza_tui.workspace.pitfalls import SECRET_KEYS
from veza_tui.workspace.subject import Subject

RULE = "manifest-disagrees"


def check_agreement(subject: Subject, environment: Environment) -> None:
    """Namespace, replicas, ports, resources, autoscalers, variables, references."""
    _namespace(subject, environment)
    for service in environment.services:
        _service(subject, environment, service)
    _config(subject, environment)
    _secret(subject, environment)


def _look(subject: Subject, manifest: Manifest) -> Look:
    return Look(manifest, subject.findings, subject.name)


def _namespace(subject: Subject, environment: Environment) -> None:
    wanted = environment.kubernetes.namespace
    for manifest in subject.manifests:
        look = _look(subject, manifest)
        if manifest.kind == "Namespace" and manifest.name != wanted:
            message = f"the environment's namespace is {wanted}"
            look.error(("metadata", "name"), message, f"write name: {wanted}", RULE)
        elif manifest.kind not in CLUSTER_SCOPED and manifest.namespace not in ("", wanted):
            message = f"is in namespace {manifest.namespace}, the environment is in {wanted}"
            # Other kinds (a ServiceMonitor, a RoleBinding) may live elsewhere on purpose.
            ours = f"{manifest.api_version}/{manifest.kind}" in fields()["kinds"]
            severity = Severity.ERROR if ours else Severity.WARNING
            look.say(severity, ("metadata", "namespace"), message, f"write namespace: {wanted}", RULE)
        elif manifest.kind not in CLUSTER_SCOPED and not manifest.namespace:
            message = "has no namespace: kubectl apply by hand puts it in the context's own"
            look.warning(("metadata", "namespace"), message, f"write namespace: {wanted}", RULE)
    if subject.missing("Namespace", wanted) and not any(m.kind == "Namespace" for m in subject.manifests):
        message = f"no Namespace {wanted}: the first deploy would fail"
        subject.say_folder(Severity.WARNING, f"Namespace/{wanted}", message, "add it", RULE)


def _service(subject: Subject, environment: Environment, service: Service) -> None:
    deployment = subject.find("Deployment", service.deployment)
    if deployment is None:
        if subject.missing("Deployment", service.deployment):
            message = f"no Deployment {service.deployment} for {service.key}"
            todo = f"add it to {subject.folder}/, or name it in data.services.{service.key}.deployment"
            subject.say_folder(Severity.ERROR, f"Deployment/{service.deployment}", message, todo, RULE)
        return
    look = _look(subject, deployment)
    autoscaler = _autoscaler(subject, service)
    _replicas(look, service, autoscaler is not None)
    index, container = _container(deployment, service)
    if container is not None:
        path: Path = ("spec", "template", "spec", "containers", index)
        _port(look, service, container, path)
        _resources(look, service, container, path)
        _references(subject, look, container, path)
    _network(subject, environment, service, deployment, container or {})
    name = service.deployment
    if environment.production and subject.manifests_read and not _budgets(subject, deployment):
        message = "no PodDisruptionBudget: a node drain may take every pod at once"
        subject.say_folder(Severity.WARNING, f"PodDisruptionBudget/{name}", message, "add one", RULE)


def _container(deployment: Manifest, service: Service) -> tuple[int, dict[str, Any] | None]:
    containers = deployment.pod.get("containers") or []
    for index, container in enumerate(containers):
        if container.get("name") in (service.name, service.deployment):
            return index, container
    return 0, containers[0] if containers else None


def _autoscaler(subject: Subject, service: Service) -> Manifest | None:
    """The autoscaler of the service's Deployment, compared with the file."""
    found = None
    for manifest in subject.manifests:
        target = (manifest.object.get("spec") or {}).get("scaleTargetRef") or {}
        if manifest.kind == "HorizontalPodAutoscaler" and target.get("name") == service.deployment:
            found = manifest
    bounds = service.autoscaling
    if found is None:
        wrong = any(kind == "HorizontalPodAutoscaler" for kind, _ in subject.unsound)
        if bounds is not None and subject.manifests_read and not wrong:
            message = f"{service.key} has autoscaling, but nothing scales Deployment {service.deployment}"
            key = f"HorizontalPodAutoscaler/{service.deployment}"
            subject.say_folder(Severity.ERROR, key, message, "add a HorizontalPodAutoscaler", RULE)
        return None
    look = _look(subject, found)
    if bounds is None:
        message = f"{service.key} has no autoscaling in {subject.document.file}"
        look.error((), message, "remove this object, or add autoscaling there", RULE)
        return found
    spec = found.object["spec"]
    _equal(look, ("spec", "minReplicas"), spec.get("minReplicas", 1), bounds.min_replicas, subject.document.file)
    _equal(look, ("spec", "maxReplicas"), spec.get("maxReplicas"), bounds.max_replicas, subject.document.file)
    for index, metric in enumerate(spec.get("metrics") or []):
        resource = metric.get("resource") or {}
        if resource.get("name") == "cpu":
            used = (resource.get("target") or {}).get("averageUtilization")
            path: Path = ("spec", "metrics", index, "resource", "target", "averageUtilization")
            _equal(look, path, used, bounds.target_cpu_utilization, subject.document.file)
            break
    else:
        message = f"has no CPU target; {subject.document.file} says {bounds.target_cpu_utilization} percent"
        look.error(("spec", "metrics"), message, "add a Resource metric for cpu", RULE)
    return found


def _equal(look: Look, path: Path, said: Any, wanted: int, file: str) -> None:
    if said != wanted:
        what = "is missing" if said is None else f"is {said}"
        look.error(path, f"{what}, {file} says {wanted}", f"write {wanted}, or change {file}", RULE)


def _replicas(look: Look, service: Service, scaled: bool) -> None:
    said = look.manifest.object["spec"].get("replicas")
    path: Path = ("spec", "replicas")
    if scaled:
        if said is not None and said != service.replicas:
            message = f"is {said}, the environment file says {service.replicas}, and an autoscaler owns it"
            look.error(path, message, "remove replicas: the autoscaler sets them", RULE)
        elif said is not None:
            message = "fights the autoscaler: each apply sets the replicas back"
            look.warning(path, message, "remove replicas: the autoscaler sets them", RULE)
        return
    if service.autoscaling is not None and said is None:
        return  # Said already: its autoscaler is missing.
    if (1 if said is None else said) != service.replicas:
        what = "is missing (so 1)" if said is None else f"is {said}"
        message = f"{what}, the environment file says {service.replicas}"
        look.error(path, message, f"write replicas: {service.replicas}, or change the environment file", RULE)


def _port(look: Look, service: Service, container: dict[str, Any], path: Path) -> None:
    ports = [p.get("containerPort") for p in container.get("ports") or []]
    if service.port not in ports:
        said = ", ".join(map(str, ports)) or "none"
        message = f"containerPort is {said}, the environment file says {service.port}"
        where = (*path, "ports", 0, "containerPort") if ports else path
        look.error(where, message, f"write containerPort: {service.port}", RULE)
    for index, variable in enumerate(container.get("env") or []):
        if variable.get("name") == "PORT" and variable.get("value") not in (None, str(service.port)):
            message = f"PORT is {variable['value']}, the environment file says {service.port}"
            look.error((*path, "env", index, "value"), message, f'write "{service.port}"', RULE)


def _resources(look: Look, service: Service, container: dict[str, Any], path: Path) -> None:
    resources = container.get("resources") or {}
    for part in ("requests", "limits"):
        for name, wanted in (("cpu", service.resources.cpu), ("memory", service.resources.memory)):
            said = (resources.get(part) or {}).get(name)
            if said is None or quantity_value(str(said)) != quantity_value(wanted):
                what = "is missing" if said is None else f"is {said}"
                message = f"{what}, the environment file says {wanted}"
                look.error((*path, "resources", part, name), message, f"write {name}: {wanted}", RULE)


def _references(subject: Subject, look: Look, container: dict[str, Any], path: Path) -> None:
    """ConfigMaps and Secrets that the container reads must be among the manifests."""
    used: list[tuple[Path, str, str, str]] = []
    for index, source in enumerate(container.get("envFrom") or []):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            reference = source.get(key) or {}
            if reference.get("name") and not reference.get("optional"):
                used.append(((*path, "envFrom", index, key, "name"), kind, reference["name"], ""))
    for index, variable in enumerate(container.get("env") or []):
        for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            reference = (variable.get("valueFrom") or {}).get(key) or {}
            if reference.get("name") and not reference.get("optional"):
                where: Path = (*path, "env", index, "valueFrom", key, "key")
                used.append((where, kind, reference["name"], reference.get("key") or ""))
    for where, kind, name, key in used:
        target = subject.find(kind, name)
        if target is None:
            if subject.missing(kind, name):
                message = f"{kind} {name} is not among the manifests"
                look.warning(where, message, "correct the name, or add it; else the pods wait for it", RULE)
        elif key and key not in _keys(target):
            look.error(where, f"{kind} {name} has no key {key}", "correct the key, or add it", RULE)


def _keys(manifest: Manifest) -> set[str]:
    found = set(fill_templates(manifest.object)) if manifest.kind == "Secret" else set()
    for part in ("data", "stringData", "binaryData"):
        found |= set(manifest.object.get(part) or {})
    return found


def _network(
    subject: Subject, environment: Environment, service: Service, deployment: Manifest, container: dict[str, Any]
) -> None:
    found = subject.find("Service", service.name)
    if found is None:
        if subject.missing("Service", service.name):
            message = f"no Service {service.name} for {service.key}"
            subject.say_folder(Severity.ERROR, f"Service/{service.name}", message, "add it", RULE)
        return
    look = _look(subject, found)
    spec = found.object.get("spec") or {}
    ports = spec.get("ports") or []
    match = next((i for i, p in enumerate(ports) if p.get("port") == service.port), None)
    if match is None:
        said = ", ".join(str(p.get("port")) for p in ports) or "none"
        message = f"port is {said}, the environment file says {service.port}"
        look.error(("spec", "ports", 0, "port"), message, f"write port: {service.port}", RULE)
    else:
        target = ports[match].get("targetPort", service.port)
        names = {p.get("name"): p.get("containerPort") for p in container.get("ports") or []}
        reached = names.get(target) if isinstance(target, str) else target
        if reached != service.port:
            message = f"targetPort {target} does not lead to the container's port {service.port}"
            look.error(("spec", "ports", match, "targetPort"), message, "name the container's port", RULE)
    labels = deployment.pod_labels
    selector = spec.get("selector") or {}
    if not selector or any(labels.get(key) != value for key, value in selector.items()):
        message = f"selects no pod of Deployment {deployment.name}"
        look.error(("spec", "selector"), message, "use labels of the Deployment's template", RULE)


def _budgets(subject: Subject, deployment: Manifest) -> bool:
    labels = deployment.pod_labels
    for manifest in subject.manifests:
        if manifest.kind == "PodDisruptionBudget":
            match = ((manifest.object.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
            if match and all(labels.get(key) == value for key, value in match.items()):
                return True
    return any(kind == "PodDisruptionBudget" for kind, _ in subject.unsound)


def _config(subject: Subject, environment: Environment) -> None:
    name = f"veza-{environment.name}-config"
    config = subject.find("ConfigMap", name)
    if config is None:
        if subject.missing("ConfigMap", name):
            message = f"no ConfigMap {name}"
            subject.say_folder(Severity.WARNING, f"ConfigMap/{name}", message, "add it, flat", RULE)
        return
    look = _look(subject, config)
    data = config.object.get("data") or {}
    for key, wanted in expected_config(environment).items():
        if key not in data:
            message = f"is missing; the environment file says {wanted}"
            look.warning(("data", key), message, f'add {key}: "{wanted}"', RULE)
        elif data[key] != wanted:
            message = f"is {data[key]!r}, the environment file says {wanted!r}"
            look.error(("data", key), message, f'write "{wanted}", or change the environment file', RULE)


def _secret(subject: Subject, environment: Environment) -> None:
    name = f"veza-{environment.name}-secrets"
    secret = subject.find("Secret", name)
    if secret is None:
        if subject.missing("Secret", name):
            message = f"no Secret {name}"
            todo = "add a frame whose annotations fill.veza.com/KEY name the variables"
            subject.say_folder(Severity.WARNING, f"Secret/{name}", message, todo, RULE)
        return
    look = _look(subject, secret)
    for key in SECRET_KEYS:
        if key not in _keys(secret):
            todo = f'add the annotation fill.veza.com/{key}: "${{{key.upper()}}}"'
            look.warning(("metadata", "annotations"), f"nothing fills the key {key}", todo, RULE)
