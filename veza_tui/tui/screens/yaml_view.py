"""``y``: an object as YAML, followed; a Secret's values are masked until somebody who may read them asks."""

from __future__ import annotations

from veza_tui.feeds.inspect.objects import Ref
from veza_tui.feeds.inspect.yamltext import is_secret, yaml_lines
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.actions import Situation
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
        self._made: tuple[object, bool, bool, list[str]] | None = None

    def text(self) -> list[str]:
        """The YAML; made once for each state of the object."""
        obj = self.live.object
        assert obj is not None
        key = self._made
        if key is None or key[0] is not obj or key[1:3] != (self.managed, self.revealed):
            lines = yaml_lines(obj, managed=self.managed, reveal=self.revealed)
            key = self._made = (obj, self.managed, self.revealed, lines)
        return key[3]

    def lines(self, cells: int) -> list[Line]:
        """Painted."""
        return yaml_view(self.text(), cells, self.filter)

    def situation(self) -> Situation:
        """As the object's."""
        return super().situation()

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
        self.repaint()

    def on_screen_suspend(self) -> None:
        """Somebody turned to something else: the masks come back."""
        self.revealed = False

    def _state(self) -> Line:
        said = super()._state()
        if self.secret:
            words: Line = (Span("values revealed", "warn"),) if self.revealed else (Span("values masked", "dim"),)
            return (*said, Span("  "), *words) if said else words
        return said or EMPTY
