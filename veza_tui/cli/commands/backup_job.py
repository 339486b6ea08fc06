"""`veza-tui _backup-job SPEC [DIR]`: what the Job of `backup --runner job` runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("_backup-job", hidden=True)
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.argument("target", type=click.Path(file_okay=False), required=False)
@click.pass_obj
def command(options: Options, /, folder: str, target: str | None) -> int:
    """Make the backup that FOLDER/spec.json describes, in DIR or in its bucket."""
    import asyncio
    import signal
    from pathlib import Path

    from veza_tui import wiring
    from veza_tui.model.exits import Exit
    from veza_tui.operations.backup.inside import read_spec, run_inside

    source = Path(folder)
    spec = read_spec(source)
    storage, database, clock = wiring.job_parts(spec, Path(target) if target else None)

    async def work() -> int:
        making = asyncio.ensure_future(
            run_inside(source, spec, storage, database, clock, lambda line: print(line, flush=True))
        )
        # A Job that is deleted gets TERM and some seconds: enough to take back what was uploaded. As process 1 of its
        # container it would not even end by it.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, making.cancel)
        try:
            return await making
        except asyncio.CancelledError:
            return Exit.TERMINATED

    return asyncio.run(work())
