"""One pod: why it fails, its containers, its warnings. Stays live."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget

from veza_tui.feeds.inspect.usage import UseFeed
from veza_tui.model.workload import PodRow
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.identity import identity_line
from veza_tui.tui.presentation.pod import pod_lines
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.screens.using import ShowsUse
from veza_tui.tui.widgets.sheet import Sheet


class PodScreen(ShowsUse, VezaScreen):
    """Follows one pod by its uid."""

    title_name = "pod"

    def __init__(self, pod: PodRow) -> None:
        super().__init__()
        self._pod = pod
        self._tab = self.veza.tab
        self.use = UseFeed(self._cluster, pod.namespace, self.veza.services.clock, self.paint, pod.name)

    def _cluster(self) -> Cluster | None:
        return self._tab.feed.cluster if self._tab is not None else None

    def wants_use(self) -> bool:
        """Once there is a connection."""
        return self._cluster() is not None

    def body(self) -> ComposeResult:
        """Identity stays in sight; the page scrolls."""
        yield Sheet(self.veza.painter, id="identity", fixed=1)
        with VerticalScroll(can_focus=False):
            yield Sheet(self.veza.painter, id="page")

    @property
    def scroller(self) -> Widget:
        """The page."""
        return self.query_one(VerticalScroll)

    def situation(self) -> Situation:
        """Actions are about this pod."""
        return self.veza.situation(pod=self._pod, screen=self.title_name, offers=self.offers)

    def paint(self) -> None:
        """The pod as it is now; as it was last when it is gone."""
        tab = self._tab
        if tab is None or not self.is_mounted:
            return
        app = self.veza
        fresh = tab.view.pods.get(self._pod.uid)
        self._pod = fresh or self._pod
        monotonic = app.services.clock.monotonic()
        cells = max(20, self.size.width - 1)
        read_only = app.services.read_only
        identity = identity_line(
            tab.environment,
            tab.view,
            read_only=read_only,
            monotonic=monotonic,
            cells=self.size.width,
            glyphs=app.glyphs,
        )
        self.query_one("#identity", Sheet).set_lines([identity])
        use = self.use.pods.get(self._pod.name) if fresh is not None else None
        page = pod_lines(self._pod, tab.view, app.tick, cells, app.glyphs, gone=fresh is None, use=use)
        self.query_one("#page", Sheet).set_lines(page)
