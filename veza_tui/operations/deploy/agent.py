"""The agent's decision: whether the workspace's HEAD is to be deployed now. Pure; what it needs lies in the cluster.

The newest release says which commit was deployed last, by whomever. A rollback, or a deploy that failed, pins the
environment: the same commit is not tried again until there is another one, or until somebody unpins it. A rollback from
a machine with another checkout names another commit, so the commit of the release that it left counts as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.release import Release
from veza_tui.operations.deploy.releases import list_releases, secret_name
from veza_tui.operations.policy import read_only_reason
from veza_tui.ports.cluster import SECRETS, Cluster

UNPINNED = "veza.com/unpinned"


@dataclass(frozen=True, slots=True)
class Decision:
    """``deploy`` with the reason why, or why not."""

    deploy: bool
    why: str
    pinned: bool = False


def decide(head: str, newest: Release | None, *, unpinned: bool, handled: str, left: str = "") -> Decision:
    """Whether to deploy.

    ``handled`` is the commit that this agent dealt with last (one that changed nothing leaves no release); ``left`` is
    the commit that the newest release went back from, when it is a rollback.
    """
    short = head[:12]
    if newest is not None and head in (newest.commit, left if newest.kind == "rollback" else newest.commit):
        if newest.kind == "rollback" or not newest.good:
            what = "was rolled back" if newest.kind == "rollback" else "failed"
            if not unpinned:
                return Decision(False, f"pinned: {short} {what}; commit something else, or unpin", pinned=True)
            return Decision(handled != head, f"{short} {what} and was unpinned")
        return Decision(False, f"{short} is deployed")
    if handled == head:
        return Decision(False, f"{short} changes nothing")
    return Decision(True, f"HEAD is {short}")


class PolicyError(RefusedError):
    """An agent has no business here: it ends."""


def require_auto_deploy(environment: Environment, *, read_only: bool = False) -> None:
    """Policy comes first.

    Raises:
        PolicyError: the pipeline file does not allow deploys without a person, or nothing may be changed.
    """
    if reason := read_only_reason(environment, read_only):
        raise PolicyError(reason, hint="an agent changes things")
    if not environment.policy.auto_deploy:
        raise PolicyError(
            f"{environment.name} is not deployed by an agent: auto_deploy is false in the pipeline file",
            hint=f"a person runs veza-tui deploy {environment.name}",
        )
    if environment.policy.manual_approval or environment.production:
        raise PolicyError(
            f"{environment.name} asks for an approval by hand: an agent cannot give it",
            hint=f"a person runs veza-tui deploy {environment.name}",
        )


async def newest_release(cluster: Cluster, environment: Environment) -> tuple[Release | None, bool, str]:
    """The newest release, whether its pin was taken away, and the commit that it went back from (a rollback)."""
    namespace = environment.kubernetes.namespace
    history = await list_releases(cluster, namespace)
    if not history:
        return None, False, ""
    secret = await cluster.get(SECRETS, secret_name(history[0].number), namespace)
    unpinned = (secret["metadata"].get("annotations") or {}).get(UNPINNED) == "true"
    left = history[1].commit if len(history) > 1 and history[0].kind == "rollback" else ""
    return history[0], unpinned, left


async def unpin(cluster: Cluster, environment: Environment) -> str:
    """Let the agent try the pinned commit again; returns what was unpinned.

    Raises:
        ConfigError: nothing is pinned.
    """
    newest, already, _ = await newest_release(cluster, environment)
    if newest is None or already or (newest.good and newest.kind != "rollback"):
        raise ConfigError(f"{environment.name} is not pinned: there is nothing to unpin")
    patch = {"metadata": {"annotations": {UNPINNED: "true"}}}
    await cluster.patch(SECRETS, secret_name(newest.number), patch, environment.kubernetes.namespace, kind="merge")
    return f"release {newest.number} ({newest.commit[:12] or 'no commit'})"
