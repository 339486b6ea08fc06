"""Which colour of a blue-green environment gets the requests: what its Services select says it. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from veza_tui.feeds.fields import mapping, strings, text
from veza_tui.feeds.rollouts import Deployment
from veza_tui.model.colours import family
from veza_tui.model.workload import RolloutRow


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A Service, and which pods it sends requests to."""

    name: str
    selector: Mapping[str, str]


def project_service(obj: Mapping[str, Any]) -> ServiceRow:
    """The row of a raw Service."""
    return ServiceRow(text(mapping(obj.get("metadata")).get("name")), strings(mapping(obj.get("spec")).get("selector")))


def with_live(
    rows: Iterable[RolloutRow], deployments: Iterable[Deployment], services: Iterable[ServiceRow]
) -> tuple[RolloutRow, ...]:
    """``rows`` where each Deployment that has colours beside it says whether the Service of its family selects it."""
    rows = tuple(rows)
    selectors = {s.name: s.selector for s in services if s.selector}
    labels = {d.uid: d.labels for d in deployments}
    coloured = {family(r.name) for r in rows if r.name != family(r.name)} & selectors.keys()

    def selected(row: RolloutRow) -> bool:
        return selectors[family(row.name)].items() <= labels.get(row.uid, {}).items()

    return tuple(replace(r, live=selected(r)) if family(r.name) in coloured else r for r in rows)
