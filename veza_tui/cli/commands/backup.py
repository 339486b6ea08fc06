"""`veza-tui backup ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options, without_cluster_option

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("backup")
@click.argument("environment")
@click.option(
    "--with-database/--without-database",
    default=None,
    help="The database too (development: left out unless asked).",
)
@click.option("--format", "form", type=click.Choice(["plain", "custom", "directory"]), help="Of the dump.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Tables dumped at once (format directory).")
@click.option("--compression", metavar="METHOD[:LEVEL]", help="none, gzip, lz4 or zstd (custom and directory).")
@click.option("--verify", is_flag=True, help="Prove it afterwards by a load into a scratch database.")
@click.option("--identity", type=click.Path(dir_okay=False), help="age identity file, to verify an encrypted backup.")
@click.option("--runner", type=click.Choice(["local", "job"]), default="local", help="job: dump inside the cluster.")
@click.option("--claim", metavar="NAME", default="", help="PersistentVolumeClaim that the Job writes to.")
@click.option("--image", metavar="IMAGE", default="veza/tools:latest", show_default=True, help="The Job's image.")
@without_cluster_option
@mutating_options
@click.pass_obj
def command(
    options: Options,
    /,
    environment: str,
    with_database: bool | None,
    form: str | None,
    jobs: int | None,
    compression: str | None,
    verify: bool,
    identity: str | None,
    runner: str,
    claim: str,
    image: str,
    **flags: Any,
) -> int:
    """Back up an environment: configuration, secrets, manifests, releases and database, whole or not at all."""
    from pathlib import Path

    from veza_tui.operations.backup.plan import BackupRequest, backup_planner

    request = BackupRequest(
        with_database=with_database,
        format=form,
        jobs=jobs,
        compression=compression,
        verify=verify,
        identity=str(Path(identity).absolute()) if identity else "",
        reason=flags.get("reason", ""),
        runner=runner,
        claim=claim,
        image=image,
    )
    return launch(options, environment, backup_planner(request), **flags)
