"""What a person says about when it happened: understood as meant, with a zone, or refused; never misread in silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from veza_tui.model.errors import ConfigError
from veza_tui.model.moment import parse_moment, spoken

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 23, 14, 45, 30, tzinfo=PARIS)  # a Monday


@pytest.fixture(autouse=True)
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "23 14:45:30"),
        ("14:05", "23 14:05:00"),
        ("before 14:05", "23 14:05:00"),
        ("14h05", "23 14:05:00"),  # the guide is French; it was read as 14 hours ago
        ("2:05 pm", "23 14:05:00"),
        ("15:00", "22 15:00:00"),  # the last such
        ("13:05 UTC", "23 14:05:00"),
        ("13:05Z", "23 14:05:00"),
        ("08:05 America/New_York", "23 14:05:00"),
        ("1h30m ago", "23 13:15:30"),  # was read as 1 hour
        ("1h 30m", "23 13:15:30"),
        ("an hour and 5 minutes ago", "23 13:40:30"),
        ("half an hour ago", "23 14:15:30"),
        ("2 days ago", "21 14:45:30"),
        ("yesterday 14:05", "22 14:05:00"),
        ("yesterday at 2pm", "22 14:00:00"),
        ("sunday 14:05", "22 14:05:00"),
        ("monday 15:00", "16 15:00:00"),
        ("2026-11-22", "22 00:00:00"),
        ("2026-11-22 14:05:06", "22 14:05:06"),
        ("2026-11-22T13:05:06.5Z", "22 14:05:06"),
        ("2026-11-22 15:05:06 +0200", "22 14:05:06"),
        ("22/11/2026 14:05", "22 14:05:00"),
        ("22.11.2026, 14:05", "22 14:05:00"),
        ("22 Nov 2026 14:05", "22 14:05:00"),
        ("Nov 22 14:05", "22 14:05:00"),
        ("20261122_140506", "22 14:05:06"),  # as a backup is named
        ("@1795439106", "23 14:05:06"),
    ],
)
def test_words_are_understood_as_meant(text: str, meant: str) -> None:
    assert spoken(parse_moment(text, NOW.timestamp())) == f"2026-11-{meant} CET"


@pytest.mark.parametrize(
    "text",
    ["", "  ", "10 months ago", "3 ms", "yesterday", "monday", "25:00", "2026-02-30", "05/06/2026 10:00", "14:05 IST",
     "-2h", "99999999999999d", "0001-01-01 00:00", "deploy seven", "5", "14.05", "99999999999", "1h30 ago"],
)  # fmt: skip
def test_what_is_no_moment_or_two_is_refused_with_what_can_be_said(text: str) -> None:
    with pytest.raises(ConfigError, match=r"no time that I understand.*2h ago"):
        parse_moment(text, NOW.timestamp())


@pytest.mark.parametrize("text", ["2030-01-01", "2026-11-23 14:47", "today 18:00", "9999-12-31"])
def test_the_future_is_refused_with_the_zone(text: str) -> None:
    with pytest.raises(ConfigError, match=r"CET is in the future: it is 2026-11-23 14:45:30 CET now"):
        parse_moment(text, NOW.timestamp())


def test_in_the_hour_that_comes_twice_the_earlier_is_meant() -> None:
    assert spoken(parse_moment("2026-10-25 02:30", NOW.timestamp())) == "2026-10-25 02:30:00 CEST"
