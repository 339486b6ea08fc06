"""Logs: of a pod, of its service, of the whole environment. Everything typed acts on what is buffered, live."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from veza_tui.feeds.logs.visible import text_of
from veza_tui.model.log import Scope, payload_of, source_of
from veza_tui.model.text import printable
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.log_head import Head, head_line
from veza_tui.tui.presentation.log_notice import notice_line, stopped_lines
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, counted
from veza_tui.tui.screens.log_reading import LogReadingScreen
from veza_tui.tui.widgets.log import LogView
from veza_tui.tui.widgets.prompt import Prompt
from veza_tui.tui.widgets.sheet import Sheet

MOST_COPIED = 1 << 20


class LogsScreen(LogReadingScreen):
    """One window on a ring of lines; the session behind it is made anew when something else is to be read."""

    AUTO_FOCUS = ""  # the hidden input would take every key
    title_name = "logs"
    offers = frozenset(("open", "filter"))

    # --- parts ---------------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """What it is, the lines, and where one types."""
        yield Sheet(self.veza.painter, id="title", fixed=1)
        yield Sheet(self.veza.painter, id="notice", fixed=1)
        yield Sheet(self.veza.painter, id="stopped", fixed=2)
        yield LogView(self.ring, self.sources, self.veza.painter, self.veza.glyphs)
        yield Prompt(self.veza.painter)

    def situation(self) -> Situation:
        """Actions are about the pod, where it is one."""
        pod = self._pod if self.target.scope is Scope.POD else None
        return self.veza.situation(pod=pod, screen=self.title_name, offers=self.offers)

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
        self.call_after_refresh(self._paint_stopped)

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

    def _paint_stopped(self) -> None:
        """A toast is gone when somebody comes back: that nothing is written any more stands until it is known."""
        if not self.is_mounted:
            return
        lines = stopped_lines(self._recorder.stopped, self.size.width, self.veza.glyphs)
        sheet = self.query_one("#stopped", Sheet)
        sheet.display = bool(lines)
        sheet.set_lines(lines)

    def _notice(self) -> Line:
        if self.session is None:
            return EMPTY
        return notice_line(self.session.pods, self.session.unfollowed, self.veza.glyphs, previous=self.previous)

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
            self.read_since(event.value)
        elif kind == "jump" and event.value.strip():
            self.jump(event.value)
        elif kind == "mark":
            self.next_match(-1)

    # --- files ---------------------------------------------------------------------------------------------------

    async def save(self) -> None:
        """``w``: what is buffered and passes the filter, to a new file."""
        file = await self._recorder.save(self._file_name(), list(self.ring.shown_lines()), dict(self.sources))
        kept = " that match" if self.ring.filtered else ""
        self.veza.tell(f"saved {counted(file.lines, 'line')}{kept} to {file.path}")

    async def write_on(self) -> None:
        """``W``: write what comes from now on to a file; again: stop."""
        try:
            if self._recorder.writing:
                file = await self._recorder.stop()
                if file is not None:
                    self.veza.tell(f"wrote {counted(file.lines, 'line')} to {file.path}")
            else:
                file = await self._recorder.open(self._file_name())
                self.veza.spawn(self._write())
                self.veza.tell(f"writing to {file.path}; W stops")
        finally:
            self.paint_title()
            self._paint_stopped()

    async def _write(self) -> None:
        try:
            await self._recorder.run()
        finally:
            self.paint_title()
            self._paint_stopped()

    def _file_name(self) -> str:
        return f"{self.environment.name}-{self.target.name}"

    # --- what every screen has -------------------------------------------------------------------------------------

    def back(self) -> bool:
        """Escape: the prompt, what went wrong, the filter, the highlight, then the screen."""
        if self.prompt.display:
            kind = self.prompt.kind
            self.prompt.close()
            if kind not in ("filter", "mark"):
                return True
        if self._problem:
            self._problem = ""
            self.paint_title()
            return True
        if self._recorder.stopped is not None:
            self._recorder.stopped = None
            self._paint_stopped()
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
