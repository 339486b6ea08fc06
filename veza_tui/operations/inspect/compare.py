"""Environments side by side: one row a field, the ones that differ first. Pure but for ``read_all``."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.exits import Exit
from veza_tui.operations.inspect.facts import GROUPS, Fact, Facts, Key, gather
from veza_tui.ports.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Cell:
    """One environment's value as it may be shown; a secret's says only which others it equals."""

    text: str
    secret: bool = False
    present: bool = True
    known: bool = True


ABSENT = Cell("", present=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One field of one service, or of several that agree on it in every environment."""

    services: tuple[str, ...]
    group: str
    name: str
    cells: tuple[Cell, ...]
    """In the order of the environments."""
    same: bool

    @property
    def key(self) -> str:
        """What stays the same while its values change."""
        return f"{','.join(self.services)} {self.group} {self.name}"

    def users(self, every: int) -> str:
        """Which services it is about; ``every``: how many there are (``Comparison.services``)."""
        return "all services" if len(self.services) == every > 1 else ", ".join(self.services)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything; ``problems`` are (environment, why it is missing or incomplete)."""

    environments: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[tuple[str, str], ...] = ()
    reached: bool = True

    @property
    def services(self) -> int:
        """How many services there are."""
        return len({service for row in self.rows for service in row.services})

    @property
    def different(self) -> int:
        """How many rows differ."""
        return sum(not row.same for row in self.rows)

    @property
    def exit(self) -> Exit:
        """0 all the same, 1 something differs, 3 an environment could not be read."""
        if not self.reached:
            return Exit.UNREACHABLE
        return Exit.FAILED if self.different else Exit.DONE


async def read_all(environments: Sequence[Environment], cluster: Callable[[Environment], Cluster]) -> Comparison:
    """Read them all at once and compare."""
    salt = secrets.token_bytes(32)
    return compare(await asyncio.gather(*(gather(cluster(e), e, salt) for e in environments)))


def compare(found: Sequence[Facts]) -> Comparison:
    """Differences first, then by group and name. An environment that was not reached has no say."""
    reached = [f for f in found if f.reached]
    keys: dict[Key, None] = {}
    for facts in reached:
        keys.update(dict.fromkeys(facts.values))
    services = list(dict.fromkeys(key[0] for key in keys))
    # Services that agree on a field everywhere share its row.
    folded: dict[tuple[Any, ...], tuple[list[str], tuple[Fact | None, ...]]] = {}
    for service in services:
        for key in keys:
            if key[0] == service:
                values = tuple(f.values.get(key) for f in reached)
                identity = tuple(None if v is None else (v.identity, v.secret, v.known) for v in values)
                folded.setdefault((key[1], key[2], identity), ([], values))[0].append(service)
    rows = [
        Row(tuple(users), group, name, _cells(values), _same(values))
        for (group, name, _), (users, values) in folded.items()
    ]
    rows.sort(key=lambda r: (r.same, GROUPS.index(r.group), len(r.services) == 1, r.name, r.services))
    problems = tuple((f.environment, f.problem) for f in found if f.problem)
    names = tuple(f.environment for f in reached)
    return Comparison(names, tuple(rows), problems, reached=len(reached) == len(found))


def _same(facts: Sequence[Fact | None]) -> bool:
    """What may not be read is neither equal nor different."""
    known = [f for f in facts if f is None or f.known]
    return len({None if f is None else (f.identity, f.secret) for f in known}) <= 1


def _cells(facts: Sequence[Fact | None]) -> tuple[Cell, ...]:
    same = _same(facts)
    digests = list(dict.fromkeys(f.identity for f in facts if f is not None and f.secret and f.known))
    out = []
    for fact in facts:
        if fact is None:
            out.append(ABSENT)
        elif not fact.known:
            out.append(Cell("may not be read", True, known=False))
        elif fact.secret:
            # Which of them are equal is told by a letter, what they are is not.
            letter = chr(ord("A") + min(digests.index(fact.identity), 25))
            out.append(Cell("secret, equal" if same else f"secret, differs ({letter})", True))
        else:
            out.append(Cell(fact.shown))
    return tuple(out)


def comparison_json(found: Comparison) -> dict[str, Any]:
    """For ``--json``; secrets are equal or different, never values."""
    return {
        "environments": list(found.environments),
        "different": found.different,
        "rows": [
            {
                "services": list(row.services),
                "group": row.group,
                "name": row.name,
                "same": row.same,
                "secret": any(cell.secret for cell in row.cells),
                "values": {
                    name: cell.text if cell.present else None
                    for name, cell in zip(found.environments, row.cells, strict=True)
                },
            }
            for row in found.rows
        ],
        "problems": [{"environment": name, "problem": problem} for name, problem in found.problems],
    }
