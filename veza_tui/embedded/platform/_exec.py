"""Become another program which dies with its parent. Run as ``python -I -S _exec.py MODE PARENT SIGNAL -- ARGV``.

A file of its own, started without ``site``, so that it costs 15 ms and no package is imported. MODE is ``plain``,
``userns`` (root becomes uid 1000 inside a user namespace of its own: PostgreSQL refuses uid 0) or ``nobody``.
"""

import ctypes
import os
import sys

CLONE_NEWUSER = 0x10000000  # linux/sched.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h
NOBODY = 65534


def _namespace(libc: "ctypes.CDLL") -> None:
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 (no pathlib import here)
            file.write(text)


def _nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def main() -> None:
    """Change identity, ask for the signal at the parent's death, exec."""
    mode, parent, number, _, *argv = sys.argv[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if mode == "userns":
            _namespace(libc)
        elif mode == "nobody":
            _nobody()
        # Last, since a change of credentials clears it; it is kept over exec.
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit(f"the parent {parent} is gone")
    elif mode == "nobody":
        _nobody()
    os.execv(argv[0], argv)  # noqa: S606 (a list, no shell)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"{error.strerror or error}")
