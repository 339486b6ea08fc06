"""``python -m veza_tui`` is ``veza-tui``: the runner starts itself this way."""

import sys

from veza_tui.cli.main import main

sys.exit(main())
