"""What the fork server imports once."""

import psycopg  # noqa: F401

import veza_tui.adapters.postgres.restore
import veza_tui.adapters.storage.local
import veza_tui.operations.runner
import veza_tui.wiring  # noqa: F401
from veza_tui.operations import context

context.actions()
