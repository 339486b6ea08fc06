"""`veza-tui set-image ENV SERVICE=IMAGE…`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("set-image")
@click.argument("environment")
@click.argument("images", nargs=-1, required=True, metavar="SERVICE=IMAGE…")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, images: tuple[str, ...], **flags: Any) -> int:
    """Deploy with other images, SERVICE=IMAGE or SERVICE=:TAG; the manifests are left as they are."""
    from veza_tui.operations.deploy.by_image import set_image_planner

    return launch(options, environment, set_image_planner(images), **flags)
