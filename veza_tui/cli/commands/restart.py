"""`veza-tui restart ENV [SERVICE…]`."""

from veza_tui.cli.touch import touch_command

command = touch_command("restart", "Restart deployments, one pod after another, as kubectl rollout restart does.")
