"""`veza-tui resume ENV [SERVICE…]`."""

from veza_tui.cli.touch import touch_command

command = touch_command("resume", "Resume paused rollouts and wait for them.")
