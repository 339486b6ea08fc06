"""Errors that a person is meant to read: one line that says what, where and what to do."""

from veza_tui.model.exits import Exit


class VezaError(Exception):
    """Base of every expected failure; ``str()`` is the one line shown, ``exit`` the process's exit code."""

    exit: Exit = Exit.FAILED
    keeps: bool = False
    """Whether what was done so far is good and stays, although the operation failed."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} — {self.hint}" if self.hint else self.message


class ConfigError(VezaError):
    """Wrong usage, or a file that cannot be used as it is."""

    exit = Exit.USAGE


class UnreachableError(VezaError):
    """A cluster, database, cache or store did not answer."""

    exit = Exit.UNREACHABLE


class TimedOutError(VezaError):
    """Something did not come true in the time given."""

    exit = Exit.TIMED_OUT


class LockedError(VezaError):
    """Another operation holds the environment."""

    exit = Exit.LOCKED


class RefusedError(VezaError):
    """Policy, preflight or a missing permission says no; nothing was changed."""

    exit = Exit.REFUSED


class RolledBackError(VezaError):
    """The operation failed and was undone."""

    exit = Exit.ROLLED_BACK
