"""What the screens are given. Imports stand inside functions (start-up time)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veza_tui.wiring.feeds import health_store, last_operation, make_feed, newest_backup_of

if TYPE_CHECKING:
    from veza_tui.tui.provided import ProvidedServices
    from veza_tui.wiring import World
    from veza_tui.workspace.load import Workspace


def make_screen_services(
    directory: Path, *, read_only: bool = False, health_interval: float | None = None
) -> ProvidedServices:
    """What the screens are given. Nothing is read before they ask for it: they paint first.

    Rooms add to ``services`` what their screens ask for by name.
    """
    import asyncio.sslproto
    from functools import cache
    from getpass import getuser

    from veza_tui import wiring
    from veza_tui.feeds.clock import SystemClock
    from veza_tui.tui.provided import ProvidedServices
    from veza_tui.workspace.load import load_workspace

    @cache
    def workspace() -> Workspace:
        return load_workspace(directory)

    # asyncio keeps a 256 KiB read buffer for each TLS connection: 9 MB for three environments' watches.
    asyncio.sslproto.SSLProtocol.max_size = 32 * 1024
    clock = SystemClock()

    def world() -> World:
        # Asked for by name, so that it is closed with the rest, and after all that rests on it.
        made: World = provided.service("world")
        return made

    provided = ProvidedServices(
        names=lambda: workspace().names(),
        environment=lambda name: workspace().environment(name),
        feed=lambda environment: make_feed(
            workspace(),
            environment,
            last_operation=last_operation,
            newest_backup=newest_backup_of(workspace),
            record=True,
            health_interval=health_interval,
            look_aside=True,
        ),
        clock=clock,
        user=getuser(),
        read_only=read_only,
        ahead=("veza_tui.feeds.environment", "veza_tui.feeds.history", "veza_tui.workspace.variables"),
        services={
            "workspace": workspace,
            "world": lambda: wiring.World(workspace(), clock, read_only=read_only),
            "operations": lambda: wiring.operations_service(world()),
            "health_store": lambda: lambda name: health_store(workspace(), name),
            "connect": lambda: wiring.connect_cluster,
            "forwards": lambda: wiring.forwards(world()),
            "shells": lambda: wiring.shells(world()),
        },
    )
    return provided
