"""How the connection stands, and what is wrong in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from veza_tui.model.errors import VezaError
from veza_tui.model.text import printable
from veza_tui.model.view import Link, Problem
from veza_tui.ports.cluster import ClusterError, ClusterUnreachable, NotFound

SILENT = 10.0
"""Seconds without a word, while pings fail, after which rows are called stale."""
PATIENCE = 2.0
"""Seconds after the first question from which on a missing answer is spoken of."""


@dataclass(frozen=True, slots=True)
class KindStatus:
    """One watched kind; ``name`` is its plural."""

    name: str
    synced: bool
    lost: ClusterError | None
    """Why there is no connection, once that is worth speaking of."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the verdict depends on."""

    server: str
    connect_error: VezaError | None
    kinds: Sequence[KindStatus]
    """Pods first: they decide whether rows are live."""
    ping_error: ClusterError | None = None
    silent: float = 0.0
    """Seconds since the last word."""
    missing_namespace: str = ""
    waiting: float = 0.0
    """Seconds since the first question, while there was never a word."""


def judge(s: Situation) -> tuple[Link, tuple[Problem, ...]]:
    """The link, and the problems, gravest first."""
    if s.connect_error is not None:
        return Link.DOWN, (_problem(s.connect_error),)
    # A kind that the server does not have (404) is no problem: an older cluster without autoscaling/v2.
    kinds = [k for k in s.kinds if not isinstance(k.lost, NotFound)]
    if not kinds:
        if s.kinds:
            what = f"{s.server} has none of the kinds that are watched (404)"
            return Link.DOWN, (Problem(what, "check the server address in the kubeconfig: is its path right?"),)
        return Link.CONNECTING, ()
    refused = [k for k in kinds if k.lost is not None and k.lost.status == 403]
    broken = [k for k in kinds if k.lost is not None and k.lost.status != 403]
    live = [k for k in kinds if k.lost is None and k.synced]
    problems: list[Problem] = []
    link = Link.LIVE if live else Link.CONNECTING
    pods = kinds[0]
    if broken and (pods in broken or not live):
        link = Link.STALE if any(k.synced for k in kinds) else Link.DOWN
        worst = broken[0].lost
        assert worst is not None
        problems.append(_problem(worst))
    elif broken:
        worst = broken[0].lost
        assert worst is not None
        names = tuple(k.name for k in broken)
        problems.append(Problem(f"no live data of {', '.join(names)}: {worst.message}", worst.hint or "wait", names))
    if refused:
        names = tuple(k.name for k in refused)
        if len(refused) == len(kinds):
            link = Link.DOWN
        problems.append(
            Problem(
                f"not allowed to watch {', '.join(names)} (403)",
                "ask for list and watch on them, or use a context that has them",
                names,
            )
        )
    slow = link is Link.CONNECTING and s.waiting >= PATIENCE
    if (slow or s.ping_error is not None) and not any(k is pods for k in broken):
        if link is Link.CONNECTING:
            problems.append(
                Problem(f"no answer yet from {s.server}", "wait; if it stays so, check the VPN and the address")
            )
        elif link is Link.LIVE and s.silent > SILENT and s.ping_error is not None:
            link = Link.STALE
            problems.append(_problem(s.ping_error))
        elif link is Link.LIVE and s.ping_error is not None and not isinstance(s.ping_error, ClusterUnreachable):
            problems.append(_problem(s.ping_error))  # it answers, and says no: a token that was revoked, a 500
        elif link is Link.LIVE:
            problems.append(
                Problem(f"{s.server} answers slowly or not at all", "the rows may be late; wait, or check the network")
            )
    if s.missing_namespace and link is Link.LIVE:
        problems.append(
            Problem(
                f"the cluster has no namespace {s.missing_namespace}",
                "deploy the environment, or correct its namespace",
            )
        )
    return link, tuple(problems)


def _problem(error: VezaError) -> Problem:
    return Problem(
        printable(error.message, limit=300), printable(error.hint or "it is tried again by itself", limit=200)
    )
