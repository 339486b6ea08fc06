"""EnvironmentFeed on a cluster without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from feeds_fakes import FakeCluster, environment
from feeds_pods import pod, running, status, terminated, waiting

from tests.tools.clocks import FakeClock, settle
from veza_tui.feeds.environment import EnvironmentFeed
from veza_tui.model.errors import ConfigError
from veza_tui.model.view import EnvironmentView, LastOperation, Link
from veza_tui.model.workload import State
from veza_tui.ports.cluster import (
    ClusterError,
    ClusterUnreachable,
    Denied,
    Heard,
    HttpAnswer,
    Lost,
    NotFound,
    Removed,
    Upsert,
)

READY = {"Ready": ("True", "", "")}
UNREACHABLE = ClusterUnreachable("cannot reach https://api: connection refused", hint="is the cluster up?")


def named(raw: dict[str, Any], name: str) -> dict[str, Any]:
    raw["metadata"] |= {"name": name, "uid": name}
    return raw


def well(name: str) -> dict[str, Any]:
    return named(pod(containers=[status("app", running(), ready=True)], conditions=READY), name)


def crashing(name: str, restarts: int = 1) -> dict[str, Any]:
    return named(
        pod(containers=[status("app", waiting("CrashLoopBackOff"), restarts=restarts, last=terminated(1, "Error"))]),
        name,
    )


class Rig:
    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster()
        self.published: list[EnvironmentView] = []
        self.connect_error: ConfigError | None = None
        self.feed = EnvironmentFeed(environment(), self.connect, clock=self.clock, **options)
        self.feed.subscribe(self.published.append)

    def connect(self) -> Any:
        if self.connect_error is not None:
            raise self.connect_error
        return self.cluster

    async def start(self) -> None:
        await self.feed.start()
        while not self.cluster.opened and self.connect_error is None:
            await asyncio.sleep(0.001)
        await settle()

    async def flush(self) -> EnvironmentView:
        await settle()
        self.feed.flush()
        return self.feed.view()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    await made.start()
    yield made
    await made.feed.close()


async def test_first_rows_make_it_live(rig: Rig) -> None:
    assert rig.feed.view().link is Link.CONNECTING
    rig.cluster.sync(pods=[well("a"), well("b")])
    view = await rig.flush()
    assert (view.link, view.synced, set(view.pods), view.state) == (Link.LIVE, True, {"a", "b"}, State.OK)
    assert view.identity is not None
    assert view.problems == ()


async def test_nothing_is_published_when_nothing_changed(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    await rig.flush()
    count, heard = len(rig.published), rig.feed.view().heard_at
    rig.clock.jump(1)
    rig.cluster.say("pods", Heard())
    rig.cluster.say("pods", Upsert("a", rig.cluster.project("pods", well("a"))))
    await rig.clock.advance(12)
    await rig.flush()
    assert len(rig.published) == count
    assert rig.feed.view().heard_at > heard  # type: ignore[operator]


async def test_a_storm_is_one_publish(rig: Rig) -> None:
    rig.cluster.sync()
    await rig.flush()
    before = len(rig.published)
    for i in range(500):
        rig.cluster.say("pods", Upsert(f"p{i}", rig.cluster.project("pods", well(f"p{i}"))))
    await settle(1200)
    await asyncio.sleep(0.1)
    assert len(rig.feed.view().pods) == 500
    assert len(rig.published) - before <= 3


async def test_views_are_frozen_pictures(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    before = await rig.flush()
    rig.cluster.say("pods", Removed("a"))
    after = await rig.flush()
    assert set(before.pods) == {"a"}
    assert not after.pods
    with pytest.raises(TypeError):
        before.pods["x"] = before.pods["a"]  # type: ignore[index]


async def test_403_on_one_kind_names_it_and_the_others_live_on(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    rig.cluster.say("events", Lost(Denied("events is forbidden", status=403)))
    view = await rig.flush()
    assert view.link is Link.LIVE
    assert view.problems[0].kinds == ("events",)
    assert "403" in view.problems[0].what
    assert view.problems[0].todo
    assert view.state is State.DEGRADED
    rig.cluster.say("events", Heard())
    assert (await rig.flush()).problems == ()


async def test_403_on_everything_is_down(rig: Rig) -> None:
    for kind in ("pods", "deployments", "replicasets", "events", "horizontalpodautoscalers"):
        rig.cluster.say(kind, Lost(Denied("forbidden", status=403)))
    view = await rig.flush()
    assert view.link is Link.DOWN
    assert len(view.problems) == 1


async def test_a_kind_that_is_not_served_is_no_problem(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    rig.cluster.say("horizontalpodautoscalers", Lost(NotFound("not found", status=404)))
    view = await rig.flush()
    assert (view.link, view.problems) == (Link.LIVE, ())


async def test_unreachable_is_down_before_and_stale_after_the_first_rows(rig: Rig) -> None:
    rig.cluster.say("pods", Lost(UNREACHABLE))
    view = await rig.flush()
    assert (view.link, view.state) == (Link.DOWN, State.FAILED)
    assert view.problems[0].what == UNREACHABLE.message
    rig.cluster.sync(pods=[well("a")])
    assert (await rig.flush()).link is Link.LIVE
    rig.cluster.say("pods", Lost(UNREACHABLE))
    # What may be back in a moment is not spoken of.
    assert (await rig.flush()).link is Link.LIVE
    await rig.clock.advance(2.1)
    view = await rig.flush()
    assert (view.link, view.state, set(view.pods)) == (Link.STALE, State.UNKNOWN, {"a"})
    rig.cluster.say("pods", Heard())
    assert (await rig.flush()).link is Link.LIVE


async def test_401_says_what_to_do(rig: Rig) -> None:
    rig.cluster.say(
        "pods", Lost(Denied("the API server does not accept our credentials (401)", status=401, hint="log in again"))
    )
    view = await rig.flush()
    assert view.link is Link.DOWN
    assert view.problems[0].todo == "log in again"


async def test_silence_while_pings_fail_makes_rows_stale(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    await rig.flush()
    rig.cluster.ping_error = UNREACHABLE
    await rig.clock.advance(6)
    view = await rig.flush()
    assert view.link is Link.LIVE
    assert "slowly" in view.problems[0].what
    await rig.clock.advance(8)
    assert (await rig.flush()).link is Link.STALE
    rig.cluster.ping_error = None
    await rig.clock.advance(2)
    view = await rig.flush()
    assert (view.link, view.problems) == (Link.LIVE, ())


async def test_a_token_that_is_revoked_under_a_live_watch_is_told_at_the_next_ping(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    await rig.flush()
    rig.cluster.ping_error = Denied("does not accept our credentials (401)", status=401, hint="log in again")
    await rig.clock.advance(6)
    view = await rig.flush()
    assert (view.link, view.problems[0].todo) == (Link.LIVE, "log in again")
    await rig.clock.advance(8)
    assert (await rig.flush()).link is Link.STALE


async def test_health_is_asked_again_as_soon_as_the_api_answers(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    rig.cluster.ping_error = rig.cluster.answer = UNREACHABLE
    await rig.clock.advance(40)
    assert (await rig.flush()).health[0].state is not State.OK
    rig.cluster.ping_error, rig.cluster.answer = None, HttpAnswer(200, b'{"status":"ok"}', 0.01)
    await rig.clock.advance(4)
    assert (await rig.flush()).health[0].state is State.OK


async def test_a_cluster_that_has_not_answered_yet_says_so(rig: Rig) -> None:
    rig.cluster.ping_error = ClusterUnreachable("no answer from https://api within 4 s")
    await rig.clock.advance(6)
    view = await rig.flush()
    assert view.link is Link.CONNECTING
    assert view.problems[0].what == "no answer yet from https://api"


async def test_a_missing_context_is_told_and_tried_again() -> None:
    rig = Rig()
    rig.connect_error = ConfigError("no context 'prod-eu' in ~/.kube/config", hint="correct data.kubernetes.context")
    await rig.feed.start()
    while not rig.published:
        await asyncio.sleep(0.001)
    view = await rig.flush()
    assert view.link is Link.DOWN
    assert view.problems[0].todo == "correct data.kubernetes.context"
    rig.connect_error = None
    await rig.clock.advance(3.1)
    while not rig.cluster.opened:
        await asyncio.sleep(0.001)
    await settle()
    rig.cluster.sync()
    assert (await rig.flush()).link is Link.LIVE
    await rig.feed.close()
    assert rig.cluster.closed


async def test_a_mistake_in_one_watch_does_not_end_the_view(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    rig.cluster.queue("deployments").put_nowait(RuntimeError("ours"))  # type: ignore[arg-type]
    await rig.flush()
    await rig.clock.advance(2.1)
    view = await rig.flush()
    assert view.link is Link.LIVE
    assert view.problems[0].kinds == ("deployments",)
    assert rig.cluster.opened.count("deployments") == 2


async def test_a_subscriber_that_raises_disturbs_nobody(rig: Rig) -> None:
    def bad(view: EnvironmentView) -> None:
        raise RuntimeError("theirs")

    unsubscribe = rig.feed.subscribe(bad)
    rig.cluster.sync(pods=[well("a")])
    await rig.flush()
    assert rig.published[-1].synced
    unsubscribe()
    unsubscribe()


async def test_the_last_log_line_of_a_crash_is_fetched_once(rig: Rig) -> None:
    rig.cluster.log_lines["a"] = b'start\n{"level":"fatal","msg":"DB_URL is not set"}\n\n'
    rig.cluster.sync(pods=[crashing("a"), well("b")])
    await rig.flush()
    view = await rig.flush()
    assert dict(view.last_lines) == {"a": "DB_URL is not set"}
    assert rig.cluster.log_calls == [("a", "app", True)]
    rig.cluster.say("pods", Upsert("b", rig.cluster.project("pods", crashing("b"))))
    await rig.flush()
    rig.cluster.say("pods", Upsert("a", rig.cluster.project("pods", crashing("a", restarts=2))))
    await rig.flush()
    await settle()
    assert [c[0] for c in rig.cluster.log_calls].count("a") == 2
    rig.cluster.say("pods", Upsert("a", rig.cluster.project("pods", well("a"))))
    await rig.flush()
    assert "a" not in (await rig.flush()).last_lines


async def test_at_most_twenty_logs_are_asked_for(rig: Rig) -> None:
    rig.cluster.sync(pods=[crashing(f"p{i}") for i in range(50)])
    await rig.flush()
    await settle(200)
    assert len({c[0] for c in rig.cluster.log_calls}) == 20


async def test_a_missing_namespace_is_told(rig: Rig) -> None:
    rig.cluster.namespaces.clear()
    rig.cluster.sync()
    await rig.flush()
    await rig.clock.advance(16)
    view = await rig.flush()
    assert view.problems[0].what == "the cluster has no namespace veza"


async def test_health_is_in_the_view(rig: Rig) -> None:
    rig.cluster.sync()
    view = await rig.flush()
    assert [(h.name, h.state) for h in view.health] == [("backend-api", State.OK)]
    rig.cluster.answer = HttpAnswer(503, b'{"status":"failed","checks":{"database":{"status":"failed"}}}', 0.01)
    await rig.feed.refresh()
    await rig.clock.advance(4)
    view = await rig.flush()
    assert [(h.state, h.detail) for h in view.health] == [(State.FAILED, "503 database failed")]


async def test_last_operation_and_newest_backup_are_asked_for() -> None:
    asked = 0

    async def last() -> LastOperation:
        nonlocal asked
        asked += 1
        return LastOperation("id", "deploy", "oncall", "done" if asked > 1 else "running", 1.0)

    async def broken() -> None:
        raise ClusterError("no")

    rig = Rig(last_operation=last, newest_backup=broken)
    await rig.start()
    rig.cluster.sync()
    view = await rig.flush()
    assert view.last_operation is not None
    assert view.last_operation.state == "running"
    await rig.clock.advance(5.1)
    assert (await rig.flush()).last_operation.state == "done"  # type: ignore[union-attr]
    await rig.feed.close()


async def test_refresh_reopens_what_was_refused(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    rig.cluster.say("events", Lost(Denied("forbidden", status=403)))
    await rig.flush()
    await rig.feed.refresh()
    await settle()
    assert rig.cluster.opened.count("events") == 2
    assert rig.cluster.opened.count("pods") == 1


async def test_a_hiccup_is_not_worth_a_word(rig: Rig) -> None:
    rig.cluster.sync(pods=[well("a")])
    await rig.flush()
    rig.cluster.say("events", Lost(ClusterError("too many requests", status=429)))
    await rig.flush()
    await rig.clock.advance(1)
    rig.cluster.say("events", Heard())
    await rig.clock.advance(3)
    await rig.flush()
    assert all(not view.problems for view in rig.published)


async def test_a_close_that_is_cut_short_closes_the_connection() -> None:
    class HangingProbe:
        closing = asyncio.Event()

        async def ask(self, *_: Any) -> Any:
            await asyncio.Event().wait()

        async def close(self) -> None:
            self.closing.set()
            await asyncio.Event().wait()

    probe = HangingProbe()
    rig = Rig(cache=probe)
    await rig.start()
    closing = asyncio.create_task(rig.feed.close())
    await probe.closing.wait()
    assert not rig.cluster.closed
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert rig.cluster.closed
