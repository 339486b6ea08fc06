"""Blue and green, pure: which colour is live, and the objects of the other one.

A colour's Deployments, autoscalers and budgets carry the colour in their names and in ``app.kubernetes.io/instance``,
so that the live Service (and a plain Deployment from before) never selects the other colour's pods. What their pods
read, ConfigMaps and Secrets, is copied per colour too: the colour that is kept keeps its configuration.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.model.colours import COLOURS, coloured_name

JSONObject = dict[str, Any]

COLOUR = "veza.com/colour"
INSTANCE = "app.kubernetes.io/instance"
PREVIOUS = "veza.com/previous-selector"
"""Annotation on a live Service: the selector before the last switch, for the way back."""
RETIRE = "veza.com/retire-after"
"""Annotation on a Deployment: from when on (RFC 3339) the kept colour may be scaled to zero."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One Service's selectors; ``old`` is None when it is new."""

    service: str
    old: Mapping[str, str] | None
    new: Mapping[str, str]


def live_colour(services: Sequence[JSONObject | None]) -> str:
    """The colour that the live Services select: blue, green, ``plain`` (not coloured yet), ``""`` for no Service."""
    found = {(s.get("spec") or {}).get("selector", {}).get(COLOUR, "plain") for s in services if s is not None}
    if not found:
        return ""
    return str(sorted(found, key=lambda c: c in COLOURS)[-1])


def other_colour(colour: str) -> str:
    """The colour to deploy to."""
    return "green" if colour == "blue" else "blue"


def preview_name(name: str) -> str:
    """The Service through which the new colour is probed."""
    return f"{name}-preview"


def coloured(objects: Sequence[JSONObject], colour: str, live: Mapping[str, JSONObject | None]) -> list[JSONObject]:
    """All objects of ``colour``; ``live`` has the Services as they are now, whose selectors stay.

    Services that no Deployment of ours stands behind, and all other kinds, are as they are.
    """
    deployments = [o for o in objects if o.get("kind") == "Deployment"]
    read = _read_by(deployments)
    out: list[JSONObject] = []
    for obj in objects:
        kind, name = obj.get("kind"), obj["metadata"]["name"]
        if (kind, name) in read:
            out.append(_renamed(obj, colour))
        elif kind == "Deployment":
            out.append(_deployment(obj, colour, read))
        elif kind == "HorizontalPodAutoscaler" and _scales(obj, deployments):
            scaled = _renamed(obj, colour)
            scaled["spec"]["scaleTargetRef"]["name"] = coloured_name(obj["spec"]["scaleTargetRef"]["name"], colour)
            out.append(scaled)
        elif kind == "PodDisruptionBudget" and _guards(obj, deployments):
            budget = _renamed(obj, colour)
            _colour_labels(budget["spec"]["selector"]["matchLabels"], colour)
            out.append(budget)
        elif kind == "Service" and selected(obj, deployments):
            out += _services(obj, colour, live.get(name))
        else:
            out.append(obj)
    return out


def beside(objects: Sequence[JSONObject], colour: str, live: Mapping[str, JSONObject | None]) -> list[JSONObject]:
    """What can be applied without touching what is live: ``coloured`` without the Services that exist."""
    there = {name for name, now in live.items() if now is not None}
    made = coloured(objects, colour, live)
    return [o for o in made if not (o.get("kind") == "Service" and o["metadata"]["name"] in there)]


def afterwards(
    objects: Sequence[JSONObject], live: Mapping[str, JSONObject | None], *, shared: bool
) -> list[JSONObject]:
    """What is applied after the switch: the live Services' other fields, and, when nobody live or kept reads them
    under these names (``shared``), the ConfigMaps and Secrets that were copied for the colour."""
    deployments = [o for o in objects if o.get("kind") == "Deployment"]
    read = _read_by(deployments)
    out: list[JSONObject] = []
    for obj in objects:
        kind, name = obj.get("kind"), obj["metadata"]["name"]
        now = live.get(name) if kind == "Service" else None
        if now is not None:
            kept = copy.deepcopy(obj)
            kept["spec"]["selector"] = dict((now.get("spec") or {}).get("selector") or {})
            out.append(kept)
        elif shared and (kind, name) in read:
            out.append(obj)
    return out


def switches(objects: Sequence[JSONObject], colour: str, live: Mapping[str, JSONObject | None]) -> list[Switch]:
    """What the switch does to each Service."""
    deployments = [o for o in objects if o.get("kind") == "Deployment"]
    found = []
    for obj in objects:
        if obj.get("kind") == "Service" and selected(obj, deployments):
            now = live.get(obj["metadata"]["name"])
            new = dict(obj["spec"]["selector"])
            _colour_labels(new, colour)
            old = dict((now.get("spec") or {}).get("selector") or {}) if now else None
            found.append(Switch(obj["metadata"]["name"], old, new))
    return found


def selected(service: JSONObject, deployments: Sequence[JSONObject]) -> str:
    """Name of the Deployment whose pods the Service selects, empty for none of ours."""
    selector = (service.get("spec") or {}).get("selector") or {}
    for deployment in deployments:
        labels = deployment["spec"]["template"]["metadata"].get("labels") or {}
        if selector and all(labels.get(k) == v for k, v in selector.items()):
            return str(deployment["metadata"]["name"])
    return ""


def switch_patch(switch: Switch) -> JSONObject:
    """The merge patch that switches one Service at once; label keys that go are nulled."""
    selector: dict[str, str | None] = {k: None for k in (switch.old or {}) if k not in switch.new}
    selector.update(switch.new)
    patch: JSONObject = {"spec": {"selector": selector}}
    if switch.old is not None and dict(switch.old) != dict(switch.new):
        patch["metadata"] = {"annotations": {PREVIOUS: json.dumps(dict(switch.old), sort_keys=True)}}
    return patch


def previous_selector(service: JSONObject) -> dict[str, str] | None:
    """The selector before the last switch, None when there was none (or somebody damaged the note)."""
    text = ((service.get("metadata") or {}).get("annotations") or {}).get(PREVIOUS)
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    if isinstance(found, dict) and found and all(isinstance(v, str) for v in found.values()):
        return found
    return None


def _deployment(obj: JSONObject, colour: str, read: frozenset[tuple[str, str]]) -> JSONObject:
    made = _renamed(obj, colour)
    spec = made["spec"]
    _colour_labels(spec["selector"].setdefault("matchLabels", {}), colour)
    _colour_labels(spec["template"].setdefault("metadata", {}).setdefault("labels", {}), colour)
    _refer(spec["template"]["spec"], colour, read)
    return made


def _services(obj: JSONObject, colour: str, now: JSONObject | None) -> list[JSONObject]:
    live = copy.deepcopy(obj)
    if now is not None:
        # The switch, and nothing else, changes a live selector.
        live["spec"]["selector"] = dict((now.get("spec") or {}).get("selector") or {})
    else:
        _colour_labels(live["spec"]["selector"], colour)
    preview = copy.deepcopy(obj)
    preview["metadata"]["name"] = preview_name(obj["metadata"]["name"])
    _colour_labels(preview["spec"]["selector"], colour)
    return [live, preview]


def _renamed(obj: JSONObject, colour: str) -> JSONObject:
    made = copy.deepcopy(obj)
    made["metadata"]["name"] = coloured_name(obj["metadata"]["name"], colour)
    made["metadata"].setdefault("labels", {})[COLOUR] = colour
    return made


def _colour_labels(labels: dict[str, str], colour: str) -> None:
    labels[COLOUR] = colour
    if INSTANCE in labels:
        labels[INSTANCE] = f"{labels[INSTANCE]}-{colour}"


def _scales(obj: JSONObject, deployments: Sequence[JSONObject]) -> bool:
    target = (obj.get("spec") or {}).get("scaleTargetRef") or {}
    return target.get("name") in {d["metadata"]["name"] for d in deployments}


def _guards(obj: JSONObject, deployments: Sequence[JSONObject]) -> bool:
    """Whether a budget is about the pods of one of our Deployments."""
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return bool(selected({"spec": {"selector": labels}}, deployments))


def _read_by(deployments: Sequence[JSONObject]) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for deployment in deployments:
        _references(deployment["spec"]["template"]["spec"], lambda kind, holder, key: found.add((kind, holder[key])))
    return frozenset(found)


def _refer(pod: JSONObject, colour: str, read: frozenset[tuple[str, str]]) -> None:
    def rename(kind: str, holder: JSONObject, key: str) -> None:
        if (kind, holder[key]) in read:
            holder[key] = coloured_name(holder[key], colour)

    _references(pod, rename)


def _references(pod: JSONObject, visit: Any) -> None:
    """Calls ``visit(kind, holder, key)`` for every name of a ConfigMap or Secret in a pod's spec."""
    for container in [*pod.get("containers", []), *pod.get("initContainers", [])]:
        for source in container.get("envFrom") or []:
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if source.get(field, {}).get("name"):
                    visit(kind, source[field], "name")
        for variable in container.get("env") or []:
            value_from = variable.get("valueFrom") or {}
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if value_from.get(field, {}).get("name"):
                    visit(kind, value_from[field], "name")
    for volume in pod.get("volumes") or []:
        if volume.get("configMap", {}).get("name"):
            visit("ConfigMap", volume["configMap"], "name")
        if volume.get("secret", {}).get("secretName"):
            visit("Secret", volume["secret"], "secretName")
