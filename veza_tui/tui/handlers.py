"""Handlers of the actions that belong to the frame itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from veza_tui.feeds.broken import BrokenFeed
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.pods import SORTS
from veza_tui.tui.screens.overview import OverviewScreen
from veza_tui.tui.themes import ANSI, CONTRAST, DARK, LIGHT, PLAIN

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp


async def go_to_tab(app: VezaApp, at: Situation) -> None:
    """The digit keys are dispatched by the application itself."""


async def next_tab(app: VezaApp, at: Situation) -> None:
    """The environment to the right."""
    if app.tabs:
        app.activate((app.active_index + 1) % len(app.tabs))


async def previous_tab(app: VezaApp, at: Situation) -> None:
    """The environment to the left."""
    if app.tabs:
        app.activate((app.active_index - 1) % len(app.tabs))


def edit_filter(app: VezaApp, at: Situation) -> None:
    """Type a filter."""
    app.veza_screen.edit_filter()


async def _sort(app: VezaApp, step: int) -> None:
    tab, screen = app.tab, app.veza_screen
    if tab is None or not isinstance(screen, OverviewScreen):
        return
    index = (SORTS.index(tab.want.sort) + step) % len(SORTS)
    tab.want = replace(tab.want, sort=SORTS[index])
    screen.paint()


async def sort_next(app: VezaApp, at: Situation) -> None:
    """Sort by the next column."""
    await _sort(app, 1)


async def sort_previous(app: VezaApp, at: Situation) -> None:
    """Sort by the previous column."""
    await _sort(app, -1)


async def sort_reverse(app: VezaApp, at: Situation) -> None:
    """The other way round."""
    if app.tab is not None:
        app.tab.want = replace(app.tab.want, reverse=not app.tab.want.reverse)
        app.veza_screen.paint()


async def refresh(app: VezaApp, at: Situation) -> None:
    """Ask again; reads the workspace when that failed."""
    if app.tab is None:
        await app.open_workspace()
        return
    if isinstance(app.tab.feed, BrokenFeed):
        from veza_tui.tui.opening import reopen

        await reopen(app, app.tab)
        return
    await app.tab.feed.refresh()
    app.veza_screen.reload()
    app.veza_screen.repaint()


async def open_selected(app: VezaApp, at: Situation) -> None:
    """What enter does on the screen in front."""
    await app.veza_screen.open_selected(at)


async def copy_name(app: VezaApp, at: Situation) -> None:
    """The pod's name, or what the screen offers."""
    from veza_tui.tui.clipboard import copy

    text = app.veza_screen.copy_text(at)
    if not text:
        app.tell("nothing to copy here")
        return
    copy(app, text)


async def cursor_down(app: VezaApp, at: Situation) -> None:
    """One down."""
    app.veza_screen.move(1)


async def cursor_up(app: VezaApp, at: Situation) -> None:
    """One up."""
    app.veza_screen.move(-1)


async def cursor_first(app: VezaApp, at: Situation) -> None:
    """To the first."""
    app.veza_screen.move_edge(first=True)


async def cursor_last(app: VezaApp, at: Situation) -> None:
    """To the last."""
    app.veza_screen.move_edge(first=False)


async def page_down(app: VezaApp, at: Situation) -> None:
    """A page down."""
    app.veza_screen.move_page(1)


async def page_up(app: VezaApp, at: Situation) -> None:
    """A page up."""
    app.veza_screen.move_page(-1)


async def back(app: VezaApp, at: Situation) -> None:
    """Close what is open."""
    screen = app.veza_screen
    if not screen.back() and len(app.screen_stack) > 1:
        app.pop_screen()


def open_palette(app: VezaApp, at: Situation) -> None:
    """The command palette."""
    from veza_tui.tui.screens.palette import PaletteScreen

    app.push_screen(PaletteScreen(at))


async def open_help(app: VezaApp, at: Situation) -> None:
    """The help about the screen in front."""
    from veza_tui.tui.screens.help import HelpScreen

    if not isinstance(app.veza_screen, HelpScreen):
        app.push_screen(HelpScreen(at))


async def next_theme(app: VezaApp, at: Situation) -> None:
    """Dark, light, high contrast, the terminal's own."""
    if app.no_color:
        app.tell("NO_COLOR is set: there is no theme to choose")
        return
    order = [DARK.name, LIGHT.name, CONTRAST.name, ANSI.name]
    here = order.index(app.palette.name) if app.palette is not PLAIN else -1
    app.set_palette(order[(here + 1) % len(order)])


async def open_exercises(app: VezaApp, at: Situation) -> None:
    """What the control socket offers."""
    from veza_tui.tui.screens.exercises import ExercisesScreen

    app.push_screen(ExercisesScreen())


async def quit_program(app: VezaApp, at: Situation) -> None:
    """End; what runs detached goes on."""
    app.exit(0)
