"""The commands that touch running deployments are one command with three names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


def touch_command(kind: str, help_text: str) -> click.Command:
    """``veza-tui KIND ENV [SERVICE…]``."""

    @click.command(kind, help=help_text)
    @click.argument("environment")
    @click.argument("services", nargs=-1, metavar="[SERVICE…]")
    @mutating_options
    @click.pass_obj
    def command(options: Options, /, environment: str, services: tuple[str, ...], **flags: Any) -> int:
        from veza_tui.operations.deploy.touch import touch_planner

        return launch(options, environment, touch_planner(kind, services), **flags)

    return command
