"""Handlers of what looks closer: describe, YAML, events, owners, health, compare."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from veza_tui.feeds.inspect.objects import Ref
from veza_tui.model.errors import UnreachableError
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.actions import LOOKS, Situation
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.state import EnvironmentTab

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp


def _open(app: VezaApp) -> tuple[EnvironmentTab, Cluster]:
    """The open environment and its connection.

    Raises:
        UnreachableError: there is none yet.
    """
    tab = app.tab
    if tab is None or tab.feed.cluster is None:
        raise UnreachableError("there is no connection to the cluster yet", hint="wait, or ctrl-r")
    return tab, tab.feed.cluster


def _look(app: VezaApp, screen: VezaScreen) -> None:
    """Looks stand beside each other, not on top of each other: escape leads back to where they were opened."""
    from veza_tui.tui.screens.look import LookScreen

    if isinstance(app.veza_screen, LookScreen) and app.veza_screen.title_name in LOOKS:
        app.switch_screen(screen)
    else:
        app.push_screen(screen)


def _ref(app: VezaApp, at: Situation) -> Ref | None:
    if at.ref is not None:
        return at.ref
    return None if at.pod is None else Ref("Pod", at.pod.name, at.pod.namespace, at.pod.uid)


async def describe(app: VezaApp, at: Situation) -> None:
    """``d``."""
    from veza_tui.tui.screens.describe import DescribeScreen

    ref, screen = _ref(app, at), app.veza_screen
    if ref is None or (isinstance(screen, DescribeScreen) and screen.ref == ref):
        return
    tab, cluster = _open(app)
    app.push_screen(DescribeScreen(tab, cluster, ref))


async def yaml(app: VezaApp, at: Situation) -> None:
    """``y``."""
    from veza_tui.tui.screens.yaml_view import YamlScreen

    ref, screen = _ref(app, at), app.veza_screen
    if ref is None or (isinstance(screen, YamlScreen) and screen.ref == ref):
        return
    tab, cluster = _open(app)
    app.push_screen(YamlScreen(tab, cluster, ref))


async def toggle_managed(app: VezaApp, at: Situation) -> None:
    """``m`` on a YAML page."""
    from veza_tui.tui.screens.yaml_view import YamlScreen

    if isinstance(app.veza_screen, YamlScreen):
        app.veza_screen.toggle_managed()


async def reveal(app: VezaApp, at: Situation) -> None:
    """``x`` on a Secret: audited before anything is shown; refused to who may not read secrets."""
    from veza_tui.operations.inspect.reveal import reveal_secret
    from veza_tui.tui.screens.yaml_view import YamlScreen

    screen = app.veza_screen
    if not isinstance(screen, YamlScreen) or not screen.secret or at.environment is None:
        return
    if screen.revealed:
        screen.set_revealed(False)
        return
    _, cluster = _open(app)
    ref = screen.ref
    service = app.services.service("operations")
    await reveal_secret(cluster, service.audit, at.environment, ref.name)
    if app.veza_screen is screen:
        screen.set_revealed(True)


async def events(app: VezaApp, at: Situation) -> None:
    """``e``."""
    from veza_tui.tui.screens.events import EventsScreen

    tab, cluster = _open(app)
    if not isinstance(app.veza_screen, EventsScreen):
        _look(app, EventsScreen(tab, cluster))


async def owners(app: VezaApp, at: Situation) -> None:
    """``o``."""
    from veza_tui.tui.screens.owners import OwnersScreen

    if app.tab is not None and not isinstance(app.veza_screen, OwnersScreen):
        _look(app, OwnersScreen(app.tab))


async def health(app: VezaApp, at: Situation) -> None:
    """``H``."""
    from veza_tui.tui.screens.health import HealthScreen

    tab = app.tab
    if tab is None or isinstance(app.veza_screen, HealthScreen):
        return
    store = None
    with contextlib.suppress(KeyError):  # none is kept here: a test's services
        store = app.services.service("health_store")(tab.environment.name)
    _look(app, HealthScreen(tab, store))


async def compare(app: VezaApp, at: Situation) -> None:
    """``=``."""
    from veza_tui.operations.inspect.compare import Comparison, read_all
    from veza_tui.operations.inspect.drift import Drift, read_drift
    from veza_tui.tui.screens.compare import CompareScreen

    tab = app.tab
    if tab is None or isinstance(app.veza_screen, CompareScreen):
        return

    async def side_by_side() -> Comparison:
        clusters: dict[str, Cluster] = {}
        away = []
        for one in app.tabs:
            if one.feed.cluster is None:
                away.append((one.name, "is not connected"))
            else:
                clusters[one.name] = one.feed.cluster
        reached = [one.environment for one in app.tabs if one.name in clusters]
        if len(reached) < 2:
            raise UnreachableError("fewer than two environments are connected", hint="wait, then ctrl-r")
        found = await read_all(reached, lambda environment: clusters[environment.name])
        return replace(found, problems=(*away, *found.problems), reached=found.reached and not away)

    async def drift() -> Drift:
        cluster = tab.feed.cluster
        if cluster is None:
            raise UnreachableError("there is no connection to the cluster yet", hint="wait, then ctrl-r")
        return await read_drift(app.services.service("workspace"), tab.environment, cluster)

    _look(app, CompareScreen(tab, side_by_side, drift))


async def toggle_drift(app: VezaApp, at: Situation) -> None:
    """``t`` on the comparison."""
    from veza_tui.tui.screens.compare import CompareScreen

    if isinstance(app.veza_screen, CompareScreen):
        app.veza_screen.toggle_drift()


async def open_object(app: VezaApp, at: Situation) -> None:
    """Enter on a row: a pod's page, another object's description."""
    from veza_tui.tui.screens.pod import PodScreen

    if at.pod is not None:
        app.push_screen(PodScreen(at.pod))
    elif at.ref is not None:
        await describe(app, at)
    else:
        app.tell("there is nothing to open: it is gone, or of a kind that is not shown here")
