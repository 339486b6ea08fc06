"""The command line: one small module a command, imported only when it is called."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veza_tui import __version__
from veza_tui.model.errors import VezaError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name -> (module under veza_tui.cli.commands, one line of help). The function in the module is called `command`.
COMMANDS: dict[str, tuple[str, str]] = {
    "status": ("status", "Print how the environments are; exit 0 healthy, 1 degraded, 3 unreachable."),
    "logs": ("logs", "Follow the logs of pods, services or a whole environment, merged by time."),
    "events": ("events", "Events of an environment, warnings first."),
    "describe": ("describe", "Describe a pod, deployment or other object as kubectl does, or print its YAML."),
    "compare": ("compare", "Compare environments, or one with its files; exit 0 the same, 1 different."),
    "monitor": ("monitor", "Watch environments without a screen: metrics for Prometheus, hooks on changes."),
    "validate": ("validate", "Check environments, manifests, pipeline and rules; exit 2 on errors."),
    "vars": ("vars", "Write .env.ENV as the script's generate step does."),
    "init": ("init", "Make a workspace in a new directory."),
    "deploy": ("deploy", "Apply k8s/ENV/ and wait for the rollouts; on failure go back to the last good release."),
    "rollback": ("rollback", "Apply an earlier release again."),
    "switch-back": ("switch_back", "Blue-green: return all traffic to the pods from before the last switch."),
    "retire": ("retire", "Blue-green: scale the kept old pods to zero."),
    "promote": ("promote", "Deploy an environment with exactly another one's images."),
    "set-image": ("set_image", "Deploy with other images, SERVICE=IMAGE or SERVICE=:TAG."),
    "restart": ("restart", "Restart deployments, one pod after another."),
    "scale": ("scale", "Scale services and wait until they are ready."),
    "pause": ("pause", "Pause rollouts."),
    "resume": ("resume", "Resume paused rollouts."),
    "releases": ("releases", "List releases, or what changed between two."),
    "backup": ("backup", "Back up configuration, secrets, manifests and database."),
    "backups": ("backups", "List, show, verify, prune, hold or release backups."),
    "agent": ("agent", "Deploy every new commit of the workspace, where the policy allows it."),
    "unpin": ("unpin", "Let the agent try again what was rolled back."),
    "restore": ("restore", "Restore from a backup: scratch database, proof, swap; undoable."),
    "undo-restore": ("undo_restore", "Swap back the database that the last restore set aside."),
    "set-aside": ("set_aside", "List the databases that restores set aside, or drop one on purpose."),
    "flush-cache": ("flush_cache", "Empty the cache, after a restore that kept it."),
    "pipeline": ("pipeline", "Run the guide's pipeline: validation, build, deploy, verification."),
    "operations": ("operations", "List, show, attach to, cancel, resume or undo operations."),
    "approve": ("approve", "Approve or deny an operation that waits for it."),
    "audit": ("audit", "Show the audit log, or verify that nobody touched it."),
    "_backup-job": ("backup_job", "A backup inside the cluster; started by backup --runner job."),
    "forward": ("forward", "Forward a local port to a pod, service or deployment, or list the presets."),
    "shell": ("shell", "Open a shell, or run a command, in a pod's container."),
    "_run": ("run_", "The runner's process; started by the others."),
    "demo": ("demo", "Try everything on three environments made on this machine."),
    "info": ("info", "Print versions, paths, contexts, permissions and settings: for a ticket, without secrets."),
    "completion": ("completion", "Print the completion script for bash, zsh, fish or kubectl."),
    "man": ("man", "Print a man page, or write all of them to a directory."),
}


COMPLETE = "_VEZA_TUI_COMPLETE"
"""Set by the completion scripts; its value names the shell that asks."""


class LazyGroup(click.Group):
    """A group whose commands are imported when called: --help and --version import no client library."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if not name.startswith("_")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = importlib.import_module(f"veza_tui.cli.commands.{entry[0]}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """From the table: click's own would import every command."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(n, help=COMMANDS[n][1]) for n in self.list_commands(ctx) if n.startswith(incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The help lines come from the table, so that --help imports no command.
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="veza-tui %(version)s")
@click.option("-C", "directory", metavar="DIR", help="Workspace (default: $VEZA_WORKSPACE, else this directory).")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
@click.option("--read-only", is_flag=True, help="Refuse every operation that changes anything.")
@click.option("--ascii/--no-ascii", "ascii_only", default=None, help="Draw with ASCII characters only.")
@click.option("--mouse/--no-mouse", "mouse", default=None, help="Use the mouse, or leave it to the terminal.")
@click.pass_context
def cli(
    ctx: click.Context,
    directory: str | None,
    debug: bool,
    read_only: bool,
    ascii_only: bool | None,
    mouse: bool | None,
) -> None:
    """Control panel for the environments of the Veza platform. Without a command it opens the screen."""
    ctx.obj = Options(directory, debug, read_only or _truthy("VEZA_READ_ONLY"), ascii_only, mouse)
    from veza_tui.cli.interrupted import notice

    notice(ctx.invoked_subcommand)
    if ctx.invoked_subcommand is None:
        from veza_tui.cli.commands.ui import open_screen

        ctx.exit(open_screen(ctx.obj))


class Options:
    """The options before the command."""

    def __init__(
        self,
        directory: str | None,
        debug: bool,
        read_only: bool,
        ascii_only: bool | None = None,
        mouse: bool | None = None,
    ) -> None:
        self.workspace = Path(directory or os.environ.get("VEZA_WORKSPACE") or ".")
        self.debug = debug
        self.read_only = read_only
        self.ascii_only = ascii_only
        """None: as the settings say."""
        self.mouse = mouse

    def require_writable(self) -> None:
        """For a command that writes files by itself.

        Raises:
            RefusedError: read-only.
        """
        if self.read_only:
            from veza_tui.model.errors import RefusedError
            from veza_tui.operations.policy import READ_ONLY

            raise RefusedError(READ_ONLY, hint="nothing was written")


def _truthy(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() not in ("", "0", "false", "no")


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code. No traceback reaches a user unless --debug asks for it."""
    if argv is None and (asked := os.environ.get(COMPLETE)):
        from veza_tui.cli.complete import answer

        return answer(asked)
    args = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in args
    try:
        result: Any = cli.main(args=args, prog_name=_program_name(), standalone_mode=False)
        return int(result) if isinstance(result, int) else Exit.DONE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        click.echo(f"veza-tui: {_one_line(error)}", err=True)
        return Exit.USAGE
    except VezaError as error:
        if debug:
            raise
        click.echo(f"veza-tui: {error}", err=True)
        return error.exit
    except (click.Abort, KeyboardInterrupt):
        click.echo("veza-tui: interrupted", err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as stop:
        # click makes an exit 1 of a broken pipe by itself, and wraps the streams then.
        if "Pacify" in type(sys.stdout).__name__:
            return _reader_gone()
        return stop.code if isinstance(stop.code, int) else Exit.FAILED if stop.code else Exit.DONE
    except Exception as error:
        if debug:
            raise
        click.echo(f"veza-tui: unexpected {type(error).__name__}; run again with --debug and report it", err=True)
        return Exit.FAILED


def _one_line(error: click.ClickException) -> str:
    from veza_tui.model.text import printable

    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    message = printable(" ".join(error.format_message().split()), limit=300)
    return f"{message} — see {path} --help" if path else message


def _reader_gone() -> int:
    """As a process ends that SIGPIPE killed: 141. Nothing is left for the interpreter to flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 128 + signal.SIGPIPE


def run() -> None:
    """The entry points' function."""
    code = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = _reader_gone()
    # A collection of everything that was imported, at the interpreter's end, would cost as much as --version does.
    gc.freeze()
    sys.exit(code)


def _program_name() -> str:
    return "kubectl veza" if Path(sys.argv[0]).name == "kubectl-veza" else "veza-tui"


if __name__ == "__main__":
    run()
