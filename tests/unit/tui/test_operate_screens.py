"""Approvals, releases, history and an operation's page, driven by keys alone."""

from __future__ import annotations

import pytest
from fake_operations import PLAN, Operations, ask, asked, at, release, status
from textual.widgets import Button

from tests.tools.screen import foot, shown, until, until_shown
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.journal import OperationState
from veza_tui.operations.deploy.compare import compare_releases
from veza_tui.tui.screens.approvals import ApprovalsScreen
from veza_tui.tui.screens.operation import OperationScreen

pytestmark = pytest.mark.usefixtures("at_once")


# --- approvals ---------------------------------------------------------------------------------------------------


async def test_an_approval_is_given_from_its_plan() -> None:
    operations = Operations()
    operations.asks = [ask(1), ask(2, "Restore staging", left=120)]
    async with at(operations, "A") as (app, pilot):
        text = await until_shown(pilot, app, "Deploy production", "Restore staging")
        for word in ("WHAT", "ASKED BY", "alice@ops1", "20 min", "release 1.5", "x deny", "enter open"):
            assert word in text, word
        await pilot.press("j", "k", "enter")
        text = await asked(pilot, app)
        for word in ("Approve: Deploy production", "alice@ops1", "release 1.5", PLAN.hash[:12], "+ 5", "1. Apply"):
            assert word in text or word in ("1. Apply",), word
        assert isinstance(app.focused, Button) and app.focused.id == "no"
        await pilot.press("y")
        await until(pilot, lambda: operations.words == [(ask(1).id, True)])
        text = await until_shown(pilot, app, "Restore staging")
        await until(pilot, lambda: "alice@ops1" not in shown(app).splitlines()[5])


async def test_an_approval_is_denied_and_a_refusal_is_told() -> None:
    operations = Operations()
    operations.asks = [ask(1)]
    async with at(operations, "A") as (app, pilot):
        await until_shown(pilot, app, "Deploy production")
        await pilot.press("x")
        assert "Deny: Deploy production" in await asked(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen))
        assert operations.words == []
        await pilot.press("x")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: operations.words == [(ask(1).id, False)])
        await until_shown(pilot, app, "Nothing waits for an approval.")
        assert "x deny" not in foot(app) and "open" not in foot(app), "nothing is there to act on"


async def test_ones_own_is_refused_in_words_and_the_list_stays() -> None:
    operations = Operations()
    operations.asks = [ask(1)]
    async with at(operations, "A") as (app, pilot):
        await until_shown(pilot, app, "Deploy production")
        operations.error = RefusedError("operation x was not approved: alice started it: somebody else must approve it")
        await pilot.press("enter")
        await asked(pilot, app)
        await pilot.press("y")
        await until_shown(pilot, app, "somebody", "Deploy production")


@pytest.mark.parametrize(("keys", "reason"), [((*"leak", "enter"), "leak"), (("escape",), "")])
async def test_whoever_asks_for_an_approval_may_say_why(keys: tuple[str, ...], reason: str) -> None:
    operations = Operations()
    operations.approvers = 1
    async with at(operations, "D") as (app, pilot):
        assert "1 other person must approve it" in await asked(pilot, app)
        await pilot.press(*"production")
        await until(pilot, lambda: not app.screen.query_one("#yes", Button).disabled)
        await pilot.press("enter")
        await until_shown(pilot, app, "Whoever approves it reads this")
        await until(pilot, lambda: getattr(app.screen, "answers_since", None) is not None)
        assert operations.started == []
        await pilot.press(*keys)
        await until(pilot, lambda: operations.reasons == [reason])


# --- releases ----------------------------------------------------------------------------------------------------


async def test_releases_say_who_when_why_and_what_changed() -> None:
    async with at(Operations(), "v", size=(120, 40)) as (app, pilot):
        text = await until_shown(pilot, app, "from release 2 to 3")
        for word in ("NO", "WHO", "WHY", "IMAGES", "user3", "why 3", "v1.5.0", "failed", "good"):
            assert word in text, word
        assert "- veza/api:v1.4.9" in text and "+ veza/api:v1.5.0" in text
        assert "aGlkZGVu" not in text, "a secret's value is never shown"
        await pilot.press("j")
        text = await until_shown(pilot, app, "from release 1 to 2")
        assert "spec.replicas" in text
        await pilot.press("j")
        await until_shown(pilot, app, "oldest that is kept")


async def test_any_two_releases_are_compared_and_one_goes_back_to_the_chosen() -> None:
    operations = Operations()
    async with at(operations, "v", size=(120, 40)) as (app, pilot):
        await until_shown(pilot, app, "from release 2 to 3")
        assert "space compare with" in foot(app) and "u roll back to it" in foot(app)
        await pilot.press("G", "space", "g")
        text = await until_shown(pilot, app, "from release 1 to 3")
        assert "- veza/api:v1.4.2" in text and "+ veza/api:v1.5.0" in text and "spec.replicas" in text
        await pilot.press("G", "space", "g")
        await until_shown(pilot, app, "from release 2 to 3")
        await pilot.press("j", "u")
        await asked(pilot, app)
        assert operations.planned == ["production rollback_planner [('to', '2')]"]
        await pilot.press(*"production")
        await until(pilot, lambda: not app.screen.query_one("#yes", Button).disabled)
        await pilot.press("enter")
        await until(pilot, lambda: operations.started == ["typed in the screen"])
        await until(pilot, lambda: isinstance(app.screen, OperationScreen))


async def test_a_backup_from_the_screen_is_told_without_the_commands_options() -> None:
    operations = Operations()
    async with at(operations, "B") as (app, pilot):
        await asked(pilot, app)
        assert "verify=True" in operations.planned[0] and "guided=True" in operations.planned[0]


async def test_a_long_difference_is_read_whole_on_a_page_of_its_own() -> None:
    operations = Operations()
    operations.releases = [release(2, "v2", **{f"field{i:02}": 2 for i in range(30)}), release(1, "v1")]
    async with at(operations, "v") as (app, pilot):
        text = await until_shown(pilot, app, "enter shows all")
        assert "+ veza/api:v2" in text, "images come first"
        assert "field29" not in text
        await pilot.press("enter")
        await until_shown(pilot, app, "from release 1 to 2", "field08")
        await pilot.press("G")
        await until_shown(pilot, app, "field29")
        await pilot.press("escape")
        await until_shown(pilot, app, "IMAGES")


def test_what_only_the_server_set_is_no_change_from_a_baseline() -> None:
    found = release(1, "v1", kind="baseline", dnsPolicy="ClusterFirst")
    ours = release(2, "v2", revisionHistoryLimit=10)
    changes, gone = compare_releases(found, ours)
    assert [(c.path.rpartition(".")[2], c.old, c.new) for c in changes if c.object.startswith("Deployment")] == [
        ("image", "veza/api:v1", "veza/api:v2"),
        ("revisionHistoryLimit", None, "10"),
    ]
    assert gone == []
    back, _ = compare_releases(ours, found)
    assert "dnsPolicy" not in str(back) and "revisionHistoryLimit" in str(back)
    plain, _ = compare_releases(release(1, "v1", dnsPolicy="ClusterFirst"), ours)
    assert "dnsPolicy" in str(plain)


@pytest.mark.parametrize("size", [(80, 24), (60, 14)])
async def test_releases_that_cannot_be_read_say_why(size: tuple[int, int]) -> None:
    operations = Operations()
    long = "403: oncall may not list secrets in API group v1 in the namespace veza-production: ask for it: END"
    operations.error = VezaError(long)
    async with at(operations, "v", size=size) as (app, pilot):
        text = await until_shown(pilot, app, "403: oncall may not list secrets", "END")
        assert long in " ".join(text.split()), "all of it, however narrow"
        assert "roll back" not in foot(app)
        operations.error = None
        await pilot.press("ctrl+r")
        await until_shown(pilot, app, "v1.5.0")


# --- operations --------------------------------------------------------------------------------------------------


async def test_going_on_and_taking_back_are_asked_about_as_the_plan_was() -> None:
    """Staging and production type the name here, too, as `operations resume` and `undo` want it."""
    operations = Operations()
    operations.past = [status(OperationState.CANCELLED, reason="cancelled by alice")]
    name = operations.past[0].id
    async with at(operations, "O") as (app, pilot):
        await until_shown(pilot, app, "cancelled")
        await pilot.press("enter")
        await until_shown(pilot, app, "deploy staging")
        for key, verb, done in (("r", "Resume", operations.resumed), ("u", "Take back", operations.undone)):
            await pilot.press(key)
            text = await asked(pilot, app)
            assert f"{verb}: deploy staging" in text and "Type staging to go on" in text
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, OperationScreen))
            assert done == [], "Cancel has the focus"
            await pilot.press(key)
            await asked(pilot, app)
            await pilot.press(*"staging", "enter")
            await until(pilot, done.__len__)
            assert done == [name]
        operations.refusal = "read-only: VEZA_READ_ONLY is set"
        await pilot.press("u")
        await until_shown(pilot, app, "read-only: VEZA_READ_ONLY is set")
        assert operations.denied == [operations.refusal] and operations.undone == [name]


async def test_an_operations_page_offers_what_acts_on_it() -> None:
    operations = Operations()
    operations.past = [
        status(OperationState.FAILED, reason="Apply everything: it broke"),
        status(OperationState.DONE, "restore"),
        status(OperationState.RUNNING),
    ]
    async with at(operations, "O") as (app, pilot):
        text = await until_shown(pilot, app, "it bro", "restore")
        assert "WHEN" in text and "OUTCOME" in text
        await pilot.press("enter")
        text = await until_shown(pilot, app, "deploy staging")
        assert "r resume" in foot(app) and "u take back" in foot(app)
        assert "P proof" not in foot(app) and "x cancel" not in foot(app)
        assert " it broke" in text.splitlines()[2], "the reason without the step's name: that is marked below"
        await pilot.press("escape", "j", "enter")
        await until_shown(pilot, app, "restore staging")
        assert "P proof" in foot(app) and "u take back" in foot(app) and "resume" not in foot(app)
        await pilot.press("escape", "j", "enter")
        await until_shown(pilot, app, "running")
        assert "x cancel" in foot(app) and "resume" not in foot(app)
        await pilot.press("x")
        await until(pilot, lambda: operations.cancelled == [False])
