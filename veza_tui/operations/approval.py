"""Approvals, pure: what is asked, what counts, when it is enough.

Asked for where ``manual_approval`` is set. Without ``approvers`` (the guide's production) the starter's own typed
confirmation is the approval. With ``approvers: N``, N different OS users, none of them the starter, must say yes to the
hash of exactly this plan within its time (30 minutes by default); one no is enough to refuse it.

Where they are kept, and what that proves:
- a shared directory (``$VEZA_APPROVALS``, or /var/lib/veza-tui/approvals where it exists): one file an approver; who
  wrote it is the file's owner, which the kernel vouches for. Only root can forge it.
- else the cluster: one ConfigMap an approver, with the OS user and the Kubernetes user as the approver's own program
  named them. A starter who may write ConfigMaps in the namespace and sets out to could forge one: it keeps colleagues
  honest, it does not stop an attacker. The API server's audit log names the real writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from veza_tui.model.text import printable
from veza_tui.operations.who import Person, person_from_json


@dataclass(frozen=True, slots=True)
class Ask:
    """What an approver is asked. ``created`` and ``expires`` are unix seconds."""

    id: str
    plan: Mapping[str, Any]
    """``Plan.to_json``: the approver's program recomputes the hash from it."""
    plan_hash: str
    starter: Person
    needed: int
    created: float
    expires: float
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Grant:
    """One person's word. ``proof`` says who vouches for ``person``: file-owner, or cluster (claimed)."""

    id: str
    plan_hash: str
    person: Person
    yes: bool
    at: float
    kube_user: str = ""
    proof: str = ""

    @property
    def label(self) -> str:
        """For people and the audit log."""
        kube = f", {self.kube_user} on the cluster" if self.kube_user else ""
        return f"{self.person.label}{kube} [{self.proof}]"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``approved`` and ``refused`` (why) are both empty while it is open."""

    approved: tuple[Grant, ...] = ()
    refused: str = ""
    counted: tuple[Grant, ...] = ()
    """The yes that count so far."""


class Approvals(Protocol):
    """A place where asks and grants are kept."""

    async def ask(self, ask: Ask) -> None:
        """Publish it."""
        ...

    async def asks(self) -> list[Ask]:
        """All that are open here."""
        ...

    async def grant(self, grant: Grant) -> None:
        """Write one's word; a second one replaces the first."""
        ...

    async def grants(self, operation: str) -> list[Grant]:
        """What people said of it."""
        ...

    async def clear(self, operation: str) -> None:
        """Remove what we may remove; best effort."""
        ...


def same_person(one: Person, other: Person) -> bool:
    """Whether they share an OS user, sudo included: nobody approves their own plan by becoming root."""
    return bool(one.names & other.names)


def judge(ask: Ask, grants: Iterable[Grant], now: float) -> Verdict:
    """Whether the plan may go ahead."""
    counted: list[Grant] = []
    for grant in sorted(grants, key=lambda g: g.at):
        if grant.id != ask.id or grant.plan_hash != ask.plan_hash or same_person(grant.person, ask.starter):
            continue
        if not ask.created - 60 <= grant.at <= ask.expires:
            continue
        if not grant.yes:
            return Verdict(refused=f"{grant.label} denied it")
        if not any(same_person(grant.person, other.person) for other in counted):
            counted.append(grant)
    if len(counted) >= ask.needed:
        return Verdict(approved=tuple(counted[: ask.needed]), counted=tuple(counted))
    if now > ask.expires:
        return Verdict(refused=f"no approval in time: {len(counted)} of {ask.needed}", counted=tuple(counted))
    return Verdict(counted=tuple(counted))


def ask_from_json(data: Mapping[str, Any]) -> Ask:
    """What ``Ask.to_json`` wrote; ValueError for anything else."""
    try:
        return Ask(
            id=str(data["id"]),
            plan=dict(data["plan"]),
            plan_hash=str(data["plan_hash"]),
            starter=person_from_json(data["starter"]),
            needed=int(data["needed"]),
            created=float(data["created"]),
            expires=float(data["expires"]),
            reason=printable(str(data.get("reason", "")), limit=300),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a request for approval: {error}") from error


def grant_from_json(data: Mapping[str, Any], *, person: Person | None = None, proof: str) -> Grant:
    """What ``Grant.to_json`` wrote; ``person`` replaces the claimed one where somebody better vouches for it."""
    try:
        return Grant(
            id=str(data["id"]),
            plan_hash=str(data["plan_hash"]),
            person=person or person_from_json(data["person"]),
            yes=data["yes"] is True,
            at=float(data["at"]),
            kube_user=printable(str(data.get("kube_user", "")), limit=100),
            proof=proof,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an approval: {error}") from error
