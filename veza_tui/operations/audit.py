"""The audit log: JSON lines in a hash chain, with the chain's head kept apart.

Each line carries its number and the hash of the line before it, and ends with its own hash (SHA-256 of its canonical
JSON without that key). A changed, removed, inserted or reordered line breaks the chain; a removed last line disagrees
with ``audit.head``. No key is involved: who may write both files can forge the whole chain. The Kubernetes Events that
carry the head's hash are the copy out of that person's reach.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from veza_tui.model.plan import Plan
from veza_tui.operations.settings import private_directory, sync_directory, write_private
from veza_tui.operations.who import Person
from veza_tui.ports.clock import Clock

VERSION = 1
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Record:
    """One line.

    ``type``: intent, outcome, denial, approval, break-glass, skipped-gates, without-cluster, take-over, cancel or
    recovered.
    """

    type: str
    person: Person
    environment: str = ""
    operation: str = ""
    kind: str = ""
    plan_hash: str = ""
    kube_user: str = ""
    approvers: tuple[str, ...] = ()
    reason: str = ""
    outcome: str = ""
    """State at the end."""
    detail: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of_plan(kind: str, person: Person, plan: Plan, **more: Any) -> Record:
        """A record about a plan."""
        return Record(kind, person, environment=plan.target.environment, kind=plan.kind, plan_hash=plan.hash, **more)

    def to_json(self) -> dict[str, Any]:
        """The line's content, empty values left out."""
        data = {
            "type": self.type,
            "environment": self.environment,
            "operation": self.operation,
            "kind": self.kind,
            "user": self.person.user,
            "uid": self.person.uid,
            "host": self.person.host,
            "sudo_user": self.person.sudo,
            "ssh_from": self.person.ssh,
            "kubernetes_user": self.kube_user,
            "approvers": list(self.approvers),
            "reason": self.reason,
            "plan_hash": self.plan_hash,
            "outcome": self.outcome,
            "detail": self.detail,
            **self.extra,
        }
        return {k: v for k, v in data.items() if v not in ("", [], None)}


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong, and from which line (1-based) on."""

    line: int
    message: str


class AuditLog:
    """``STATE/audit.jsonl``, ``audit.head`` and ``audit.lock``; all 0600."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self.path = state / "audit.jsonl"
        self.head_path = state / "audit.head"
        self._lock_path = state / "audit.lock"
        self._clock = clock

    def append(self, record: Record) -> dict[str, Any]:
        """Write one line durably; returns it with its number and hash."""
        private_directory(self.path.parent)
        with self._locked():
            number, previous, size = self._head()
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                torn = b""
                actual = os.fstat(fd).st_size
                if actual > size:
                    number, previous, size, torn = self._adopt(fd, number, previous, size)
                if torn:
                    os.ftruncate(fd, size)
                    text = torn.decode("utf-8", "backslashreplace")
                    healed = Record("recovered", record.person, detail="a line torn by a crash", extra={"torn": text})
                    number, previous, size = self._write(fd, number, previous, size, healed)[0]
                (number, previous, size), line = self._write(fd, number, previous, size, record)
            finally:
                os.close(fd)
            if number == 1:
                sync_directory(self.path.parent)
            self._write_head(number, previous, size)
        return line

    def read(self) -> Iterator[dict[str, Any]]:
        """Every readable line, oldest first."""
        if not self.path.exists():
            return
        for raw in self.path.read_bytes().split(b"\n"):
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line

    def verify(self) -> tuple[int, Damage | None]:
        """The number of good lines from the start, and the first damage found."""
        with self._locked():
            data = self.path.read_bytes() if self.path.exists() else b""
            head = self._read_head()
        return verify(data, head)

    def _adopt(self, fd: int, number: int, previous: str, size: int) -> tuple[int, str, int, bytes]:
        # A crash between the line and the anchor leaves one good line beyond it, or a torn one.
        tail = os.pread(fd, os.fstat(fd).st_size - size, size)
        raw, newline, rest = tail.partition(b"\n")
        if newline:
            problem, own = check_line(raw, number + 1, previous)
            if not problem:
                return number + 1, own, size + len(raw) + 1, rest if b"\n" not in rest else b""
            return number, previous, size, b""  # damage: left in place for verify to find
        return number, previous, size, raw

    def _write(
        self, fd: int, number: int, previous: str, size: int, record: Record
    ) -> tuple[tuple[int, str, int], dict[str, Any]]:
        line = {"v": VERSION, "n": number + 1, "at": round(self._clock.now(), 3), **record.to_json(), "prev": previous}
        own = line_hash(line)
        raw = canonical({**line, "hash": own}) + b"\n"
        if os.write(fd, raw) != len(raw):
            raise OSError(28, "No space left on device: the audit log's line was not written")
        os.fsync(fd)
        return (number + 1, own, size + len(raw)), {**line, "hash": own}

    def _head(self) -> tuple[int, str, int]:
        head = self._read_head()
        if head is None:
            return 0, GENESIS, 0
        return head["n"], head["hash"], head["size"]

    def _read_head(self) -> dict[str, Any] | None:
        try:
            head = json.loads(self.head_path.read_bytes())
            return {"n": int(head["n"]), "hash": str(head["hash"]), "size": int(head["size"])}
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return {"n": -1, "hash": "", "size": 0}

    def _write_head(self, number: int, own: str, size: int) -> None:
        write_private(self.head_path, json.dumps({"n": number, "hash": own, "size": size}).encode() + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock_path.parent.exists():
            yield
            return
        fd = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def canonical(line: Mapping[str, Any]) -> bytes:
    """The only spelling of a line: keys in order of writing, no spaces."""
    return json.dumps(line, ensure_ascii=True, separators=(",", ":"), default=str).encode()


def line_hash(line: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over everything but ``hash``."""
    return hashlib.sha256(canonical({k: v for k, v in line.items() if k != "hash"})).hexdigest()


def check_line(raw: bytes, number: int, previous: str) -> tuple[str, str]:
    """(what is wrong or empty, the line's hash)."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return "it is not JSON: changed or torn", ""
    if not isinstance(line, dict) or canonical(line) != raw or line_hash(line) != line.get("hash"):
        return "it was changed: its hash does not fit", ""
    if line.get("n") != number:
        return f"it says it is line {line.get('n')}: lines were removed, inserted or reordered", ""
    if line.get("prev") != previous:
        return "it does not follow the line before it: that one was changed or replaced", ""
    return "", line["hash"]


def verify(data: bytes, head: Mapping[str, Any] | None) -> tuple[int, Damage | None]:
    """Check a whole log against its anchor: (good lines from the start, first damage)."""
    *lines, rest = data.split(b"\n")
    previous = GENESIS
    hashes = [GENESIS]
    for number, raw in enumerate(lines, 1):
        problem, own = check_line(raw, number, previous)
        if problem:
            return number - 1, Damage(number, problem)
        previous = own
        hashes.append(own)
    count = len(lines)
    if head is None:
        # The anchor is written after the first line, so a crash may leave one line without it.
        if count > 1 or rest:
            return count, Damage(count or 1, "the anchor audit.head is missing")
        return count, None
    if head["n"] < 0:
        return count, Damage(count or 1, "the anchor audit.head is damaged")
    if head["n"] > count:
        return count, Damage(count + 1, f"lines {count + 1} to {head['n']} were removed from the end")
    if hashes[head["n"]] != head["hash"]:
        return max(head["n"] - 1, 0), Damage(head["n"], "it is not the line that the anchor audit.head remembers")
    if rest or count > head["n"] + 1:
        line = head["n"] + 1
        if rest and count <= head["n"] + 1:
            return count, Damage(count + 1, "it is torn: the machine stopped while it was written, or it was cut")
        return head["n"], Damage(line, "lines were added which the anchor audit.head does not know")
    return count, None
