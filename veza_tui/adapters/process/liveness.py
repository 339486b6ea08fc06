"""Which process is which, from /proc (proc(5)): pids are used again, start times and boot ids are not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from veza_tui.ports.runner import RunnerRecord

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """This boot's random id, empty where the kernel has none."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def start_time(pid: int) -> int | None:
    """Clock ticks since boot at which the process started; None when there is none or it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The command's name may hold anything, so fields are counted from the last parenthesis: state is field 3.
    fields = stat[stat.rfind(b")") + 2 :].split()
    if fields[0] in (b"Z", b"X"):
        return None
    return int(fields[19])


def record_of(pid: int) -> RunnerRecord:
    """The record of a live process of this machine."""
    return RunnerRecord(pid, start_time(pid) or 0, boot_id(), socket.gethostname())


def is_alive(record: RunnerRecord) -> bool | None:
    """Whether it still runs; None when it runs on another machine, so that nobody here can know."""
    if record.boot != boot_id():
        # The same name with another boot id: this machine was started again, and nothing survived that.
        return False if record.host == socket.gethostname() else None
    return start_time(record.pid) == record.started


def send_signal(record: RunnerRecord, number: int) -> bool:
    """Signal that very process; False when it is gone."""
    if is_alive(record) is not True:
        return False
    try:
        os.kill(record.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
