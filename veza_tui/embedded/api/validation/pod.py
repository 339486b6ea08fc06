"""Pods and pod templates (source: pkg/apis/core/validation)."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.api.validation.base import Problems
from veza_tui.embedded.api.validation.container import containers
from veza_tui.embedded.api.validation.meta import labels

JSONObject = dict[str, Any]
RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)"
)


def pod_spec(problems: Problems, spec: JSONObject, path: str) -> None:
    """A PodSpec."""
    volumes = _volumes(problems, spec.get("volumes") or (), f"{path}.volumes")
    names: set[str] = set()
    if not spec.get("containers"):
        problems.required(f"{path}.containers")
    containers(problems, spec.get("containers"), f"{path}.containers", volumes, names, init=False)
    containers(problems, spec.get("initContainers"), f"{path}.initContainers", volumes, names, init=True)
    containers(problems, spec.get("ephemeralContainers"), f"{path}.ephemeralContainers", volumes, names, init=False)
    policy = spec.get("restartPolicy")
    problems.choice(f"{path}.restartPolicy", policy, RESTART_POLICIES)
    problems.choice(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    labels(problems, spec.get("nodeSelector"), f"{path}.nodeSelector")
    for key in ("serviceAccountName", "nodeName", "priorityClassName"):
        if spec.get(key):
            problems.subdomain(f"{path}.{key}", spec[key])
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            problems.label(f"{path}.{key}", spec[key])
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2**31 - 1:
        problems.invalid(f"{path}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive")
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        _toleration(problems, toleration, f"{path}.tolerations[{index}]")


def _toleration(problems: Problems, value: JSONObject, path: str) -> None:
    operator = value.get("operator", "Equal")
    if not value.get("key") and operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        problems.invalid(f"{path}.operator", value.get("operator", ""), text)
    if operator not in ("Equal", "Exists"):
        problems.unsupported(f"{path}.operator", operator, ("Equal", "Exists"))
    if operator == "Exists" and value.get("value"):
        problems.invalid(f"{path}.operator", value["value"], "value must be empty when `operator` is 'Exists'")
    effects = ("NoSchedule", "PreferNoSchedule", "NoExecute")
    if value.get("effect"):
        problems.choice(f"{path}.effect", value["effect"], effects)


def _volumes(problems: Problems, items: Any, path: str) -> set[str]:
    names: set[str] = set()
    for index, volume in enumerate(items):
        where, name = f"{path}[{index}]", volume.get("name", "")
        sources = [k for k in volume if k != "name"]
        for source in sources[1:]:
            problems.forbidden(f"{where}.{source}", "may not specify more than 1 volume type")
        needs = {"configMap": "name", "secret": "secretName", "persistentVolumeClaim": "claimName", "hostPath": "path"}
        for source, key in needs.items():
            if isinstance(volume.get(source), dict) and not volume[source].get(key):
                problems.required(f"{where}.{source}.{key}")
        if not name:
            problems.required(f"{where}.name")
        else:
            problems.label(f"{where}.name", name)
        if name in names and name:
            problems.duplicate(f"{where}.name", name)
        names.add(name)
    return names


def pod_update(problems: Problems, spec: JSONObject, old: JSONObject, subresource: str = "") -> None:
    """Only images, deadlines, added tolerations and removed scheduling gates may change."""
    for name in ("containers", "initContainers"):
        if len(spec.get(name) or ()) != len(old.get(name) or ()):
            problems.forbidden(f"spec.{name}", "pod updates may not add or remove containers")
            return
    munged = clone(spec)
    for name in ("containers", "initContainers"):
        for new, before in zip(munged.get(name) or (), old.get(name) or (), strict=True):
            new["image"] = before.get("image")
    for key in ("activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers", "nodeName"):
        if key in old and not (key == "nodeName" and subresource != "binding"):
            munged[key] = old[key]
        elif key != "nodeName" or subresource == "binding":
            munged.pop(key, None)
    before = [t for t in old.get("tolerations") or () if t not in (spec.get("tolerations") or ())]
    if before:
        problems.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
    if munged != {k: v for k, v in old.items() if k not in ("nodeName",) or "nodeName" in munged}:
        changed = sorted(k for k in {*munged, *old} if munged.get(k) != old.get(k))
        text = f"pod updates may not change fields other than {_CHANGEABLE}\nchanged: {', '.join(changed)}"
        problems.forbidden("spec", text)
