"""Who may approve what: never one's own, only this plan, only in time; the file's owner is who said it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from tests.tools.clusters import MemoryCluster
from tests.unit.operations.worlds import environment
from veza_tui.model.environment import EnvironmentType, Policy
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.plan import Plan, Step, Target
from veza_tui.operations.approval import Ask, Grant, judge
from veza_tui.operations.approval_cluster import ClusterApprovals
from veza_tui.operations.approval_directory import DirectoryApprovals, approvals_directory
from veza_tui.operations.approving import plan_of
from veza_tui.operations.checks import all_needs, need_text
from veza_tui.operations.confirm import Tier, accepted, confirmation
from veza_tui.operations.policy import approvers_needed
from veza_tui.operations.waiting import retire_old
from veza_tui.operations.who import Person, current_person
from veza_tui.ports.cluster import Cluster

ID = "20260301t120405123-9f03ac"
STARTER = Person("alice", 1001, "jump")
BOB = Person("bob", 1002, "jump")
CAROL = Person("carol", 1003, "elsewhere")
PLAN = Plan("deploy", Target("production", "ns", "s", "u"), "Deploy", (Step("a", "A", "x"),))
ASK = Ask(ID, PLAN.to_json(), PLAN.hash, STARTER, 1, 1000.0, 2800.0)


def grant(person: Person, *, at: float = 1100.0, yes: bool = True, plan_hash: str = PLAN.hash, of: str = ID) -> Grant:
    return Grant(of, plan_hash, person, yes, at, proof="t")


def test_another_person_is_enough() -> None:
    assert judge(ASK, [grant(BOB)], 1200).approved


@pytest.mark.parametrize(
    "useless",
    [
        grant(STARTER),
        grant(Person("root", 0, "jump", sudo="alice")),
        grant(BOB, plan_hash="f" * 64),
        grant(BOB, of="20260301t120405123-000000"),
        grant(BOB, at=2801.0),
        grant(BOB, at=10.0),
    ],
)
def test_what_does_not_count(useless: Grant) -> None:
    verdict = judge(ASK, [useless], 1200)
    assert not verdict.approved and not verdict.refused


def test_starter_behind_sudo_cannot_approve_as_themselves() -> None:
    ask = replace(ASK, starter=Person("root", 0, "jump", sudo="bob"))
    assert not judge(ask, [grant(BOB)], 1200).approved


def test_two_need_two_different_people() -> None:
    ask = replace(ASK, needed=2)
    assert not judge(ask, [grant(BOB), grant(BOB, at=1101)], 1200).approved
    assert not judge(ask, [grant(BOB), grant(Person("root", 0, "h", sudo="bob"))], 1200).approved
    assert len(judge(ask, [grant(BOB), grant(CAROL)], 1200).approved) == 2


def test_one_no_refuses_and_time_runs_out() -> None:
    ask = replace(ASK, needed=2)
    assert "denied" in judge(ask, [grant(BOB), grant(CAROL, yes=False)], 1200).refused
    assert "0 of 1" in judge(ASK, [], 2801).refused
    # An own no is not counted either: cancelling is what the starter does.
    assert not judge(ASK, [grant(STARTER, yes=False)], 1200).refused


async def test_directory_takes_the_owner_for_the_author(tmp_path: Path) -> None:
    place = DirectoryApprovals(tmp_path)
    await place.ask(ASK)
    await place.grant(grant(BOB))  # says bob, but this process wrote it
    me = current_person()
    (found,) = await place.grants(ID)
    assert (found.person.user, found.person.uid, found.proof) == (me.user, os.getuid(), "file owner")
    (asked,) = await place.asks()
    assert asked.starter.user == me.user and asked.plan_hash == PLAN.hash
    assert oct((tmp_path / f"{ID}.ask.json").stat().st_mode)[-3:] == "644"
    await place.clear(ID)
    assert list(tmp_path.iterdir()) == []


async def test_directory_ignores_links_and_files_others_could_have_written(tmp_path: Path) -> None:
    place = DirectoryApprovals(tmp_path)
    await place.grant(grant(BOB))
    file = tmp_path / f"{ID}.{os.getuid()}.json"
    file.chmod(0o666)
    assert await place.grants(ID) == []
    file.chmod(0o644)
    (tmp_path / f"{ID}.7.json").symlink_to(file)
    os.mkfifo(tmp_path / f"{ID}.8.json")
    (tmp_path / f"{ID}.9.json").write_text("{")
    assert len(await place.grants(ID)) == 1


async def test_directory_without_the_sticky_bit_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(RefusedError, match="sticky"):
        await DirectoryApprovals(tmp_path).grants(ID)
    tmp_path.chmod(0o1777)
    assert await DirectoryApprovals(tmp_path).grants(ID) == []
    with pytest.raises(RefusedError, match="1777"):
        await DirectoryApprovals(tmp_path / "none").ask(ASK)


def test_configured_directory_wins() -> None:
    assert approvals_directory({"VEZA_APPROVALS": "/srv/approvals"}) == Path("/srv/approvals")


async def test_cluster_keeps_asks_and_grants() -> None:
    memory = MemoryCluster()
    place = ClusterApprovals(cast(Cluster, memory), "ns")
    await place.ask(ASK)
    await place.grant(grant(BOB))
    await place.grant(grant(BOB, yes=False))
    await place.grant(grant(CAROL))
    memory.state["objects"]["configmaps/ns/rubbish"] = {
        "metadata": {"name": "rubbish", "labels": {"veza-tui/role": "ask", "veza-tui/approval": ID}}
    }
    assert [a.plan_hash for a in await place.asks()] == [PLAN.hash]
    assert {(g.person.user, g.yes) for g in await place.grants(ID)} == {("bob", False), ("carol", True)}
    await place.clear(ID)
    assert await place.grants(ID) == []


async def test_requests_of_runners_that_died_are_forgotten_an_hour_after_their_end() -> None:
    place = ClusterApprovals(cast(Cluster, MemoryCluster()), "ns")
    await place.ask(ASK)
    await place.grant(grant(BOB))
    await retire_old(place, ASK.expires + 3599)
    assert [a.id for a in await place.asks()] == [ID]
    await retire_old(place, ASK.expires + 3601)
    assert await place.asks() == [] and await place.grants(ID) == []


def test_permissions_of_the_lock_the_events_and_the_approvals_are_asked_for_too() -> None:
    def words(**more: bool) -> set[str]:
        return {need_text(n) for n in all_needs(PLAN, **more)}

    always = {f"{v} coordination.k8s.io/leases in ns" for v in ("get", "create", "update")} | {"create events in ns"}
    assert words() == always
    kept_there = {f"{v} configmaps in ns" for v in ("get", "list", "create", "update", "delete")}
    assert words(approved_there=True) == always | kept_there
    without = replace(PLAN, options={"lock": False})
    assert {need_text(n) for n in all_needs(without)} == {"create events in ns"}


def test_plan_shown_is_the_plan_that_waits() -> None:
    assert plan_of(ASK) == PLAN
    with pytest.raises(RefusedError):
        plan_of(replace(ASK, plan={**PLAN.to_json(), "title": "Harmless"}))
    other = replace(PLAN, title="Harmless")
    with pytest.raises(RefusedError, match="not the plan"):
        plan_of(replace(ASK, plan=other.to_json()))


# -- confirmation


def tiers(kind: EnvironmentType, plan: Plan = PLAN) -> tuple[Tier, str]:
    return confirmation(environment("env", kind), plan)


def test_tiers() -> None:
    assert tiers(EnvironmentType.DEV) == (Tier.YES_NO, "env")
    assert tiers(EnvironmentType.STAGING) == (Tier.TYPE, "env")
    assert tiers(EnvironmentType.PROD) == (Tier.TYPE, "env")
    assert tiers(EnvironmentType.DEV, replace(PLAN, confirm="production")) == (Tier.TYPE, "production")
    harmless = replace(PLAN, steps=(Step("a", "A", "x", mutates=False),))
    assert tiers(EnvironmentType.PROD, harmless)[0] is Tier.NONE


def test_flags() -> None:
    assert accepted(Tier.NONE, "env", yes=False, confirm="")
    assert accepted(Tier.YES_NO, "env", yes=True, confirm="")
    assert accepted(Tier.YES_NO, "env", yes=False, confirm="env")
    assert not accepted(Tier.YES_NO, "env", yes=False, confirm="")
    assert not accepted(Tier.TYPE, "env", yes=True, confirm="")
    assert accepted(Tier.TYPE, "env", yes=False, confirm="env")
    for tier in (Tier.YES_NO, Tier.TYPE):
        with pytest.raises(ConfigError):
            accepted(tier, "env", yes=True, confirm="other")


def test_approvers_from_policy() -> None:
    base = environment("production", EnvironmentType.PROD)
    assert approvers_needed(replace(base, policy=Policy(manual_approval=True, approvers=2)), PLAN) == 2
    assert approvers_needed(replace(base, policy=Policy(manual_approval=True)), PLAN) == 0
    assert approvers_needed(replace(base, policy=Policy(manual_approval=False, approvers=2)), PLAN) == 0
