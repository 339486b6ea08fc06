"""Exit codes, frozen: scripts depend on them."""

from enum import IntEnum


class Exit(IntEnum):
    """Process exit codes of every headless command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    """Wrong usage, or a configuration that cannot be used."""
    UNREACHABLE = 3
    TIMED_OUT = 4
    LOCKED = 5
    REFUSED = 6
    """By policy, by a preflight check or for want of a permission."""
    ROLLED_BACK = 7
    """The operation failed and what it had changed was taken back."""
    INTERRUPTED = 130
    TERMINATED = 143
