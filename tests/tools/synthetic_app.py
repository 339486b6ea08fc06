"""The real screen on synthetic feeds: ``python -m tests.tools.synthetic_app [--pods N] [--calm] [--control FD]``.

On ``--control FD`` it reads one JSON object a line: ``{"feed": 0, "uid": "uid-3", "set": {"restarts": 1}}``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pods", type=int, default=11)
    parser.add_argument("--scene", default="")
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--fixed", type=float, default=0.0)
    parser.add_argument("--control", type=int, default=-1)
    parser.add_argument("--no-mouse", action="store_true")
    options = parser.parse_args()

    from veza_tui.cli.commands.ui import prepare_environment

    prepare_environment(os.environ)
    from tests.tools.synthetic import FixedClock, RealClock, three
    from veza_tui.tui.app import VezaApp

    clock = FixedClock(options.fixed) if options.fixed else RealClock()
    services = three(clock, pods=options.pods, incident=not options.calm, first=options.scene)

    class ControlledApp(VezaApp):
        def on_mount(self) -> None:
            super().on_mount()
            if options.control >= 0:
                asyncio.get_running_loop().add_reader(options.control, self._read)

        def _read(self) -> None:
            data = os.read(options.control, 65536)
            if not data:
                asyncio.get_running_loop().remove_reader(options.control)
                return
            for line in data.splitlines():
                order = json.loads(line)
                services.made[order["feed"]].change_pod(order["uid"], **order["set"])

    app = ControlledApp(services, ascii_only=options.ascii)
    app.run(mouse=not options.no_mouse)
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
