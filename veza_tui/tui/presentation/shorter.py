"""What may be left out of a text on a narrow screen, so that what tells it apart is not what is cut. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KINDS = {
    "ConfigMap": "cm", "CronJob": "cj", "Deployment": "deploy", "Endpoints": "ep", "HorizontalPodAutoscaler": "hpa",
    "Ingress": "ing", "Namespace": "ns", "NetworkPolicy": "netpol", "Node": "no", "PersistentVolumeClaim": "pvc",
    "Pod": "pod", "PodDisruptionBudget": "pdb", "ReplicaSet": "rs", "Secret": "secret", "Service": "svc",
    "ServiceAccount": "sa", "StatefulSet": "sts",
}  # fmt: skip
"""Kubernetes' own short names (``kubectl api-resources``); pods and Secrets keep theirs, which are short enough."""
_LOWER = {kind.lower(): short for kind, short in _KINDS.items()}
_LAST_BREAK = re.compile(r"^.*[/:@,_ -]", re.DOTALL)  # no dot: versions stay whole
_FIRST_BREAK = re.compile(r"[/:@.,_ -].*$", re.DOTALL)
_WORTH = 5
"""Cells below which leaving something out saves nothing."""


def short_object(text: str) -> str:
    """``deploy/backend-api`` for ``Deployment/backend-api``; what it does not know stays as it is."""
    kind, slash, name = text.partition("/")
    short = _KINDS.get(kind) or _LOWER.get(kind)
    return f"{short}/{name}" if slash and short else text


def apart(texts: Sequence[str], cells: int, *, ellipsis: str = "…") -> list[str]:
    """Texts without the words that all begin or end with, when one of them is longer than ``cells``.

    ``https://dev.veza.com`` and ``https://api.veza.com`` become ``…dev…`` and ``…api…``; equal texts stay whole.
    """
    several = sorted(set(texts))
    if len(several) < 2 or max(map(len, several)) <= cells:
        return list(texts)
    first = _LAST_BREAK.match(_common(several))
    begin = len(first[0]) if first and len(first[0]) >= _WORTH else 0
    rest = [text[begin:] for text in several]
    last = _FIRST_BREAK.search(_common([text[::-1] for text in rest])[::-1])
    end = len(last[0]) if last and len(last[0]) >= _WORTH else 0
    if any(len(text) <= end for text in rest):
        end = 0
    return [f"{ellipsis if begin else ''}{text[begin : len(text) - end]}{ellipsis if end else ''}" for text in texts]


def _common(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    least, most = min(texts), max(texts)
    same = next((i for i, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), min(len(least), len(most)))
    return least[:same]


_LABEL = re.compile(r'"[^"/]*/([^"]*)"')


def short_path(path: str, *, ellipsis: str = "…") -> str:
    """``spec.selector.…/instance``: a label's domain is the same for all of them."""
    return _LABEL.sub(rf"{ellipsis}/\1", path)
