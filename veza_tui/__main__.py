"""``python -m veza_tui`` is ``veza-tui``: the runner starts itself this way."""

from veza_tui.cli.main import run

run()
