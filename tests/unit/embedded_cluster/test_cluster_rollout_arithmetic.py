"""Rollout arithmetic against Kubernetes' own rules and examples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veza_tui.embedded.cluster.rollout import Bounds, Size, bounds, new_size, old_sizes, proportional


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (3, "25%", "25%", (1, 0)),
        (4, "25%", "25%", (1, 1)),
        (10, "25%", "25%", (3, 2)),
        (5, "0%", "10%", (0, 1)),  # both round to zero: one may be unavailable
        (5, 0, 0, (0, 1)),
        (1, "25%", "25%", (1, 0)),
        (2, 2, 5, (2, 2)),  # never more unavailable than there are
        (0, "25%", "25%", (0, 0)),
    ],
)
def test_surge_rounds_up_and_unavailable_down(replicas, surge, unavailable, expected):
    spec = {"replicas": replicas, "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}
    limit = bounds(spec)
    assert (limit.surge, limit.unavailable) == expected


def test_recreate_has_no_room_either_way():
    assert bounds({"replicas": 3, "strategy": {"type": "Recreate"}}) == Bounds(3, 0, 0)


def test_new_set_grows_within_the_surge_and_shrinks_at_once():
    limit = Bounds(10, 3, 2)
    new, old = Size("new", 0), Size("old", 10, 10)
    assert new_size(limit, new, [new, old]) == 3
    new = Size("new", 3)
    assert new_size(limit, new, [new, old]) == 3
    assert new_size(limit, Size("new", 12), [Size("new", 12)]) == 10
    assert new_size(limit, Size("new", 0), [old], recreate=True) == 10


def test_unhealthy_old_pods_go_first():
    limit = Bounds(3, 1, 0)
    broken, good = Size("broken", 1, 0, created=2), Size("good", 3, 3, created=1)
    assert old_sizes(limit, Size("new", 0), [good, broken]) == {"broken": 0}


def test_old_set_keeps_the_minimum_available():
    limit = Bounds(4, 1, 1)
    assert old_sizes(limit, Size("new", 1, 0), [Size("old", 4, 4)]) == {"old": 3}
    assert old_sizes(limit, Size("new", 2, 0), [Size("old", 3, 3)]) == {}
    assert old_sizes(limit, Size("new", 2, 2), [Size("old", 3, 3)]) == {"old": 1}


def test_scaling_in_the_midst_of_a_rollout_is_proportional():
    # The example of the documentation: 10 replicas, maxSurge 3, 8 old and 5 new, scaled to 15.
    limit = Bounds(15, 3, 2)
    old, new = Size("old", 8, 8, 1.0, 13), Size("new", 5, 0, 2.0, 13)
    assert proportional(limit, new, [old], 13) == {"old": 11, "new": 7}


def test_scaling_a_single_set_and_to_zero():
    assert proportional(Bounds(5, 2, 1), Size("new", 3, 3), [], 3) == {"new": 5}
    assert proportional(Bounds(0, 0, 0), Size("new", 2, 2, 2.0, 4), [Size("old", 1, 1, 1.0, 4)], 3) == {
        "new": 0,
        "old": 0,
    }
    assert proportional(Bounds(3, 1, 0), None, [Size("a", 0, created=1), Size("b", 0, created=2)], 0) == {"b": 3}


@settings(max_examples=200, deadline=None)
@given(
    replicas=st.integers(1, 30),
    surge=st.integers(0, 100),
    unavailable=st.integers(0, 100),
    order=st.randoms(use_true_random=False),
)
def test_a_rollout_ends_and_never_leaves_its_bounds(replicas, surge, unavailable, order):
    spec = {
        "replicas": replicas,
        "strategy": {"rollingUpdate": {"maxSurge": f"{surge}%", "maxUnavailable": f"{unavailable}%"}},
    }
    limit = bounds(spec)
    new, old = Size("new", 0), Size("old", replicas, replicas)
    for _ in range(20 * replicas):
        new.replicas = new_size(limit, new, [new, old])
        old.replicas = old_sizes(limit, new, [old]).get("old", old.replicas)
        old.available = min(old.available, old.replicas)
        assert new.replicas + old.replicas <= limit.replicas + limit.surge
        assert new.available + old.available >= limit.replicas - limit.unavailable
        if new.available < new.replicas and order.random() < 0.7:
            new.available += 1
        if (new.available, old.replicas) == (replicas, 0):
            return
    pytest.fail("the rollout did not end")
