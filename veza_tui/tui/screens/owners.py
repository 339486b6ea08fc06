"""``o``: Deployment, ReplicaSets with revisions, pods, as a live tree; with their use where the cluster measures it."""

from __future__ import annotations

import contextlib

from textual.app import ComposeResult

from veza_tui.feeds.inspect.objects import Ref, known
from veza_tui.feeds.inspect.tree import Node, matching, tree, used_by
from veza_tui.feeds.inspect.usage import UseFeed
from veza_tui.model.view import Link
from veza_tui.ports.cluster import DEPLOYMENTS, Cluster, ClusterError
from veza_tui.tui.actions import Situation
from veza_tui.tui.aside import Aside
from veza_tui.tui.presentation.breathing import breathing
from veza_tui.tui.presentation.owners import columns, owner_row
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.rows import Row
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, counted
from veza_tui.tui.screens.look import LookScreen
from veza_tui.tui.screens.using import ShowsUse
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table


class OwnersScreen(ShowsUse, LookScreen):
    """Enter opens a pod's page or the description; made of the live view, so it costs no further watch."""

    title_name = "owners"
    offers = frozenset(("filter", "open"))

    def __init__(self, tab: EnvironmentTab) -> None:
        super().__init__(tab)
        clock, namespace = self.veza.services.clock, tab.environment.kubernetes.namespace
        self.use = UseFeed(lambda: self.cluster, namespace, clock, self.paint)
        self._shown: list[Node] = []
        self._of: tuple[object, object, object] = (None, None, None)
        self._aside: Aside[tuple[list[Node], list[Row]]] = Aside(self.veza.spawn, self._made)
        self._uses: dict[str, tuple[tuple[str, str], ...]] = {}
        self._revisions: object = None

    def content(self) -> ComposeResult:
        """Titles and the tree."""
        yield Sheet(self.veza.painter, id="titles", fixed=1)
        yield Table(columns(use=False), self.veza.painter, self.veza.glyphs)

    @property
    def table(self) -> Table:
        """The tree."""
        return self.query_one(Table)

    def _read_uses(self) -> None:
        """What the pods read is asked for once a revision: the live view does not keep templates."""
        revisions = tuple((r.uid, r.revision) for r in self.tab.view.rollouts)
        if revisions != self._revisions and self.cluster is not None:
            self._revisions = revisions
            self.veza.spawn(self._load_uses(self.cluster))

    async def _load_uses(self, cluster: Cluster) -> None:
        with contextlib.suppress(ClusterError):
            found = await cluster.list_all(DEPLOYMENTS, self.tab.environment.kubernetes.namespace)
            self._uses = {str((o.get("metadata") or {}).get("uid")): used_by(o) for o in found}
            self.paint()

    @property
    def chosen(self) -> Node | None:
        """What is under the cursor."""
        return next((n for n in self._shown if n.key == self.table.cursor), None)

    def situation(self) -> Situation:
        """Actions are about what is under the cursor."""
        node = self.chosen if self.is_mounted else None
        ref = None
        if node is not None and known(node.kind) and node.name:
            ref = Ref(node.kind, node.name, self.tab.environment.kubernetes.namespace, node.uid)
        pod = node.pod if node is not None else None
        return self.veza.situation(pod=pod, screen=self.title_name, offers=self.offers, ref=ref)

    def paint(self) -> None:
        """Title now, the tree as soon as it is made: with thousands of pods that takes a while."""
        if not self.is_mounted:
            return
        view, app = self.tab.view, self.veza
        self._read_uses()
        self.paint_title("OWNERS", self._note())
        uses, use, tick, match = self._uses, self.use.pods or None, app.tick, self.filter
        short, glyphs = self.size.width < 120, app.glyphs
        # Kept, so that no other object gets their place in memory and with it their id.
        self._of = (view, uses, use)
        key = (id(view), id(uses), id(use), tick, match, short)

        def make() -> tuple[list[Node], list[Row]]:
            nodes = matching(tree(view, uses), view, match)
            return nodes, [owner_row(n, view, use, tick, glyphs, short=short) for n in breathing(nodes)]

        self._aside.ask(key, make)

    def _made(self, key: object, made: tuple[list[Node], list[Row]]) -> None:
        if not self.is_mounted:
            return
        self._shown, rows = made
        self.table.set_columns(columns(use=self._of[2] is not None))
        self.table.show(rows, stale=self.tab.view.link is Link.STALE)
        heading = self.table.heading((Span("  NAME", "title"),), self.size.width)
        self.query_one("#titles", Sheet).set_lines([heading])
        if not self._shown:
            words = "Nothing matches; esc clears the filter." if self.filter else "No deployments and no pods."
            view = self.tab.view
            if not view.synced:
                words = view.problems[0].what if view.problems else "Nothing is listed yet."
            texts = wrapped(clean(words), self.size.width - 2)
            self.table.set_empty([EMPTY, *((Span(f" {text}", "dim"),) for text in texts)])
        self.veza.paint_hints()

    def _note(self) -> Line:
        view = self.tab.view
        return (
            Span(counted(len(view.rollouts), "deployment"), "text"),
            Span(f" {self.veza.glyphs.dot} ", "faint"),
            Span(counted(len(view.pods), "pod"), "text"),
        )

    def on_table_moved(self, event: Table.Moved) -> None:
        """The hints are about what is under the cursor."""
        event.stop()
        self.veza.paint_hints()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click opens."""
        event.stop()
        self.veza.do("open")

    async def open_selected(self, at: Situation) -> None:
        """A pod's page, else the description."""
        from veza_tui.tui.inspect import open_object

        await open_object(self.veza, at)

    def copy_text(self, at: Situation) -> str:
        """Its name."""
        return clean(self.chosen.name, 300) if self.chosen is not None else ""
