"""Themes: what each role looks like. One accent, few colours; every state also has a glyph and a word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rich.style import Style
from textual.theme import Theme


@dataclass(frozen=True)
class Palette:
    """Colours of a theme as Rich writes them; ``ansi`` ones are the terminal's own sixteen."""

    name: str
    title: str
    background: str
    panel: str
    text: str
    dim: str
    faint: str
    accent: str
    ok: str
    progress: str
    warn: str
    bad: str
    on_bad: str
    cursor: str
    dark: bool = True
    ansi: bool = False
    plain: bool = False
    """No colour at all: bold, dim, underline and reverse alone."""

    @property
    def flat(self) -> bool:
        """Whether highlights are plain reverse: sixteen colours have no quiet background shade."""
        return self.ansi or self.plain

    @property
    def sources(self) -> tuple[str, ...]:
        """Eight colours that tell sources of log lines apart; none is the colour of a state."""
        if self.ansi:
            return ("cyan", "magenta", "blue", "bright_cyan", "bright_magenta", "green", "bright_blue", "bright_green")
        if self.dark:
            return ("#6cb6c9", "#c39ad9", "#7fa8e8", "#a7c080", "#d8a3b8", "#8fb8a8", "#b3a58a", "#9aa7d0")
        return ("#00718a", "#7a3f9c", "#2f5fc4", "#4f6f1e", "#9c3f66", "#2a7362", "#6f5c2c", "#4a56a0")

    @cached_property
    def roles(self) -> dict[str, str]:
        """Role -> Rich style."""
        dim = "dim" if self.plain else self.dim
        faint = "dim" if self.plain else self.faint
        active = "reverse" if self.flat else f"{self.text} on {self.panel}"
        danger = "reverse bold" if self.plain else f"bold {self.on_bad} on {self.bad}"

        def on_panel(colour: str) -> str:
            return "reverse" if self.flat else f"{colour} on {self.panel}"

        def colour(value: str, more: str = "") -> str:
            return (more or "none") if self.plain else f"{more} {value}".strip()

        return {
            "text": "none" if self.plain else self.text,
            "strong": colour(self.text, "bold"),
            "dim": dim,
            "faint": faint,
            "accent": colour(self.accent),
            "ok": colour(self.ok),
            "progress": colour(self.progress),
            "unknown": dim,
            "warn": colour(self.warn, "bold" if self.plain else ""),
            "bad": colour(self.bad, "bold" if self.plain else ""),
            "spark": colour(self.accent),
            "cause": colour(self.text),
            "quote": colour(self.warn),
            "heading": colour(self.accent, "bold"),
            "title": dim,
            "title-sorted": colour(self.accent, "bold" if self.plain else ""),
            "key": colour(self.accent, "bold"),
            "hint": dim,
            "brand": colour(self.accent, "bold"),
            "production": colour(self.bad, "bold"),
            "badge-production": danger,
            "unread": colour(self.warn, "bold"),
            "tab": colour(self.text),
            "tab-active": f"bold {active}",
            "tab-active-dim": on_panel(self.dim),
            "tab-active-ok": on_panel(self.ok),
            "tab-active-progress": on_panel(self.progress),
            "tab-active-unknown": on_panel(self.dim),
            "tab-active-warn": on_panel(self.warn),
            "tab-active-bad": on_panel(self.bad),
            "tab-production": danger,
            "tab-production-dim": danger.replace("bold ", ""),
            "cursor-mark": colour(self.accent, "bold"),
            "stale": dim,
            "chosen": f"bold {active}",
            "cursor-row": "reverse",
            "chosen-match": "reverse" if self.flat else f"bold {self.background} on {self.warn}",
            **{f"source-{i}": colour(value) for i, value in enumerate(self.sources)},
        }

    def style(self, role: str) -> Style:
        """The Rich style of a role; unknown roles look like text."""
        return Style.parse(self.roles.get(role, self.roles["text"]))

    @property
    def cursor_style(self) -> Style:
        """What the row under the cursor gets on top."""
        return Style(reverse=True) if self.flat else Style.parse(f"on {self.cursor}")

    @property
    def base_style(self) -> Style:
        """Below everything."""
        return Style() if self.plain else Style.parse(f"{self.text} on {self.background}")

    def theme(self) -> Theme:
        """The same colours for Textual's own widgets (the filter, dialogs)."""

        def css(value: str) -> str:
            return value if value.startswith("#") else f"ansi_{value}"

        ansi = self.flat
        return Theme(
            name=self.name,
            primary=css(self.accent),
            secondary=css(self.dim),
            accent=css(self.accent),
            warning=css(self.warn),
            error=css(self.bad),
            success=css(self.ok),
            foreground=css(self.text),
            background=css(self.background),
            surface=css(self.background),
            panel="ansi_default" if ansi else css(self.panel),
            boost="ansi_default" if ansi else css(self.panel),
            dark=self.dark,
            ansi=ansi,
            variables={
                "scrollbar": css(self.faint),
                "scrollbar-hover": css(self.dim),
                "scrollbar-active": css(self.dim),
                "scrollbar-background": css(self.background),
                "scrollbar-background-hover": css(self.background),
                "scrollbar-background-active": css(self.background),
                "scrollbar-corner-color": css(self.background),
                "border": css(self.accent),
                "border-blurred": css(self.faint),
                # Textual's own style sheets ask an ANSI theme for these.
                **(_ANSI_VARIABLES if ansi else {}),
            },
        )


_ANSI_VARIABLES = {
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
    "block-cursor-foreground": "ansi_black",
    "block-cursor-background": "ansi_white",
    "input-cursor-background": "ansi_white",
    "input-cursor-foreground": "ansi_black",
    "input-selection-background": "ansi_bright_blue",
    "input-selection-foreground": "ansi_black",
    "screen-selection-background": "ansi_bright_blue",
    "screen-selection-foreground": "ansi_black",
}

DARK = Palette(
    "veza-dark", "dark", "#10141a", "#242b36", "#d3d8df", "#7d8794", "#343c48",
    "#6cb6c9", "#85b97a", "#82aaff", "#e5b45a", "#f26d6d", "#16090a", "#1f2731",
)  # fmt: skip
LIGHT = Palette(
    "veza-light", "light", "#fbfaf7", "#e4e6e6", "#23282e", "#68707a", "#cfd3d6",
    "#00718a", "#3c7a2f", "#2f5fc4", "#9a6200", "#c22f36", "#ffffff", "#e9eef0", dark=False,
)  # fmt: skip
CONTRAST = Palette(
    "veza-contrast", "high contrast", "#000000", "#3a3a3a", "#ffffff", "#c8c8c8", "#8a8a8a",
    "#00e5ff", "#5cff5c", "#9fc0ff", "#ffd500", "#ff6b6b", "#000000", "#303030",
)  # fmt: skip
ANSI = Palette(
    "veza-ansi", "terminal's own", "default", "bright_black", "default", "bright_black", "bright_black",
    "cyan", "green", "bright_blue", "yellow", "bright_red", "bright_white", "bright_black", ansi=True,
)  # fmt: skip
PLAIN = Palette(
    "veza-plain", "no colour", "default", "default", "default", "default", "default",
    "default", "default", "default", "default", "default", "default", "default", plain=True,
)  # fmt: skip

PALETTES = {palette.name: palette for palette in (DARK, LIGHT, CONTRAST, ANSI, PLAIN)}


def first_palette(*, no_color: bool, colors: str | None, wanted: str) -> Palette:
    """The palette to start with; ``colors`` is Rich's colour system, ``wanted`` a title or a name from VEZA_THEME."""
    if no_color:
        return PLAIN
    for palette in PALETTES.values():
        if wanted and wanted.casefold() in (palette.name, palette.title, palette.name.removeprefix("veza-")):
            return palette
    if colors is None:
        return PLAIN
    # Sixteen colours cannot show a theme's shades: the terminal's own palette looks right on any background.
    return ANSI if colors == "standard" else DARK
