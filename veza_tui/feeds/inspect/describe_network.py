"""Services, autoscalers and disruption budgets as ``kubectl describe`` writes them (k8s.io/kubectl 1.34). Pure.

A Service's endpoints are no part of the object and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects, text
from veza_tui.feeds.inspect.related import Related
from veza_tui.feeds.inspect.writer import Writer, join, selector, shown, when

Raw = Mapping[str, Any]


def _named(w: Writer, obj: Raw) -> None:
    meta = mapping(obj.get("metadata"))
    w.pair(0, "Name", meta.get("name"))
    w.pair(0, "Namespace", meta.get("namespace"))


def _labelled(w: Writer, obj: Raw) -> None:
    _named(w, obj)
    meta = mapping(obj.get("metadata"))
    w.labels("Labels", meta.get("labels"))
    w.annotations("Annotations", meta.get("annotations"))


def service(w: Writer, obj: Raw, related: Related, now: float) -> None:
    """A Service."""
    _labelled(w, obj)
    spec = mapping(obj.get("spec"))
    w.pair(0, "Selector", selector({"matchLabels": spec.get("selector")}))
    w.pair(0, "Type", spec.get("type"))
    if spec.get("ipFamilyPolicy"):
        w.pair(0, "IP Family Policy", spec["ipFamilyPolicy"])
    if spec.get("ipFamilies"):
        w.pair(0, "IP Families", join(shown(f) for f in spec["ipFamilies"]))
    w.pair(0, "IP", spec.get("clusterIP"))
    w.pair(0, "IPs", join(shown(ip) for ip in spec.get("clusterIPs") or ()))
    if spec.get("externalName"):
        w.pair(0, "External Name", spec["externalName"])
    ingress = objects(mapping(mapping(obj.get("status")).get("loadBalancer")).get("ingress"))
    if ingress:
        w.pair(0, "LoadBalancer Ingress", join(text(i.get("ip")) or text(i.get("hostname")) for i in ingress))
    for port in objects(spec.get("ports")):
        protocol = text(port.get("protocol"))
        w.pair(0, "Port", port.get("name") or "<unset>", f"{integer(port.get('port'))}/{protocol}")
        w.pair(0, "TargetPort", f"{shown(port.get('targetPort'))}/{protocol}")
        if port.get("nodePort"):
            w.pair(0, "NodePort", port.get("name") or "<unset>", f"{integer(port['nodePort'])}/{protocol}")
    w.pair(0, "Session Affinity", spec.get("sessionAffinity"))
    for title, key in (
        ("External Traffic Policy", "externalTrafficPolicy"),
        ("Internal Traffic Policy", "internalTrafficPolicy"),
    ):
        if spec.get(key):
            w.pair(0, title, spec[key])


def autoscaler(w: Writer, obj: Raw, related: Related, now: float) -> None:
    """A HorizontalPodAutoscaler (autoscaling/v2); metrics other than of resources by their kind alone."""
    _labelled(w, obj)
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    w.pair(0, "CreationTimestamp", when(meta.get("creationTimestamp")))
    target = mapping(spec.get("scaleTargetRef"))
    w.pair(0, "Reference", f"{text(target.get('kind'))}/{text(target.get('name'))}")
    w.row(0, "Metrics:", "( current / target )")
    current = {
        text(mapping(m.get("resource")).get("name")): mapping(mapping(m.get("resource")).get("current"))
        for m in objects(status.get("currentMetrics"))
    }
    for metric in objects(spec.get("metrics")):
        resource = mapping(metric.get("resource"))
        if not resource:
            w.pair(1, f"{text(metric.get('type')).lower()} metric", "see the YAML")
            continue
        name, wanted = text(resource.get("name")), mapping(resource.get("target"))
        found = current.get(name, {})
        if wanted.get("averageUtilization") is not None:
            now_used = found.get("averageUtilization")
            used = "<unknown>" if now_used is None else f"{shown(now_used)}% ({shown(found.get('averageValue'))})"
            w.pair(1, f"resource {name} on pods  (as a percentage of request)",
                   f"{used} / {shown(wanted['averageUtilization'])}%")  # fmt: skip
        else:
            used = shown(found.get("averageValue") or "<unknown>")
            w.pair(1, f"resource {name} on pods", f"{used} / {shown(wanted.get('averageValue'))}")
    w.pair(0, "Min replicas", spec.get("minReplicas") if spec.get("minReplicas") is not None else "<unset>")
    w.pair(0, "Max replicas", spec.get("maxReplicas"))
    have, wants = integer(status.get("currentReplicas")), integer(status.get("desiredReplicas"))
    w.pair(0, f"{text(target.get('kind'))} pods", f"{have} current / {wants} desired")
    conditions = objects(status.get("conditions"))
    if conditions:
        w.title(0, "Conditions")
        w.row(1, "Type", "Status", "Reason", "Message")
        w.row(1, "----", "------", "------", "-------")
        for c in conditions:
            w.row(1, c.get("type"), c.get("status"), c.get("reason"), c.get("message"))


def budget(w: Writer, obj: Raw, related: Related, now: float) -> None:
    """A PodDisruptionBudget."""
    _named(w, obj)
    spec, status = mapping(obj.get("spec")), mapping(obj.get("status"))
    if spec.get("minAvailable") is not None:
        w.pair(0, "Min available", spec["minAvailable"])
    elif spec.get("maxUnavailable") is not None:
        w.pair(0, "Max unavailable", spec["maxUnavailable"])
    w.pair(0, "Selector", selector(spec.get("selector")))
    w.title(0, "Status")
    for title, key in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        w.pair(2, title, integer(status.get(key)))
