"""`veza-tui pause ENV [SERVICE…]`."""

from veza_tui.cli.touch import touch_command

command = touch_command("pause", "Pause rollouts: changes wait until they are resumed.")
