"""The peer: the same 300 rows in Textual's own DataTable. One line on descriptor N changes one cell."""

from __future__ import annotations

import asyncio
import os
import sys

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from tests.tools.synthetic import pod


class Peer(App[None]):
    """Nothing but a table."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._count = 0

    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for name in ("NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE", "IP"):
            table.add_column(name, key=name)
        for i in range(300):
            p = pod(i, now=0)
            table.add_row(p.name, "1/1", p.status, "0", "2d", p.node, p.ip, key=p.uid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._change)

    def _change(self) -> None:
        if not os.read(self._descriptor, 4096):
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return
        self._count += 1
        self.query_one(DataTable).update_cell("uid-5", "RESTARTS", str(self._count))


if __name__ == "__main__":
    Peer(int(sys.argv[1])).run()
