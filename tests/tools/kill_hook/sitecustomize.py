"""In tests: a signal to the runner right after it has written a step's state. On PYTHONPATH of `veza-tui` processes.

``VEZA_TEST_SIGNALS`` is ``STEP:STATE:SIGNAL``, comma-separated; STEP may be ``*``, STATE the text of a note.
Nothing happens in other processes.
"""

import os
import sys

if "_run" in sys.orig_argv and os.environ.get("VEZA_TEST_SIGNALS"):
    import signal

    from veza_tui.operations.journal import Journal

    _plain = Journal.append
    _wanted = [entry.split(":") for entry in os.environ["VEZA_TEST_SIGNALS"].split(",")]

    def _append(self, event, *args, **options):  # type: ignore[no-untyped-def]
        done = _plain(self, event, *args, **options)
        for step, state, name in _wanted:
            now = event.data.get("state") if event.type == "step" else event.data.get("text")
            if step in ("*", event.step) and now == state:
                os.kill(os.getpid(), signal.Signals[name])
        return done

    Journal.append = _append  # type: ignore[method-assign]
