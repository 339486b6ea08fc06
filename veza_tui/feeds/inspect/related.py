"""What a description needs besides the object: its events, its ReplicaSets, its pods' phases."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.feeds.fields import mapping, objects, text

Raw = Mapping[str, Any]
HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class Related:
    """``events`` None: they may not be read, and the block is left out as kubectl does."""

    events: Sequence[Raw] | None = ()
    replica_sets: Sequence[Raw] = ()
    """Raw ReplicaSets of the namespace."""
    pods: Sequence[Raw] = ()
    """Slim pods: ``owner`` uid and ``phase``."""

    def old_and_new(self, deployment: Raw) -> tuple[list[Raw], list[Raw]]:
        """Its ReplicaSets: the ones of older templates by age, and the one of today's.

        The new one is the oldest whose template equals the Deployment's but for the hash label
        (FindNewReplicaSet of k8s.io/kubectl/pkg/util/deployment).
        """
        uid = text(mapping(deployment.get("metadata")).get("uid"))
        own = [o for o in self.replica_sets if controller(o) == uid]
        wanted = _template(deployment)
        own.sort(key=lambda o: (text(mapping(o.get("metadata")).get("creationTimestamp")), _name(o)))
        new = [o for o in own if _template(o) == wanted][:1]
        return [o for o in own if o not in new], new

    def phases(self, uid: str) -> Counter[str]:
        """How many pods of the controller ``uid`` are in each phase."""
        return Counter(text(p.get("phase")) for p in self.pods if p.get("owner") == uid)


def controller(obj: Raw) -> str:
    """Uid of the object's controller, empty for none."""
    owners = objects(mapping(obj.get("metadata")).get("ownerReferences"))
    return next((text(o.get("uid")) for o in owners if o.get("controller") is True), "")


def slim_pod(obj: Raw) -> dict[str, str]:
    """Owner and phase."""
    return {"owner": controller(obj), "phase": text(mapping(obj.get("status")).get("phase"))}


def _name(obj: Raw) -> str:
    return text(mapping(obj.get("metadata")).get("name"))


def _template(obj: Raw) -> Any:
    template = copy.deepcopy(dict(mapping(mapping(obj.get("spec")).get("template"))))
    labels = mapping(template.get("metadata")).get("labels")
    if isinstance(labels, dict):
        labels.pop(HASH, None)
    if isinstance(template.get("metadata"), dict):
        template["metadata"].pop("creationTimestamp", None)
    return template
