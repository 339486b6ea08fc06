"""Services for the screens: a broken environment costs one tab; the clipboard; defaults before the import."""

import base64

import pytest

from tests.tools.synthetic import FixedClock, SyntheticFeed, environment
from veza_tui.cli.commands.ui import prepare_environment
from veza_tui.feeds.broken import BrokenFeed
from veza_tui.feeds.clock import SystemClock
from veza_tui.model.errors import ConfigError
from veza_tui.model.view import Link
from veza_tui.tui.app import VezaApp
from veza_tui.tui.clipboard import osc52
from veza_tui.tui.provided import ProvidedServices


def provided(names: list[str], **more: object) -> ProvidedServices:
    def read(name: str) -> object:
        if name == "broken-prod":
            raise ConfigError("environments/broken-prod.yaml:3: port is text", hint="write a number")
        return environment(name)

    return ProvidedServices(
        names=lambda: names,
        environment=read,  # type: ignore[arg-type]
        feed=lambda e: SyntheticFeed(e.name),  # type: ignore[arg-type,return-value]
        clock=FixedClock(1.0),
        user="me",
        **more,  # type: ignore[arg-type]
    )


async def test_a_broken_file_costs_one_tab_which_says_what_to_do() -> None:
    services = provided(["development", "broken-prod"])
    environments = services.environments()
    feeds = services.feeds(environments)
    assert [e.name for e in environments] == ["development", "broken-prod"]
    assert environments[1].production
    assert environments[1].read_only
    assert feeds[1].view().link is Link.DOWN
    assert feeds[1].view().problems[0].todo == "write a number"
    await feeds[1].start()
    await feeds[1].refresh()
    await feeds[1].close()


async def test_a_file_that_was_put_right_is_read_again() -> None:
    wrong = True

    def read(name: str) -> object:
        if name == "staging" and wrong:
            raise ConfigError("environments/staging.yaml:3: port is text", hint="write a number")
        return environment(name)

    services = ProvidedServices(
        names=lambda: ["development", "staging"],
        environment=read,  # type: ignore[arg-type]
        feed=lambda e: SyntheticFeed(e.name),  # type: ignore[arg-type,return-value]
        clock=SystemClock(),
        user="me",
    )
    app = VezaApp(services)
    async with app.run_test(size=(100, 30)) as pilot:
        while len(app.tabs) < 2:
            await pilot.pause(0.01)
        tab = app.tabs[1]
        await pilot.press("2", "ctrl+r")
        await pilot.pause()
        assert tab.view.link is Link.DOWN
        assert isinstance(tab.feed, BrokenFeed)
        wrong = False
        await pilot.press("ctrl+r")
        while isinstance(tab.feed, BrokenFeed):
            await pilot.pause(0.01)
        await pilot.pause()
        assert tab.feed.started
        assert tab.environment.domain == "staging.veza.com"


def test_an_empty_workspace_says_what_to_do_and_read_only_reaches_environments() -> None:
    with pytest.raises(ConfigError, match="no environment"):
        provided([]).environments()
    assert provided(["development"], read_only=True).environments()[0].read_only


def test_services_by_name_are_made_once() -> None:
    services = provided(["development"], services={"list": list})
    assert services.service("list") is services.service("list")
    with pytest.raises(KeyError):
        services.service("none")


def test_osc52_is_wrapped_for_tmux() -> None:
    plain = osc52("pod", tmux=False)
    assert base64.b64decode(plain.removeprefix("\x1b]52;c;").removesuffix("\x07")) == b"pod"
    wrapped = osc52("pod", tmux=True)
    assert wrapped.startswith("\x1bPtmux;\x1b\x1b]52;c;")
    assert wrapped.endswith("\x1b\\")


def test_defaults_over_ssh_and_an_empty_no_color() -> None:
    environ = {"SSH_CONNECTION": "1 2 3 4", "NO_COLOR": "", "TEXTUAL_FPS": "30"}
    prepare_environment(environ)
    assert environ["TEXTUAL_FPS"] == "30"
    assert environ["TEXTUAL_SMOOTH_SCROLL"] == "0"
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert "NO_COLOR" not in environ
    local = {"NO_COLOR": "1"}
    prepare_environment(local)
    assert local == {"NO_COLOR": "1", "TEXTUAL_ANIMATIONS": "none"}
