"""``d``: an object in kubectl describe's words, followed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widget import Widget

from veza_tui.feeds.inspect.describe import describe
from veza_tui.feeds.inspect.live import LiveObject
from veza_tui.feeds.inspect.objects import Ref
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.presentation.texts import describe_lines
from veza_tui.tui.screens.look import LookScreen
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.widgets.text import TextView


class ObjectScreen(LookScreen):
    """Follows one object; what it shows is the subclass's."""

    word = ""
    whole = False
    related = True

    def __init__(self, tab: EnvironmentTab, cluster: Cluster, ref: Ref) -> None:
        super().__init__(tab)
        self.ref = ref
        self.live = LiveObject(
            cluster, ref, self.veza.services.clock, self._changed, whole=self.whole, related=self.related
        )

    def content(self) -> ComposeResult:
        """The text."""
        yield TextView(self.veza.painter, id="text")

    @property
    def scroller(self) -> Widget:
        """The text."""
        return self.query_one(TextView)

    def situation(self) -> Situation:
        """Actions are about this object; about the pod when it is one."""
        pod = self.tab.view.pods.get(self.ref.uid) if self.ref.kind == "Pod" else None
        return self.veza.situation(pod=pod, screen=self.title_name, offers=self.offers, ref=self.ref)

    def on_mount(self) -> None:
        """Begin to follow."""
        super().on_mount()
        self.live.start()

    async def on_unmount(self) -> None:
        """Nobody looks any more: nothing is watched."""
        await self.live.close()

    def _changed(self) -> None:
        if self.is_mounted and self.live.ready:
            self.paint()

    def text(self) -> list[str]:
        """The lines of the object, raw."""
        raise NotImplementedError

    def lines(self, cells: int) -> list[Line]:
        """The lines as they are painted."""
        raise NotImplementedError

    def paint(self) -> None:
        """The object as it is now, as it was last when it is gone, or why it cannot be read."""
        if not self.is_mounted:
            return
        live, cells = self.live, max(20, self.size.width - 2)
        self.paint_title(self.word, self._note(), self._state())
        text = self.query_one(TextView)
        if live.object is not None:
            text.set_lines([(Span(" "), *line) for line in self.lines(cells)])
            return
        words = "reading" if not live.ready else f"there is no {self.ref}"
        if live.error is not None:
            words = str(live.error)
        text.set_lines([EMPTY, *((Span(f" {part}", "dim"),) for part in wrapped(clean(words), cells))])

    def _note(self) -> Line:
        return (Span(f"{self.ref.kind} ", "dim"), Span(clean(self.ref.name, 120), "strong"))

    def _state(self) -> Line:
        if self.live.gone and self.live.object is not None:
            return (Span("gone", "warn"), Span(" as it was last", "dim"))
        if self.live.error is not None and self.live.object is not None:
            return (Span("not live", "warn"),)
        return EMPTY

    def copy_text(self, at: Situation) -> str:
        """The whole text."""
        return "\n".join(clean(line, 100_000) for line in self.text()) if self.live.object is not None else ""


class DescribeScreen(ObjectScreen):
    """The description; ages move with the program's tick."""

    title_name = "describe"
    word = "DESCRIBE"

    def text(self) -> list[str]:
        """As kubectl writes it."""
        assert self.live.object is not None
        return describe(self.live.object, self.live.related(), self.veza.tick)

    def lines(self, cells: int) -> list[Line]:
        """Painted."""
        return describe_lines(self.text(), cells, self.filter)
