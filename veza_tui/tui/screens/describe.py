"""``d``: an object in kubectl describe's words, followed."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from textual.app import ComposeResult
from textual.widget import Widget

from veza_tui.feeds.inspect.describe import describe
from veza_tui.feeds.inspect.live import LiveObject
from veza_tui.feeds.inspect.objects import Ref
from veza_tui.feeds.inspect.usage import UseFeed
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.actions import Situation
from veza_tui.tui.aside import Aside
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.presentation.texts import describe_lines
from veza_tui.tui.presentation.use import use_lines
from veza_tui.tui.screens.look import LookScreen
from veza_tui.tui.screens.using import ShowsUse
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
        self._aside: Aside[list[Line]] = Aside(self.veza.spawn, self._made)
        self._version = 0

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
        self._version += 1
        if self.is_mounted and self.live.ready:
            self.paint()

    def mode(self) -> Hashable:
        """Everything but the object itself that the text depends on."""
        return ()

    def text(self) -> Callable[[], list[str]]:
        """What makes the raw lines of the object as it is now; may run in a thread."""
        raise NotImplementedError

    def painted(self, text: list[str], cells: int, match: str) -> list[Line]:
        """The lines as they are painted; runs in a thread."""
        raise NotImplementedError

    def paint(self) -> None:
        """The object as it is now, as it was last when it is gone, or why it cannot be read."""
        if not self.is_mounted:
            return
        live, cells = self.live, max(20, self.size.width - 2)
        self.paint_title(self.word, self._note(), self._state())
        if live.object is not None:
            text, match, above = self.text(), self.filter, tuple(self.above(cells))
            key = (self._version, self.mode(), cells, match, above)
            self._aside.ask(key, lambda: [*above, *((Span(" "), *line) for line in self.painted(text(), cells, match))])
            return
        words = "reading" if not live.ready else f"there is no {self.ref}"
        if live.error is not None:
            words = str(live.error)
        lines = [EMPTY, *((Span(f" {part}", "dim"),) for part in wrapped(clean(words), cells))]
        self.query_one(TextView).set_lines(lines)

    def above(self, cells: int) -> list[Line]:
        """Lines over the text that are none of it."""
        return []

    def _made(self, key: Hashable, lines: list[Line]) -> None:
        if self.is_mounted:
            self.query_one(TextView).set_lines(lines)

    def blank(self) -> None:
        """Nothing of what was shown may be seen again before it is made anew."""
        self._aside.forget()
        if self.is_mounted:
            self.query_one(TextView).set_lines([])

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
        return "\n".join(clean(line, 100_000) for line in self.text()()) if self.live.object is not None else ""


class DescribeScreen(ShowsUse, ObjectScreen):
    """The description; ages move with the program's tick."""

    title_name = "describe"
    word = "DESCRIBE"

    def __init__(self, tab: EnvironmentTab, cluster: Cluster, ref: Ref) -> None:
        super().__init__(tab, cluster, ref)
        name = ref.name if ref.kind == "Pod" else ""
        self.use = UseFeed(lambda: cluster, ref.namespace or "", self.veza.services.clock, self.paint, name)

    def wants_use(self) -> bool:
        """Of a pod."""
        return self.ref.kind == "Pod"

    def above(self, cells: int) -> list[Line]:
        """A pod's use as bars over kubectl's words, and the autoscaler over it."""
        pod = self.tab.view.pods.get(self.ref.uid) if self.ref.kind == "Pod" else None
        if pod is None or self.filter:
            return []
        lines = use_lines(pod, self.use.pods.get(pod.name), self.tab.view, cells, self.veza.glyphs)
        return [*lines, EMPTY] if lines else []

    def mode(self) -> Hashable:
        """Ages are in it."""
        return self.veza.tick

    def text(self) -> Callable[[], list[str]]:
        """As kubectl writes it."""
        obj, related, now = self.live.object, self.live.related(), self.veza.tick
        assert obj is not None
        return lambda: describe(obj, related, now)

    def painted(self, text: list[str], cells: int, match: str) -> list[Line]:
        """Names apart from values."""
        return describe_lines(text, cells, match)
