"""``y``: an object as YAML, followed; a Secret's values are masked until somebody who may read them asks."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from veza_tui.feeds.inspect.objects import Ref
from veza_tui.feeds.inspect.yamltext import is_secret, yaml_lines
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.presentation.spans import EMPTY, Line, Span
from veza_tui.tui.presentation.texts import yaml_view
from veza_tui.tui.screens.describe import ObjectScreen
from veza_tui.tui.state import EnvironmentTab


class YamlScreen(ObjectScreen):
    """``m`` unfolds managedFields, ``x`` reveals; what was revealed is masked again when the screen is left."""

    title_name = "yaml"
    word = "YAML"
    whole = True
    related = False

    def __init__(self, tab: EnvironmentTab, cluster: Cluster, ref: Ref) -> None:
        super().__init__(tab, cluster, ref)
        self.managed = False
        self.revealed = False
        self._kept: tuple[object, bool, bool, list[str]] | None = None

    def mode(self) -> Hashable:
        """What is folded and masked."""
        return (self.managed, self.revealed)

    def text(self) -> Callable[[], list[str]]:
        """The YAML; made once for each state of the object."""
        obj, managed, revealed = self.live.object, self.managed, self.revealed
        assert obj is not None

        def make() -> list[str]:
            kept = self._kept
            if kept is None or kept[0] is not obj or kept[1:3] != (managed, revealed):
                kept = self._kept = (obj, managed, revealed, yaml_lines(obj, managed=managed, reveal=revealed))
            return kept[3]

        return make

    def painted(self, text: list[str], cells: int, match: str) -> list[Line]:
        """Keys apart from values."""
        return yaml_view(text, cells, match)

    @property
    def secret(self) -> bool:
        """Whether it has values to reveal."""
        return is_secret(self.live.object)

    def toggle_managed(self) -> None:
        """``m``."""
        self.managed = not self.managed
        self.paint()

    def set_revealed(self, revealed: bool) -> None:
        """After the audit, or back to the masks."""
        self.revealed = revealed
        if not revealed:
            self._kept = None
            self.blank()
        self.repaint()

    def on_screen_suspend(self) -> None:
        """Somebody turned to something else: the masks come back."""
        if self.revealed:
            self.revealed = False
            self._kept = None
            self.blank()

    def _state(self) -> Line:
        said = super()._state()
        if self.secret:
            words: Line = (Span("values revealed", "warn"),) if self.revealed else (Span("values masked", "dim"),)
            return (*said, Span("  "), *words) if said else words
        return said or EMPTY
