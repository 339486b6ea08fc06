"""Log lines and the line over them, as they are painted."""

from __future__ import annotations

import pytest

from veza_tui.feeds.logs.match import Matcher
from veza_tui.feeds.logs.stamps import stamp_of
from veza_tui.model.log import Scope, Source, tag
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.log_head import Head, head_line
from veza_tui.tui.presentation.logs import Look, rows_of
from veza_tui.tui.presentation.spans import plain

POD = Source(0, "u", "ns", "backend-api-green-7d9f8b6c5-x2x9z", "app", short="backend-api-green·x2x9z")
JSON = b'{"level":"info","service":"backend-api","msg":"served","status":200}'


def shown(text: bytes, look: Look, source: Source = POD) -> str:
    line = stamp_of(1_700_000_000.0) + b" " + text + tag(source.number)
    return " ".join(plain(row) for row in rows_of(line, source, look, 160, UNICODE))


def test_the_service_is_said_once() -> None:
    assert "served status=200" in shown(JSON, Look()) and "service=" not in shown(JSON, Look())
    assert "service=" not in shown(JSON, Look(), Source(0, "u", "ns", "web-0", "backend-api"))


@pytest.mark.parametrize(
    ("look", "source"),
    [
        (Look(names=False), POD),
        (Look(matchers=(Matcher("backend"),)), POD),
        (Look(), Source(0, "u", "ns", "gateway-7d9f8b6c5-x2x9z", "app")),
    ],
)
def test_a_service_that_stands_nowhere_else_or_is_searched_for_is_shown(look: Look, source: Source) -> None:
    assert "service=backend-api" in shown(JSON, look, source)


def test_raw_shows_every_byte() -> None:
    assert JSON.decode() in shown(JSON, Look(raw=True))


def test_what_is_held_and_its_key_stand_apart() -> None:
    head = Head("production", Scope.ENVIRONMENT, 3, 120, 0, following=False, previous=False, raw=True)
    assert plain(head_line(head, 80, UNICODE)).rstrip().endswith("raw · held · G follows")
