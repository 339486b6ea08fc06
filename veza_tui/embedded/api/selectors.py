"""Label and field selectors (source: apimachinery's labels.Parse and fields.ParseSelector)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from veza_tui.embedded.api.errors import bad_request
from veza_tui.embedded.api.meta import dig

JSONObject = dict[str, Any]
Matcher = Callable[[JSONObject], bool]
_TOKEN = re.compile(r"\s*(==|!=|=|<|>|!|\(|\)|,|[^\s=!<>(),]+)")
_NAME = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
_NAME_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
Requirement = tuple[str, str, frozenset[str]]
"""(key, operator, values); operators: in, notin, exists, !, gt, lt."""


def parse_labels(text: str) -> list[Requirement]:
    """The requirements of ``a=b,c in (d,e),!f``; raises ApiError 400."""
    tokens: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise bad_request(f"unable to parse requirement: found '{text[at:]}'")
        tokens.append(match[1])
        at = match.end()
    out: list[Requirement] = []
    while tokens:
        out.append(_requirement(tokens))
        if tokens and tokens.pop(0) != ",":
            raise bad_request("unable to parse requirement: found another token, expected: ',' or 'end of string'")
    return out


def _requirement(tokens: list[str]) -> Requirement:
    negated = tokens[0] == "!"
    if negated:
        tokens.pop(0)
    key = tokens.pop(0) if tokens else ""
    if not _NAME.match(key.rpartition("/")[2]):
        raise bad_request(f'unable to parse requirement: <nil>: Invalid value: "{key}": {_NAME_TEXT}')
    if negated or not tokens or tokens[0] == ",":
        return key, "!" if negated else "exists", frozenset()
    operator = tokens.pop(0)
    if operator in ("in", "notin"):
        return key, operator, frozenset(_values(tokens))
    value = tokens.pop(0) if tokens and tokens[0] != "," else ""
    if operator in ("=", "=="):
        return key, "in", frozenset((value,))
    if operator == "!=":
        return key, "notin", frozenset((value,))
    if operator in ("<", ">"):
        return key, "lt" if operator == "<" else "gt", frozenset((value,))
    wanted = "in, notin, =, ==, !=, gt, lt"
    raise bad_request(f"unable to parse requirement: found '{operator}', expected: {wanted}")


def _values(tokens: list[str]) -> list[str]:
    if not tokens or tokens[0] != "(":
        raise bad_request(f"unable to parse requirement: found '{tokens[0] if tokens else ''}' expected: '('")
    tokens.pop(0)
    out: list[str] = []
    while tokens:
        word = tokens.pop(0)
        if word == ")":
            return out or [""]
        if word != ",":
            out.append(word)
    raise bad_request("unable to parse requirement: found '', expected: ',' or ')'")


def labels_match(requirements: list[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether all hold."""
    return all(_holds(r, labels) for r in requirements)


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement
    if operator == "exists":
        return key in labels
    if operator == "!":
        return key not in labels
    if operator == "in":
        return key in labels and labels[key] in values
    if operator == "notin":
        return labels.get(key) not in values
    try:
        mine, bound = int(labels.get(key, "")), int(next(iter(values)))
    except ValueError:
        return False
    return mine > bound if operator == "gt" else mine < bound


def selector_matches(selector: JSONObject | None, labels: Mapping[str, str]) -> bool:
    """A metav1.LabelSelector; None matches nothing, ``{}`` everything."""
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    return all(
        _holds((e["key"], operators.get(e["operator"], "in"), frozenset(e.get("values") or ())), labels)
        for e in selector.get("matchExpressions") or ()
    )


def selector_text(selector: JSONObject | None) -> str:
    """A metav1.LabelSelector as text, as status.selector of Scale and tables have it; ``<none>`` when empty."""
    parts = [f"{k}={v}" for k, v in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for e in (selector or {}).get("matchExpressions") or ():
        values = ",".join(sorted(e.get("values") or ()))
        parts.append({
            "In": f"{e['key']} in ({values})", "NotIn": f"{e['key']} notin ({values})", "Exists": e["key"],
            "DoesNotExist": f"!{e['key']}",
        }.get(e["operator"], e["key"]))  # fmt: skip
    return ",".join(parts) or "<none>"


_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
             "status.phase", "status.podIP", "status.nominatedNodeName"),
    "events": ("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
               "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
               "reportingComponent", "source", "type", "reportingController"),
    "secrets": ("type",), "namespaces": ("status.phase",), "nodes": ("spec.unschedulable",),
    "services": ("spec.clusterIP", "spec.type"), "replicasets.apps": ("status.replicas",),
    "jobs.batch": ("status.successful",),
}  # fmt: skip
_OTHER_PATHS = {"source": ("source", "component"), "reportingController": ("reportingComponent",),
                "status.successful": ("status", "succeeded")}  # fmt: skip


def parse_fields(text: str, key: str) -> Matcher:
    """The matcher of a field selector of one resource; raises ApiError 400 for a field it does not support."""
    rules: list[tuple[tuple[str, ...], bool, str]] = []
    for term in text.split(","):
        if not term.strip():
            continue
        match = re.match(r"^([^=!]+)(==|!=|=)(.*)$", term.strip())
        if match is None:
            raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
        label = match[1]
        label = label.replace("regarding.", "involvedObject.") if key == "events" else label
        if label not in ("metadata.name", "metadata.namespace", *_FIELDS.get(key, ())):
            raise bad_request(f"field label not supported: {label}")
        rules.append((_OTHER_PATHS.get(label, tuple(label.split("."))), match[2] != "!=", match[3]))

    def matches(obj: JSONObject) -> bool:
        return all((_text(dig(obj, *path)) == value) is wanted for path, wanted, value in rules)

    return matches


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def matcher(label_selector: str, field_selector: str, key: str) -> Matcher | None:
    """Both together; None when there is nothing to select by.

    Raises:
        ApiError: 400.
    """
    if not label_selector and not field_selector:
        return None
    requirements = parse_labels(label_selector)
    fields = parse_fields(field_selector, key)

    def matches(obj: JSONObject) -> bool:
        return labels_match(requirements, obj["metadata"].get("labels") or {}) and fields(obj)

    return matches
