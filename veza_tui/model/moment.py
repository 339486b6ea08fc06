"""A person's words for a moment: clock times, dates, "2h ago", with or without a zone. Pure.

What can be read in two ways (05/06/2026, an abbreviated zone) is not guessed at: a restore would go back to the wrong
day. In an hour that a change of the clocks repeats, the earlier of the two is meant: too old a backup loses less.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from time import localtime, strftime

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable

UNDERSTOOD = "14:05, 14:05 UTC, yesterday 14:05, 2h ago, 2026-01-31 14:05, or deploy 7"

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 604800),
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?|an?|half an?)\s*([a-z]+)\s*(?:and\s+)?")
_LEAD = re.compile(r"(?:(?:just\s+)?before|at|around|about|since)\s+")
_UNIX = re.compile(r"@(\d{1,11}(?:\.\d+)?)|(\d{9,10})")
_CLOCK = re.compile(
    r"(?P<h>\d{1,2})(?::(?P<m>\d{2})(?::(?P<s>\d{2})(?:\.\d+)?)?|h(?P<hm>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?"
)
_ZONE = re.compile(r"\s*(z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{1,2}|(?<=\s)[a-z]+(?:/[a-z_+-]+)+)$")
_NUMERIC = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})([./])(\d{1,2})\5(\d{4})|(\d{4})(\d{2})(\d{2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMED = re.compile(r"(?:(\d{1,2})\s+([a-z]{3,9})|([a-z]{3,9})\s+(\d{1,2}))(?:,?\s+(\d{4}))?")


def parse_moment(text: str, now: float) -> float:
    """A person's time as unix seconds, in the local zone unless it names one. A bare clock time is the last such.

    Raises:
        ConfigError: it cannot be understood, can be read in two ways, or is in the future; shows what can.
    """
    words = " ".join(text.replace(",", " ").split()).lower()
    words = _LEAD.sub("", words, count=1) if _LEAD.match(words) else words
    try:
        found = _parse(words, now)
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None:
        raise ConfigError(f"{printable(text.strip(), limit=40)!r} is no time that I understand", hint=UNDERSTOOD)
    if found > now + 60:  # two clocks of one minute's difference are no reason
        raise ConfigError(f"{spoken(found)} is in the future: it is {spoken(now)} now")
    return found


def spoken(at: float) -> str:
    """A moment with its zone, so that nobody takes it for another one."""
    return strftime("%Y-%m-%d %H:%M:%S %Z", localtime(at))


def _parse(words: str, now: float) -> float | None:
    if words in ("now", "just now"):
        return now
    unix = _UNIX.fullmatch(words)
    if unix:
        return float(unix[1] or unix[2])
    seconds = _ago(words)
    if seconds is not None:
        moment = now - seconds
        datetime.fromtimestamp(moment, UTC)  # raises where no calendar goes
        return moment
    words, zone = _zone(words)
    here = datetime.fromtimestamp(now, zone) if zone else datetime.fromtimestamp(now).astimezone()
    clock = _clock(words)
    if clock is not None:
        moment = _at(here.date(), clock, zone)
        return moment if moment <= now else _at(here.date() - timedelta(days=1), clock, zone)
    head, _, tail = words.replace("t", " ", 1).partition(" ") if re.match(r"\d{4}-", words) else words.partition(" ")
    if "_" in words:
        head, _, tail = words.partition("_")
        tail = f"{tail[:2]}:{tail[2:4]}:{tail[4:]}" if re.fullmatch(r"\d{6}", tail) else "?"
    tail = tail.removeprefix("at ")
    day = _day(head, here.date())
    if day is None:
        named = _NAMED.match(words)
        if named is None:
            return None
        day, tail = _named(named, here.date()), words[named.end() :].strip().removeprefix("at ")
        if day is None:
            return None
    elif (head in ("today", "yesterday") or head[:3] in _DAYS) and not tail:
        return None  # a whole day is no moment
    clock = _clock(tail) if tail else time()
    if clock is None:
        return None
    moment = _at(day, clock, zone)
    return moment - 7 * 86400 if head[:3] in _DAYS and moment > now else moment


def _ago(words: str) -> float | None:
    rest = words.removesuffix("ago").strip()
    total, position = 0.0, 0
    while position < len(rest):
        match = _SPAN.match(rest, position)
        if match is None or match[2] not in _UNITS:
            return None
        number = 0.5 if match[1].startswith("half") else 1.0 if match[1][0] == "a" else float(match[1])
        total += number * _UNITS[match[2]]
        position = match.end()
    return total if rest else None


def _zone(words: str) -> tuple[str, tzinfo | None]:
    match = _ZONE.search(words)
    # The minus of a date is no zone.
    if match is None or (match[1][0] in "+-" and ":" not in words[: match.start()]):
        return words, None
    name, rest = match[1], words[: match.start()].strip()
    if name in ("z", "utc", "gmt"):
        return rest, UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "")
        hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
        delta = timedelta(hours=hours, minutes=minutes)
        return rest, timezone(delta if name[0] == "+" else -delta)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    titled = "/".join("_".join(w.capitalize() for w in part.split("_")) for part in name.split("/"))
    try:
        return rest, ZoneInfo(titled)
    except ZoneInfoNotFoundError as error:
        raise ValueError(name) from error


def _clock(words: str) -> time | None:
    match = _CLOCK.fullmatch(words)
    if match is None or (match["m"] is None and match["hm"] is None and match["half"] is None):
        return None
    hour = int(match["h"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"][0] == "p" else 0)
    return time(hour, int(match["m"] or match["hm"] or 0), int(match["s"] or 0))


def _day(word: str, today: date) -> date | None:
    if word in ("today", "yesterday"):
        return today - timedelta(days=1 if word == "yesterday" else 0)
    for index, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        if word in (name, name[:3]):
            return today - timedelta(days=(today.weekday() - index) % 7)
    match = _NUMERIC.fullmatch(word)
    if match is None:
        return None
    if match[1] or match[8]:
        return date(*(int(g) for g in (match.group(1, 2, 3) if match[1] else match.group(8, 9, 10))))
    first, second = int(match[4]), int(match[6])
    if match[5] == "/" and first <= 12 and second <= 12 and first != second:
        raise ValueError("month first or day first?")
    if match[5] == "/" and second > 12:
        first, second = second, first
    return date(int(match[7]), second, first)


def _named(match: re.Match[str], today: date) -> date | None:
    number, word = (match[1], match[2]) if match[1] else (match[4], match[3])
    if word[:3] not in _MONTHS:
        return None
    month = _MONTHS.index(word[:3]) + 1
    if match[5]:
        return date(int(match[5]), month, int(number))
    found = date(today.year, month, int(number))
    return found if found <= today else found.replace(year=today.year - 1)


def _at(day: date, clock: time, zone: tzinfo | None) -> float:
    moment = datetime.combine(day, clock)
    return (moment.replace(tzinfo=zone) if zone else moment).timestamp()
