"""``e``: the namespace's events, warnings first, folded, followed."""

from __future__ import annotations

from textual.app import ComposeResult

from veza_tui.feeds.events import project_event
from veza_tui.feeds.following import Following
from veza_tui.feeds.inspect.events import FoldedEvent, fold
from veza_tui.feeds.inspect.objects import Ref, known
from veza_tui.model.ages import age
from veza_tui.model.text import every_word
from veza_tui.model.workload import EventRow
from veza_tui.ports.cluster import EVENTS, Cluster
from veza_tui.tui.actions import Situation
from veza_tui.tui.aside import Aside
from veza_tui.tui.presentation.breathing import breathing
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.shorter import short_object
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, counted
from veza_tui.tui.screens.look import LookScreen
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

COLUMNS = (
    Column("last", "LAST", 4, comfortable=5),
    Column("count", "TIMES", 5, align="right"),
    # A reason is a word that is looked for; the message stands in full below the list.
    Column("reason", "REASON", 17, flexible=True, comfortable=12),
    Column("object", "OBJECT", 18, flexible=True, middle=True, drop=1),
    Column("message", "MESSAGE", 20, flexible=True),
    Column("source", "FROM", 12, drop=2),
)
MOST = 5000
"""Events kept; the oldest go first."""
SHOWN = 1000
DETAIL = 4
"""Lines below the list for the whole message."""


class EventsScreen(LookScreen):
    """Enter opens the object: a pod's page, or its description."""

    title_name = "events"
    offers = frozenset(("filter", "open"))

    def __init__(self, tab: EnvironmentTab, cluster: Cluster) -> None:
        super().__init__(tab)
        self._cluster = cluster
        self._following: Following[EventRow] = Following(
            EVENTS,
            project_event,
            self.veza.services.clock,
            heard=lambda: None,
            changed=self._changed,
            keep=_newest,
        )
        self._folded: dict[str, FoldedEvent] = {}
        self._aside: Aside[tuple[list[FoldedEvent], list[Row]]] = Aside(self.veza.spawn, self._made)

    def content(self) -> ComposeResult:
        """Titles, list, the chosen one in full."""
        yield Sheet(self.veza.painter, id="titles", fixed=1)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)
        yield Sheet(self.veza.painter, id="detail", fixed=DETAIL)

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    def on_mount(self) -> None:
        """Begin to follow."""
        super().on_mount()
        self._following.start(self._cluster, self.tab.environment.kubernetes.namespace)

    async def on_unmount(self) -> None:
        """Nobody looks any more."""
        await self._following.close()

    def _changed(self) -> None:
        if self.is_mounted and self.is_current:
            self.paint()

    @property
    def chosen(self) -> FoldedEvent | None:
        """The event under the cursor."""
        return self._folded.get(self.table.cursor)

    def situation(self) -> Situation:
        """Actions are about the object that the event under the cursor is about."""
        if not self.is_mounted or self.chosen is None:
            return super().situation()
        row = self.chosen.row
        pod = self.tab.view.pods.get(row.object_uid)
        namespace = self.tab.environment.kubernetes.namespace
        ref = Ref(row.object_kind, row.object_name, namespace, row.object_uid) if known(row.object_kind) else None
        return self.veza.situation(pod=pod, screen=self.title_name, offers=self.offers, ref=ref)

    def paint(self) -> None:
        """The list as it is now."""
        if not self.is_mounted:
            return
        items, tick, match, glyphs = self._following.items, self.veza.tick, self.filter, self.veza.glyphs
        if not self._following.synced:
            self._made(None, ([], []))
            return
        key = (self._following.version, tick, match)
        if self._aside.asked == key:
            self._paint_title()
            return
        known = list(items.values())

        def make() -> tuple[list[FoldedEvent], list[Row]]:
            found = matching(fold(breathing(known)), match)
            return found, [event_row(e, tick, glyphs) for e in breathing(found[:SHOWN])]

        self._aside.ask(key, make)

    def _made(self, key: object, made: tuple[list[FoldedEvent], list[Row]]) -> None:
        if not self.is_mounted:
            return
        found, rows = made
        self._folded = {e.row.uid: e for e in found}
        self._paint_title()
        lost = self._following.trouble
        self.table.show(rows, stale=lost is not None and self._following.synced)
        cells = self.size.width
        self.query_one("#titles", Sheet).set_lines([self.table.heading((Span("  LAST", "title"),), cells)])
        if not rows:
            words = "No event matches; esc clears the filter." if self.filter else "No events."
            if not self._following.synced:
                words = str(lost) if lost is not None else "Reading the events."
            self.table.set_empty([EMPTY, *((Span(f" {w}", "dim"),) for w in wrapped(words, cells - 2))])
        self._paint_detail()

    def _paint_title(self) -> None:
        warnings = sum(e.warning for e in self._folded.values())
        dot = Span(f" {self.veza.glyphs.dot} ", "faint")
        note: list[Span] = [Span(str(len(self._folded)), "strong")]
        if warnings:
            note += [dot, Span(counted(warnings, "warning"), "warn")]
        if len(self._folded) > SHOWN:
            note += [dot, Span(f"the first {SHOWN} are shown", "dim")]
        lost = self._following.trouble
        state: Line = (Span("not live", "warn"),) if lost is not None and self._following.synced else EMPTY
        self.paint_title("EVENTS", tuple(note), state)

    def _paint_detail(self) -> None:
        sheet, event, cells = self.query_one("#detail", Sheet), self.chosen, self.size.width
        if event is None:
            sheet.set_lines([])
            return
        row, now = event.row, self.veza.tick
        times = f"{age(now - row.last)} ago"
        if row.count > 1:
            times = f"x{row.count} over {age(now - row.first)}, last {times}"
        head = (
            Span(f" {clean(row.reason, 60)} ", "strong"),
            Span(clean(f"{row.object_kind}/{row.object_name}", 120), "text"),
            Span(f"  {times}", "dim"),
        )
        lines = wrapped(row.message, cells - 3)
        if len(lines) >= DETAIL:
            lines[DETAIL - 2] += self.veza.glyphs.ellipsis
        sheet.set_lines([head, *((Span(f" {line}", "text"),) for line in lines[: DETAIL - 1])])

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another one in full."""
        event.stop()
        self._paint_detail()
        self.veza.paint_hints()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click opens."""
        event.stop()
        self.veza.do("open")

    async def open_selected(self, at: Situation) -> None:
        """The object."""
        from veza_tui.tui.inspect import open_object

        await open_object(self.veza, at)

    def copy_text(self, at: Situation) -> str:
        """The event in one line."""
        if self.chosen is None:
            return ""
        row = self.chosen.row
        return clean(f"{row.type} {row.reason} {row.object_kind}/{row.object_name}: {row.message}", 4000)


def matching(events: list[FoldedEvent], words: str) -> list[FoldedEvent]:
    """Those that have every one of ``words`` somewhere."""
    if not words.strip():
        return events
    has, out = every_word(words), []
    for event in events:
        row = event.row
        hay = "\n".join((row.type, row.reason, f"{row.object_kind}/{row.object_name}", row.message, row.source))
        if has(hay):
            out.append(event)
    return out


def event_row(event: FoldedEvent, now: float, glyphs: Glyphs) -> Row:
    """One line."""
    row = event.row
    role = "warn" if event.warning else "dim"
    sign = glyphs.degraded if event.warning else glyphs.dot
    quiet = "text" if event.warning else "dim"
    return Row(
        row.uid,
        Span(sign, role),
        (
            Span(age(now - row.last), quiet),
            Span(f"x{row.count}" if row.count > 1 else "", quiet),
            Span(clean(row.reason, 80), role if event.warning else "text"),
            Span(clean(_object(row), 160), quiet),
            Span(clean(" ".join(row.message.split()), 500), "text" if event.warning else "dim"),
            Span(clean(row.source, 60), "dim"),
        ),
    )


def _object(row: EventRow) -> str:
    name = f"{row.object_kind}/{row.object_name}"
    short = short_object(name)
    return short if short != name else f"{row.object_kind.lower()}/{row.object_name}"


def _newest(events: dict[str, EventRow]) -> None:
    if len(events) > MOST:
        for row in sorted(events.values(), key=lambda e: e.last)[: len(events) - MOST]:
            del events[row.uid]
