"""Logs: of a pod, of its service, of the whole environment. Everything typed acts on what is buffered, live."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from veza_tui.feeds.logs.buffer import Ring
from veza_tui.feeds.logs.match import Matcher
from veza_tui.feeds.logs.save import LogFile
from veza_tui.feeds.logs.session import LogSession, Wish, followed_words
from veza_tui.feeds.logs.targets import crash_loop, deployment_of
from veza_tui.feeds.logs.times import beginning, moment, stamp_at
from veza_tui.feeds.logs.visible import text_of
from veza_tui.model.environment import Environment
from veza_tui.model.errors import VezaError
from veza_tui.model.log import Beginning, Scope, Source, Target, payload_of, source_of
from veza_tui.model.text import printable
from veza_tui.model.workload import PodRow
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.log_head import Head, head_line
from veza_tui.tui.presentation.logs import name_cells
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.log import LogView
from veza_tui.tui.widgets.prompt import Prompt
from veza_tui.tui.widgets.sheet import Sheet

MOST_LINES = 200_000
MOST_BYTES = 64 << 20
TAIL = {Scope.POD: 1000, Scope.SERVICE: 300, Scope.ENVIRONMENT: 100}
"""Lines per container with which it begins, until S says otherwise."""
SLICE = 0.008
"""Seconds of searching the buffer before keys are looked at again."""
PAINTS = 0.1
"""Seconds between two looks at how far the search is."""
FULL_PAUSE = 1.0
"""Seconds between two changes of the count of dropped lines."""
SHIFT = 16
MOST_COPIED = 1 << 20


class LogsScreen(VezaScreen):
    """One window on a ring of lines; the session behind it is made anew when something else is to be read."""

    AUTO_FOCUS = ""  # the hidden input would take every key
    title_name = "logs"
    offers = frozenset(("open", "filter"))

    def __init__(self, target: Target, *, pod: PodRow | None = None, previous: bool = False) -> None:
        super().__init__()
        self.target = target
        self.previous = previous
        self.begin: Beginning | None = None
        self.ring = Ring(MOST_LINES, MOST_BYTES)
        self.sources: dict[int, Source] = {}
        self.session: LogSession | None = None
        self._pod = pod
        self._tab = self.veza.tab
        self._cluster: Cluster | None = None
        self._unsubscribe: Any = None
        self._filter = self._mark = ""
        self._problem = ""
        self._matchers: dict[str, Matcher] = {}
        self._scan: asyncio.Task[Any] | None = None
        self._file: LogFile | None = None
        self._unwritten: list[bytes] = []
        self._writing: asyncio.Task[Any] | None = None
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
    def view(self) -> LogView:
        """The lines."""
        return self.query_one(LogView)

    @property
    def prompt(self) -> Prompt:
        """Where one types."""
        return self.query_one(Prompt)

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
        if self._file is not None:
            self._unwritten += lines
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
        if self._scan is not None:
            self._scan.cancel()
        if self.session is not None:
            await self.session.close()
        if self._cluster is not None:
            await self._cluster.close()
        await self._stop_writing()

    # --- painting ------------------------------------------------------------------------------------------------

    def paint(self) -> None:
        """All of it; lines that did not change cost nothing."""
        if not self.is_mounted:
            return
        glyphs = self.veza.glyphs
        self.view.set_empty(self._empty())
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
            writing=self._file is not None,
            searching=self._scan is not None and not self._scan.done(),
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

    def _empty(self) -> list[Line]:
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

    def _relook(self) -> None:
        matchers = []
        for pattern in (self._filter, self._mark):
            matcher = self._matcher(pattern)
            if matcher is not None:
                matchers.append(matcher)
        session = self.session
        names = session.named if session is not None else False
        cells = name_cells(self.sources, self.size.width)
        self.view.set_look(replace(self.view.look, names=names, name_cells=cells, matchers=tuple(matchers)))

    def _matcher(self, text: str) -> Matcher | None:
        known = self._matchers
        if not text or text == "!":
            return None
        if text not in known:
            if len(known) > 8:
                known.clear()
            known[text] = Matcher(text.removeprefix("!"), invert=text.startswith("!"))
        return known[text]

    def typed_ahead(self, event: events.Key) -> bool:
        """What is typed right after a key that opens the prompt belongs into it."""
        return self.is_mounted and self.prompt.typed_ahead(event)

    # --- filter and highlight -------------------------------------------------------------------------------------

    def edit_filter(self) -> None:
        """``/``: type; lines that do not match disappear at once."""
        self.prompt.ask("filter", "/", "regular expression; !pattern hides what matches", self._filter)

    def edit_mark(self) -> None:
        """``h``: what matches is marked, nothing disappears."""
        self.prompt.ask(
            "mark", "highlight", "regular expression; n and N go to the next and the one before", self._mark
        )

    def edit_since(self) -> None:
        """``S``: from where on it is read."""
        self.prompt.ask("since", "since", "10m, 2h, 12:03, 500 (lines of each container) or all", "")

    def edit_jump(self) -> None:
        """``@``: to a time."""
        self.prompt.ask("jump", "go to", "12:03, 12:03:30 or 2026-05-01T12:03:30", "")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Live."""
        event.stop()
        if self.prompt.kind == "filter":
            self.set_filter(event.value)
        elif self.prompt.kind == "mark":
            self.set_mark(event.value)

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

    def set_filter(self, text: str) -> None:
        """Show only lines that match (``!`` in front: that do not); empty for all."""
        try:
            matcher = self._matcher(text)
            self._problem = ""
        except VezaError as error:
            # While it is typed it is often no expression yet: the last good one stays.
            self._problem = error.message
            self.paint_title()
            return
        if text == self._filter:
            self.paint_title()
            return
        self._filter = text
        self.ring.use(matcher)
        if self._scan is not None:
            self._scan.cancel()
        self._scan = self.veza.spawn(self._search()) if matcher is not None else None
        self._relook()
        self.view.update()
        self.paint_title()

    async def _search(self) -> None:
        """Newest first, in slices between which keys are answered."""
        stop, paint = time.monotonic() + SLICE, time.monotonic() + PAINTS / 4
        for _ in self.ring.scan():
            now = time.monotonic()
            if now >= stop:
                if now >= paint:
                    self.view.update()
                    paint = now + PAINTS
                await asyncio.sleep(0.002)
                stop = time.monotonic() + SLICE
        self._scan = None
        self.view.set_empty(self._empty())
        self.view.update()
        self.paint_title()

    def set_mark(self, text: str) -> None:
        """Highlight what matches."""
        try:
            self._matcher(text)
            self._problem = ""
        except VezaError as error:
            self._problem = error.message
            self.paint_title()
            return
        self._mark = text
        self._relook()
        self.paint_title()

    def next_match(self, direction: int) -> None:
        """To the next line (1) or the one before (-1) that the highlight, or the filter, marks."""
        try:
            matcher = self._matcher(self._mark or self._filter)
        except VezaError:
            matcher = None
        if matcher is None:
            self.veza.tell("nothing is highlighted: h types what")
            return
        self.veza.spawn(self._find(matcher, direction))

    async def _find(self, matcher: Matcher, direction: int) -> None:
        at = self.view.current
        if at is None:
            return
        if self.view.following and direction < 0:
            at = self.ring.end
        step = self.ring.shown_after if direction > 0 else self.ring.shown_before
        stop = time.monotonic() + SLICE
        found = step(at)
        while found is not None:
            line = self.ring.line(found)
            if line is not None and matcher.matches(line):
                self.view.go_to(found)
                self.paint_title()
                return
            if time.monotonic() > stop:
                await asyncio.sleep(0.002)
                stop = time.monotonic() + SLICE
            found = step(found)
        self.veza.tell("no further match" if direction > 0 else "no match before this one")

    # --- beginnings and times ------------------------------------------------------------------------------------

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
        """The run before the last restart, and back."""
        self.previous = not self.previous
        self.veza.spawn(self.restart())

    # --- files ---------------------------------------------------------------------------------------------------

    def _directory(self) -> Any:
        from veza_tui.operations.settings import state_directory

        return state_directory() / "logs"

    async def save(self) -> None:
        """``w``: what is buffered and passes the filter, to a new file."""
        matcher = self._matcher(self._filter)
        lines = list(self.ring.shown_lines()) if matcher is not None else list(self.ring.lines())
        sources = dict(self.sources)
        name = f"{self.environment.name}-{self.target.name}"

        def work() -> LogFile:
            file = LogFile(self._directory(), name, self.veza.services.clock.now())
            try:
                file.write(lines, sources)
            finally:
                file.close()
            return file

        file = await asyncio.to_thread(work)
        kept = " that match" if matcher is not None else ""
        self.veza.tell(f"saved {file.lines} lines{kept} to {file.path}")

    async def write_on(self) -> None:
        """``W``: write what comes from now on to a file; again: stop."""
        if self._file is not None:
            path, lines = self._file.path, self._file.lines + len(self._unwritten)
            await self._stop_writing()
            self.veza.tell(f"wrote {lines} lines to {path}")
        else:
            name = f"{self.environment.name}-{self.target.name}"
            self._file = await asyncio.to_thread(LogFile, self._directory(), name, self.veza.services.clock.now())
            self._writing = self.veza.spawn(self._write())
            self.veza.tell(f"writing to {self._file.path}; W stops")
        self.paint_title()

    async def _write(self) -> None:
        while self._file is not None:
            lines, self._unwritten = self._unwritten, []
            if lines:
                try:
                    await asyncio.to_thread(self._file.write, lines, dict(self.sources))
                except VezaError:
                    file, self._file = self._file, None
                    file.close()
                    self.paint_title()
                    raise
            await asyncio.sleep(0.25)

    async def _stop_writing(self) -> None:
        file, self._file = self._file, None
        if self._writing is not None:
            await asyncio.wait((self._writing,), timeout=2.0)
            self._writing = None
        if file is not None:
            lines, self._unwritten = self._unwritten, []
            await asyncio.to_thread(file.write, lines, dict(self.sources))
            file.close()

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
