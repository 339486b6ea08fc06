"""Logs: of a pod, of its service, of the whole environment. Everything typed acts on what is buffered, live."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from textual.app import ComposeResult
from textual.widgets import Input

from veza_tui.feeds.logs.session import LogSession
from veza_tui.feeds.logs.targets import crash_loop, deployment_of, followed_words
from veza_tui.feeds.logs.times import beginning, moment, stamp_at
from veza_tui.feeds.logs.visible import text_of
from veza_tui.feeds.logs.wish import Wish
from veza_tui.model.environment import Environment
from veza_tui.model.errors import VezaError
from veza_tui.model.log import Beginning, Scope, Target, payload_of, source_of
from veza_tui.model.text import printable
from veza_tui.model.workload import PodRow
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.actions import Situation
from veza_tui.tui.log_recorder import Recorder
from veza_tui.tui.presentation.log_head import Head, head_line
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.log_search import LogSearchScreen
from veza_tui.tui.widgets.log import LogView
from veza_tui.tui.widgets.prompt import Prompt
from veza_tui.tui.widgets.sheet import Sheet

TAIL = {Scope.POD: 1000, Scope.SERVICE: 300, Scope.ENVIRONMENT: 100}
"""Lines per container with which it begins, until S says otherwise."""
FULL_PAUSE = 1.0
"""Seconds between two changes of the count of dropped lines."""
SHIFT = 16
MOST_COPIED = 1 << 20


class LogsScreen(LogSearchScreen):
    """One window on a ring of lines; the session behind it is made anew when something else is to be read."""

    AUTO_FOCUS = ""  # the hidden input would take every key
    title_name = "logs"
    offers = frozenset(("open", "filter"))

    def __init__(self, target: Target, *, pod: PodRow | None = None, previous: bool = False) -> None:
        super().__init__()
        self.target = target
        self.previous = previous
        self.begin: Beginning | None = None
        self.session: LogSession | None = None
        self._pod = pod
        self._tab = self.veza.tab
        self._cluster: Cluster | None = None
        self._unsubscribe: Any = None
        self._recorder = Recorder(self.sources, self.veza.services.clock.now)
        self._dropped_shown = 0
        self._dropped_at = 0.0
        self._restarting = asyncio.Lock()

    @property
    def environment(self) -> Environment:
        """The one whose logs these are."""
        assert self._tab is not None
        return self._tab.environment

    # --- parts ---------------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """What it is, the lines, and where one types."""
        yield Sheet(self.veza.painter, id="title", fixed=1)
        yield Sheet(self.veza.painter, id="notice", fixed=1)
        yield LogView(self.ring, self.sources, self.veza.painter, self.veza.glyphs)
        yield Prompt(self.veza.painter)

    @property
    def named(self) -> bool:
        """Whether more than one container is, or may come to be, read."""
        return self.session is not None and self.session.named

    def situation(self) -> Situation:
        """Actions are about the pod, where it is one."""
        pod = self._pod if self.target.scope is Scope.POD else None
        return self.veza.situation(pod=pod, screen=self.title_name, offers=self.offers)

    # --- reading -------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#notice").display = False
        super().on_mount()
        if self._tab is not None:
            self._unsubscribe = self._tab.feed.subscribe(lambda _: self._pods_changed())
            self.veza.spawn(self.restart())

    async def restart(self) -> None:
        """Read something else, or from another beginning; the buffer is emptied."""
        async with self._restarting:
            if self.session is not None:
                await self.session.close()
                self.session = None
            self.ring.clear()
            self.sources.clear()
            self.view.forget()
            self.view.following = True
            if self._cluster is None:
                connect = self.veza.services.service("connect")
                self._cluster = await asyncio.to_thread(connect, self.environment)
            if not self.is_attached:
                return
            wish = Wish(
                (self.target,),
                self.begin or Beginning(tail=None if self.previous else TAIL[self.target.scope]),
                follow=not self.previous,
                previous=self.previous,
                patience=15.0 if self.previous else None,
            )
            assert self._cluster is not None
            self.session = LogSession(
                self._cluster,
                wish,
                self.veza.services.clock,
                self._deliver,
                changed=self._sources_changed,
                sources=self.sources,
            )
            self._pods_changed()
            self.paint()

    def _pods_changed(self) -> None:
        if self.session is None or self._tab is None or not self.is_attached:
            return
        view = self._tab.feed.view()
        if not view.synced:
            return
        if self._pod is not None:
            self._pod = view.pods.get(self._pod.uid, self._pod)
        self.session.update(view.pods.values())
        self._paint_notice()

    def _sources_changed(self) -> None:
        if self.is_attached:
            self.view.forget()
            self._relook()
            self._paint_notice()
            self.paint_title()

    def _deliver(self, lines: list[bytes]) -> None:
        before = self.ring.dropped
        self.ring.append(lines)
        self._recorder.take(lines)
        if not self.is_attached:
            return
        changed = self.view.update() if self.veza.screen is self else False
        if changed:
            self.paint_title()
        elif self.ring.dropped != before and time.monotonic() - self._dropped_at > FULL_PAUSE:
            self._dropped_at = time.monotonic()
            self.paint_title()

    async def on_unmount(self) -> None:
        """Close everything."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.stop_searching()
        if self.session is not None:
            await self.session.close()
        if self._cluster is not None:
            await self._cluster.close()
        await self._recorder.stop()

    # --- painting ------------------------------------------------------------------------------------------------

    def paint(self) -> None:
        """All of it; lines that did not change cost nothing."""
        if not self.is_mounted:
            return
        glyphs = self.veza.glyphs
        self.view.set_empty(self.empty_lines())
        self._relook()
        self.view.update()
        if not self.query_one("#title", Sheet).lines or glyphs is None:
            self.paint_title()

    def on_screen_resume(self) -> None:
        """Lines came meanwhile."""
        super().on_screen_resume()
        self.paint_title()

    def on_resize(self) -> None:
        """Another width: another title."""
        super().on_resize()
        self.call_after_refresh(self.paint_title)

    def paint_title(self) -> None:
        """The line above: its counts move only when something else on the screen does."""
        if not self.is_mounted:
            return
        head = Head(
            what=clean(self.target.name, 80) or self.environment.name,
            scope=self.target.scope,
            containers=len(self.sources),
            lines=len(self.ring),
            dropped=self.ring.dropped,
            following=self.view.following,
            previous=self.previous,
            filter=clean(self._filter, 60),
            shown=self.ring.shown() if self.ring.filtered else None,
            mark=clean(self._mark, 40),
            problem=clean(self._problem, 120),
            wrap=self.view.look.wrap,
            raw=self.view.look.raw,
            writing=self._recorder.writing,
            searching=self.searching,
        )
        self.query_one("#title", Sheet).set_lines([head_line(head, self.size.width, self.veza.glyphs)])

    def _paint_notice(self) -> None:
        line = self._notice()
        sheet = self.query_one("#notice", Sheet)
        sheet.display = bool(line)
        sheet.set_lines([line])

    def _notice(self) -> Line:
        session, glyphs = self.session, self.veza.glyphs
        if session is None:
            return EMPTY
        if session.unfollowed:
            words = followed_words(session.pods, session.unfollowed)
            return (Span(f" {glyphs.degraded} ", "warn"), Span(clean(words), "text"))
        found = None if self.previous else crash_loop(session.pods)
        if found is not None:
            pod, container = found
            code = "" if container.last_exit_code is None else f"exit {container.last_exit_code}, "
            words = f"{clean(pod.name, 63)}/{clean(container.name, 63)} crashes: {code}{container.restarts} restarts;"
            return (
                Span(f" {glyphs.failed} ", "bad"),
                Span(words, "text"),
                Span(" p", "key", "do:previous"),
                Span(" shows the run before", "text"),
            )
        return EMPTY

    def empty_lines(self) -> list[Line]:
        """Why there is nothing to see."""
        if self._problem and not len(self.ring):
            words = self._problem
        elif len(self.ring):
            words = "No line matches; esc clears the filter."
        elif self.session is None or not self.session.settled:
            words = "Reading the logs"
        elif not self.session.pods:
            words = "There is no such pod now; lines appear when there is one."
        else:
            words = "Nothing was logged yet."
        return [EMPTY, (Span(f" {clean(words)}", "dim"),)]

    # --- beginnings and times ------------------------------------------------------------------------------------

    def edit_since(self) -> None:
        """``S``: from where on it is read."""
        self.prompt.ask("since", "since", "10m, 2h, 12:03, 500 (lines of each container) or all", "")

    def edit_jump(self) -> None:
        """``@``: to a time."""
        self.prompt.ask("jump", "go to", "12:03, 12:03:30 or 2026-05-01T12:03:30", "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the line."""
        event.stop()
        kind = self.prompt.kind
        self.prompt.close()
        if kind == "since" and event.value.strip():
            self._since(event.value)
        elif kind == "jump" and event.value.strip():
            self._jump(event.value)
        elif kind == "mark":
            self.next_match(-1)

    def _since(self, text: str) -> None:
        try:
            self.begin = beginning(text, self.veza.services.clock.now())
        except VezaError as error:
            self.veza.tell(str(error), bad=True)
            return
        self.veza.spawn(self.restart())

    def _jump(self, text: str) -> None:
        when = moment(text, self.veza.services.clock.now())
        if when is None:
            self.veza.tell(f"{text!r} is no time: 12:03, 12:03:30", bad=True)
            return
        number = self.ring.at_time(stamp_at(when))
        shown = None if number is None else self.ring.shown_after(number - 1)
        if shown is None:
            self.veza.tell("there is no line as late as that: this is the end")
            self.view.follow()
        else:
            if number == self.ring.first and self.ring.first == shown:
                self.veza.tell("this is the oldest line here; S reads from an earlier time")
            self.view.show_at_top(shown)
        self.paint_title()

    # --- switches ------------------------------------------------------------------------------------------------

    def switch(self, what: str) -> None:
        """Timestamps, wrap or raw, on and off."""
        look = self.view.look
        if what == "timestamps":
            look = replace(look, timestamps=not look.timestamps)
        elif what == "wrap":
            look = replace(look, wrap=not look.wrap, offset=0)
        else:
            look = replace(look, raw=not look.raw)
        self.view.set_look(look)
        self.paint_title()

    def shift(self, direction: int) -> None:
        """Unwrapped lines to the left or to the right."""
        look = self.view.look
        if look.wrap:
            self.veza.tell("lines are wrapped: z unwraps them")
            return
        self.view.set_look(replace(look, offset=max(0, look.offset + direction * SHIFT)))

    def widen(self) -> None:
        """Pod, its service, the environment, and round again."""
        pod = self._pod
        if self.target.scope is Scope.ENVIRONMENT:
            if pod is None:
                self.veza.tell("this is the whole environment; l on a pod shows its logs alone")
                return
            self.target = Target(Scope.POD, pod.name, pod.uid)
        elif self.target.scope is Scope.POD and pod is not None and (deployment_of(pod) or pod.owner):
            self.target = Target(Scope.SERVICE, deployment_of(pod) or pod.owner)
        else:
            self.target = Target(Scope.ENVIRONMENT)
        self.previous = False
        self.veza.spawn(self.restart())
        self.paint_frame()

    def switch_previous(self) -> None:
        """The run before the last restart, and back; of many pods it is the one that crashes."""
        if not self.previous and self.target.scope is not Scope.POD and self.session is not None:
            found = crash_loop(self.session.pods)
            if found is None:
                self.veza.tell("no pod here crashes again and again")
                return
            self._pod = found[0]
            self.target = Target(Scope.POD, self._pod.name, self._pod.uid)
        self.previous = not self.previous
        self.veza.spawn(self.restart())

    # --- files ---------------------------------------------------------------------------------------------------

    async def save(self) -> None:
        """``w``: what is buffered and passes the filter, to a new file."""
        file = await self._recorder.save(self._file_name(), list(self.ring.shown_lines()), dict(self.sources))
        kept = " that match" if self.ring.filtered else ""
        self.veza.tell(f"saved {file.lines} lines{kept} to {file.path}")

    async def write_on(self) -> None:
        """``W``: write what comes from now on to a file; again: stop."""
        if self._recorder.writing:
            file = await self._recorder.stop()
            if file is not None:
                self.veza.tell(f"wrote {file.lines} lines to {file.path}")
        else:
            file = await self._recorder.open(self._file_name())
            self.veza.spawn(self._write())
            self.veza.tell(f"writing to {file.path}; W stops")
        self.paint_title()

    async def _write(self) -> None:
        try:
            await self._recorder.run()
        finally:
            self.paint_title()

    def _file_name(self) -> str:
        return f"{self.environment.name}-{self.target.name}"

    # --- what every screen has -------------------------------------------------------------------------------------

    def move(self, by: int) -> None:
        """The cursor."""
        self.view.move(by)
        self.paint_title()

    def move_page(self, pages: int) -> None:
        """The cursor by pages."""
        self.view.move_page(pages)
        self.paint_title()

    def move_edge(self, *, first: bool) -> None:
        """The oldest line; or the newest, and follow."""
        self.view.first() if first else self.view.follow()
        self.paint_title()

    def on_log_view_moved(self, event: LogView.Moved) -> None:
        """The mouse."""
        event.stop()
        self.paint_title()

    def back(self) -> bool:
        """Escape: the prompt, the filter, the highlight, then the screen."""
        if self.prompt.display:
            kind = self.prompt.kind
            self.prompt.close()
            if kind not in ("filter", "mark"):
                return True
        if self._problem:
            self._problem = ""
            self.paint_title()
            return True
        if self._filter:
            self.set_filter("")
            return True
        if self._mark:
            self.set_mark("")
            return True
        return False

    def copy_text(self, at: Situation) -> str:
        """The line under the cursor (followed: the newest one), made printable."""
        number = self.view.current
        line = None if number is None else self.ring.line(number)
        return "" if line is None else printable(text_of(payload_of(line)), limit=MOST_COPIED)

    async def open_selected(self, at: Situation) -> None:
        """Enter: the whole line."""
        from veza_tui.tui.screens.log_line import LogLineScreen

        number = self.view.current
        line = None if number is None else self.ring.line(number)
        if line is not None:
            self.view.hold()
            self.view.update()
            self.paint_title()
            self.veza.push_screen(LogLineScreen(line, self.sources[source_of(line)], self._pod))
