"""``veza-tui completion SHELL``: the script that makes TAB work."""

from __future__ import annotations

import sys

import click

_KUBECTL = """\
#!/bin/sh
# Save as kubectl_complete-veza in a directory of $PATH, executable; kubectl 1.26 or newer asks it on TAB.
{variable}=kubectl exec veza-tui "$@"
"""

_HOW = {
    "bash": "# In ~/.bashrc:  source <(veza-tui completion bash)\n",
    "zsh": "",  # its first line must stay `#compdef`
    "fish": "# veza-tui completion fish > ~/.config/fish/completions/veza-tui.fish\n",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish", "kubectl"]))
def command(shell: str) -> None:
    """Print the completion script for a shell, or kubectl's (for `kubectl veza`).

    \b
    bash:    source <(veza-tui completion bash)
    zsh:     source <(veza-tui completion zsh)      after compinit
    fish:    veza-tui completion fish > ~/.config/fish/completions/veza-tui.fish
    kubectl: veza-tui completion kubectl > ~/bin/kubectl_complete-veza; chmod +x ~/bin/kubectl_complete-veza
    """
    sys.stdout.write(script(shell))


def script(shell: str) -> str:
    """The script's text."""
    from click.shell_completion import ShellComplete, get_completion_class

    from veza_tui.cli.main import COMPLETE, cli

    if shell == "kubectl":
        return _KUBECTL.format(variable=COMPLETE)
    kind = get_completion_class(shell)
    assert kind is not None
    # Not kind.source(): that of bash starts a bash to look at its version.
    text = ShellComplete.source(kind(cli, {}, "veza-tui", COMPLETE))
    if shell == "bash":
        text += "\ncomplete -o nosort -F _veza_tui_completion kubectl-veza\n"
    return _HOW[shell] + text
