"""Reading the workspace and starting its feeds, behind the first picture."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from veza_tui.model.errors import VezaError
from veza_tui.model.view import EnvironmentView, Link
from veza_tui.tui.alerts import Alerts
from veza_tui.tui.state import EnvironmentTab

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

HEAD_START = 0.8
"""Seconds that the first environment has for its first list before the others start."""


async def open_tabs(app: VezaApp) -> None:
    """One tab an environment, and their feeds; what keeps the workspace from being read is shown."""
    try:
        environments = await asyncio.to_thread(app.services.environments)
        app.workspace_error = None
    except VezaError as error:
        app.workspace_error = error
        app.veza_screen.repaint()
        return
    feeds = app.services.feeds(environments)
    app.tabs = [EnvironmentTab(e, f, f.view()) for e, f in zip(environments, feeds, strict=True)]
    app.active_index = app.active_index if app.active_index < len(app.tabs) else 0
    await app.overview.show_active()
    for tab in app.tabs:
        tab.unsubscribe = tab.feed.subscribe(_published(app, tab))
    await _start_feeds(app)


async def reopen(app: VezaApp, tab: EnvironmentTab) -> None:
    """Read the file of an environment anew that could not be read."""
    tab.environment = await asyncio.to_thread(app.services.again, tab.name)
    tab.feed = app.services.feeds([tab.environment])[0]
    tab.unsubscribe()
    tab.unsubscribe = tab.feed.subscribe(_published(app, tab))
    tab.publish(tab.feed.view(), looking=tab is app.tab)
    app.veza_screen.repaint()
    await tab.feed.start()


async def _start_feeds(app: VezaApp) -> None:
    """The tab in front first: importing clients and listing three clusters at once would make it wait for all."""
    front = app.tabs[app.active_index]
    listed = asyncio.Event()

    def watch(view: EnvironmentView) -> None:
        if view.synced or view.link in (Link.DOWN, Link.STALE):
            listed.set()

    unsubscribe = front.feed.subscribe(watch)
    await front.feed.start()
    try:
        await asyncio.wait_for(listed.wait(), HEAD_START)
    except TimeoutError:
        pass
    finally:
        unsubscribe()
    await asyncio.gather(*(tab.feed.start() for tab in app.tabs if tab is not front))
    app.spawn(_offer_interrupted(app))


async def _offer_interrupted(app: VezaApp) -> None:
    await asyncio.sleep(1.0)  # the rows come first
    for module in ("tui.operate", "operations.service"):
        # Some 50 ms of imports: a key would wait for them.
        await asyncio.to_thread(importlib.import_module, f"veza_tui.{module}")
    from veza_tui.tui.operate import offer_interrupted

    with contextlib.suppress(KeyError):  # no operations here: a test's services
        await offer_interrupted(app)


def _published(app: VezaApp, tab: EnvironmentTab) -> Callable[[EnvironmentView], None]:
    alerts = Alerts(tab.environment, app.bell, lambda text: app.tell(text, bad=True), on=app.settings.bell)

    def publish(view: EnvironmentView) -> None:
        active = tab is app.tab
        tab.publish(view, looking=active)
        alerts.take(view)
        if not app.is_running or not app.screen_stack:
            return
        screen = app.veza_screen
        if active:
            screen.repaint()
        else:
            screen.paint_frame()

    return publish
