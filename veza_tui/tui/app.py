"""The application: composes the screens, dispatches actions, owns the feeds."""

from __future__ import annotations

import asyncio
from typing import Any

from textual import events
from textual.app import App
from textual.filter import Monochrome, NoColor
from textual.widget import Widget
from textual.widgets import Static

from veza_tui.feeds.inspect.objects import Ref
from veza_tui.model.errors import VezaError
from veza_tui.model.workload import PodRow
from veza_tui.resources import shipped
from veza_tui.settings.keymap import altered
from veza_tui.settings.load import settings_of_environment
from veza_tui.settings.model import Settings
from veza_tui.tui.actions import ACTIONS, Situation, use_table
from veza_tui.tui.collector import Collector
from veza_tui.tui.dialogs.base import Dialog
from veza_tui.tui.dispatch import dispatch
from veza_tui.tui.ending import Ending
from veza_tui.tui.presentation.glyphs import ASCII, UNICODE
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.screens.overview import OverviewScreen
from veza_tui.tui.services import Services
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.themes import PALETTES, first_palette
from veza_tui.tui.widgets.lines import Repainted
from veza_tui.tui.widgets.strips import Painter

TICK = 10.0
"""Seconds between two looks at the clock: all ages change together, in one small update."""


class VezaApp(App[int]):
    """Paints first; the workspace is read and the feeds are started behind the first picture."""

    CSS_PATH = [shipped("styles") / "veza.tcss"]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = []  # noqa: RUF012
    TITLE = "veza"

    def __init__(
        self, services: Services, *, ascii_only: bool = False, settings: Settings | None = None, notice: str = ""
    ) -> None:
        """``notice`` is said once, when the first picture stands: what is wrong with the settings."""
        super().__init__()
        self.services = services
        self.settings = settings or settings_of_environment()
        self._notice = notice
        use_table(altered(ACTIONS, self.settings.keys)[0])
        ascii_only = ascii_only or self.settings.ascii
        self.glyphs = ASCII if ascii_only else UNICODE
        self.palette = first_palette(
            no_color=self.no_color, colors=self.console.color_system, wanted=self.settings.theme
        )
        self.painter = Painter(self.palette, ascii_only=ascii_only)
        self.set_class(ascii_only, "-ascii")
        for palette in PALETTES.values():
            self.register_theme(palette.theme())
        self.theme = self.palette.name
        if self.no_color:
            # Textual chose its grey filter before it knew the theme.
            self._filters = [NoColor() if isinstance(f, Monochrome) else f for f in self._filters]
        self.animation_level = "none"
        self.tabs: list[EnvironmentTab] = []
        self.active_index = 0
        self.workspace_error: VezaError | None = None
        self.tick = self._aligned()
        self._collector = Collector(services.clock.monotonic)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.ending = Ending(self._end)
        self.terminal_before: list[Any] | None = None
        """termios' state of the terminal, when somebody kept it before the screen was opened."""
        self._opening = False

    # --- start and end -------------------------------------------------------------------------------------------

    def get_default_screen(self) -> OverviewScreen:
        """The overview is the ground on which the others stand."""
        return OverviewScreen()

    def get_loading_widget(self) -> Widget:
        """Textual's own one sends 160 KB a second."""
        return Static("")

    def on_mount(self) -> None:
        """Everything slow comes after the first paint."""
        self.take_signals()
        self.call_after_refresh(self._begin)

    def take_signals(self) -> None:
        """Hang-up and TERM end cleanly. Again after a shell had the terminal, and the signals with it."""
        self.ending.install(self.terminal_before)

    def copy_to_clipboard(self, text: str) -> None:
        """Textual's own fields copy the same way as ``c``."""
        from veza_tui.tui.clipboard import copy

        copy(self, text)

    def bell(self) -> None:
        """Ring, unless the settings say not to."""
        if self.settings.bell:
            super().bell()

    def _end(self, code: int) -> None:
        self.exit(code, return_code=code)

    def _begin(self) -> None:
        self.spawn(self.open_workspace())
        self._schedule_tick()
        if self._notice:
            self.tell(self._notice, bad=True)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """Run a coroutine beside the screens; what a person may read of its failure is shown."""
        task: asyncio.Task[Any] = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Any) -> None:
        try:
            await work
        except VezaError as error:
            self.tell(str(error), bad=True)
        except Exception as error:
            self._handle_exception(error)

    def tell(self, text: str, *, bad: bool = False) -> None:
        """One line in the corner for some seconds."""
        from veza_tui.tui.presentation.spans import clean

        self.notify(clean(text, 300), severity="error" if bad else "information", timeout=6, markup=False)

    async def open_workspace(self) -> None:
        """Read the workspace and start its feeds; each environment lives or fails on its own."""
        from veza_tui.tui.opening import open_tabs

        if self._opening or self.tabs:
            return
        self._opening = True
        try:
            await open_tabs(self)
        finally:
            self._opening = False

    async def on_unmount(self) -> None:
        """Close every connection; a feed that hangs does not hold up the end."""
        self.ending.remove()
        self._collector.close()
        for tab in self.tabs:
            tab.unsubscribe()
        closing: list[asyncio.Task[Any]] = list(self._tasks)
        for task in closing:
            task.cancel()
        closing += [asyncio.create_task(tab.feed.close()) for tab in self.tabs]
        closing.append(asyncio.create_task(self.services.close()))
        for wait in (2.0, 1.0):
            # Cancelled, each goes straight on to its connections: none may outlive the loop.
            closing = list((await asyncio.wait(closing, timeout=wait))[1]) if closing else []
            for task in closing:
                task.cancel()

    # --- time ----------------------------------------------------------------------------------------------------

    def _aligned(self) -> float:
        return self.services.clock.now() // TICK * TICK

    def _schedule_tick(self) -> None:
        wait = TICK - self.services.clock.now() % TICK
        self.set_timer(max(0.05, wait), self._on_tick)

    def _on_tick(self) -> None:
        self.tick = self._aligned()
        for tab in self.tabs:
            # ``heard_at`` moves without a publish.
            tab.view = tab.feed.view()
        if self.screen_stack:
            self.veza_screen.repaint()
        self._collector.tick()
        self._schedule_tick()

    # --- where we are --------------------------------------------------------------------------------------------

    @property
    def tab(self) -> EnvironmentTab | None:
        """The open environment."""
        return self.tabs[self.active_index] if self.tabs else None

    @property
    def overview(self) -> OverviewScreen:
        """The overview, in front or not."""
        for screen in self.screen_stack:
            if isinstance(screen, OverviewScreen):
                return screen
        raise LookupError("there is no overview")

    @property
    def veza_screen(self) -> VezaScreen:
        """The topmost full screen (dialogs stand over it)."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, VezaScreen):
                return screen
        return self.overview

    def situation(
        self,
        *,
        pod: PodRow | None = None,
        screen: str = "overview",
        offers: frozenset[str] = frozenset(),
        ref: Ref | None = None,
    ) -> Situation:
        """What actions would act on."""
        tab = self.tab
        return Situation(
            environment=tab.environment if tab else None,
            view=tab.view if tab else None,
            pod=pod,
            read_only=self.services.read_only,
            screen=screen,
            offers=offers,
            ref=ref,
            denied=tab.denied if tab else "",
            denied_operation=tab.denied_operation if tab else "",
            denied_shell=tab.denied_shell if tab else "",
            denied_forward=tab.denied_forward if tab else "",
            unchanged=tab.unchanged if tab else False,
        )

    def activate(self, index: int) -> None:
        """Open the environment ``index``; screens over the overview are closed."""
        if not self.tabs:
            # Typed before the workspace was read: opened as soon as it is.
            self.active_index = index
        if not 0 <= index < len(self.tabs):
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.active_index = index
        self.tabs[index].look()
        self.spawn(self.overview.show_active())

    def paint_hints(self) -> None:
        """The footer, after the cursor moved."""
        self.veza_screen.paint_frame()

    def set_palette(self, name: str) -> None:
        """Another theme, at once."""
        self.palette = PALETTES[name]
        self.painter = Painter(self.palette, ascii_only=self.glyphs is ASCII)
        self.theme = name
        for screen in self.screen_stack:
            for widget in screen.query(Repainted):
                widget.set_painter(self.painter)

    # --- actions -------------------------------------------------------------------------------------------------

    def do(self, action: str) -> None:
        """Run an action by its id."""
        dispatch(self, action)

    async def action_do(self, action: str, key: str) -> None:
        """Run the action of a key. A question that it asks at once stands before the next key is looked at."""
        dispatch(self, action, key)
        for _ in range(3):
            await asyncio.sleep(0)

    def _ahead(self, event: events.Key) -> bool:
        ahead = getattr(self.screen, "typed_ahead", None)
        return ahead is not None and bool(ahead(event))

    async def on_event(self, event: events.Event) -> None:
        """Keys typed before a question was painted never answer it."""
        if isinstance(event, events.Key):
            self._collector.key()
        if isinstance(event, events.Key) and not event.is_forwarded and self.screen_stack:
            since = getattr(self.screen, "answers_since", 0.0)
            if (since is None or event.time < since) and self._ahead(event):
                event.stop()
                return
            if isinstance(self.screen, Dialog) and self.screen.is_mounted and self.screen.begins(event):
                event.stop()
                return
        # It came back from a screen that had no use for it: an input opened meanwhile may have.
        if isinstance(event, events.Key) and event.is_forwarded and self.screen_stack and self._ahead(event):
            return
        await super().on_event(event)
