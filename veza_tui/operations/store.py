"""The operations of this OS user on this machine: one private directory each."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from veza_tui.model.errors import VezaError
from veza_tui.model.journal import JournalEvent, OperationState, OperationStatus
from veza_tui.model.plan import Plan, plan_from_json
from veza_tui.operations.fold import Folder, fold
from veza_tui.operations.ids import FOLDER, ids_in, resolve_id
from veza_tui.operations.journal import Journal, JournalError, JournalReader
from veza_tui.operations.request import Request, request_from_json
from veza_tui.operations.settings import private_directory, write_private
from veza_tui.operations.summary import kept_limit, old_ones, prunable, read_summary, write_summary
from veza_tui.ports.runner import RunnerRecord, Runners


@dataclass(frozen=True, slots=True)
class OperationFiles:
    """The files of one operation."""

    directory: Path

    @property
    def id(self) -> str:
        """Its id, which is the directory's name."""
        return self.directory.name

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.directory / "journal.jsonl"

    @property
    def control(self) -> Path:
        """Requests to the runner (cancel), appended by others."""
        return self.directory / "control.jsonl"

    @property
    def log(self) -> Path:
        """The runner's stdout and stderr."""
        return self.directory / "runner.log"

    @property
    def evidence(self) -> Path:
        """What steps keep: logs of failed pods, diffs, events."""
        return self.directory / "evidence"

    def plan(self) -> Plan:
        """The plan; VezaError when it is missing, damaged or was changed."""
        try:
            return plan_from_json(json.loads((self.directory / "plan.json").read_bytes()))
        except (OSError, ValueError) as error:
            raise VezaError(f"operation {self.id}: its plan cannot be used: {error}", hint="make a new one") from error

    def request(self) -> Request:
        """Who asked and how."""
        try:
            return request_from_json(json.loads((self.directory / "request.json").read_bytes()))
        except (OSError, ValueError) as error:
            raise VezaError(f"operation {self.id}: its request cannot be used: {error}") from error

    def write_request(self, request: Request) -> None:
        """Replace it (a resume may ask for more: break-glass, take-over)."""
        write_private(self.directory / "request.json", _pretty(request.to_json()))

    def runner(self) -> RunnerRecord | None:
        """Which process runs it or ran it last; None when none has begun."""
        try:
            return RunnerRecord(**json.loads((self.directory / "runner.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write_runner(self, record: RunnerRecord) -> None:
        """Say which process runs it."""
        write_private(self.directory / "runner.json", _pretty(asdict(record)))


def earlier(state: Path, kind: str, *, most: int | None = None) -> Iterator[tuple[OperationFiles, Plan]]:
    """Operations of this kind on this machine, newest first, of the ``most`` newest of all kinds.

    A damaged neighbour, or one that is swept meanwhile, is passed over.
    """
    root = state / FOLDER
    for name in ids_in(root)[::-1][:most]:
        files = OperationFiles(root / name)
        try:
            data = json.loads((files.directory / "plan.json").read_bytes())
            if data["kind"] == kind:
                yield files, plan_from_json(data)
        except (OSError, ValueError, LookupError, TypeError):
            continue


class OperationStore:
    """All of them, under ``STATE/operations``."""

    def __init__(self, state: Path, runners: Runners) -> None:
        self.state = state
        self._root = state / FOLDER
        self._runners = runners

    def create(self, plan: Plan, request: Request) -> OperationFiles:
        """Write plan, request and the journal's first event, durably."""
        private_directory(self._root)
        self.prune()
        files = OperationFiles(private_directory(self._root / request.id))
        private_directory(files.evidence)
        write_private(files.directory / "plan.json", _pretty(plan.to_json()))
        files.write_request(request)
        journal = Journal(files.journal)
        data = {
            "id": request.id,
            "hash": plan.hash,
            "kind": plan.kind,
            "environment": plan.target.environment,
            "title": plan.title,
            "user": request.person.user,
            "by": request.person.label,
            "reason": request.reason,
            "steps": [{"id": s.id, "title": s.title} for s in plan.steps],
        }
        journal.append(JournalEvent("plan", request.created, data=data), sync=True)
        journal.close()
        return files

    def discard(self, files: OperationFiles) -> None:
        """Remove an operation that never began."""
        shutil.rmtree(files.directory)

    def prune(self, environ: Mapping[str, str] | None = None) -> list[str]:
        """Remove the oldest finished operations beyond the limit; returns their ids. The audit log keeps its lines.

        Never one that has not ended, or that a resume or an undo may still want: failed and cancelled ones of the
        last thirty days.
        """
        limit = kept_limit(os.environ if environ is None else environ)
        known = self.ids()
        gone = []
        for operation_id in old_ones(known, limit, time.time()):
            files = self.open(operation_id)
            with contextlib.suppress(JournalError, OSError):
                status = self.glance(files)
                if status.kind and prunable(status, time.time()):
                    shutil.rmtree(files.directory)
                    gone.append(operation_id)
        return gone

    def ids(self) -> list[str]:
        """Oldest first."""
        return ids_in(self._root)

    def find(self, text: str) -> OperationFiles:
        """By id or its beginning; ConfigError when it is none or not clear."""
        return self.open(resolve_id(text, self.ids()))

    def open(self, operation_id: str) -> OperationFiles:
        """By whole id."""
        return OperationFiles(self._root / operation_id)

    def glance(self, files: OperationFiles) -> OperationStatus:
        """``status`` without output, from the summary where the operation has ended: cheap for thousands of them."""
        events = read_summary(files.directory)
        if events is not None:
            return fold(files.id, events)
        status = self.status(files)
        if status.state.ended and "damaged journal lines" not in status.reason:
            write_summary(files.directory)
        return status

    def status(self, files: OperationFiles) -> OperationStatus:
        """Folded from the journal, and interrupted when its runner is dead."""
        reader, folder = JournalReader(files.journal), Folder(files.id)
        status = folder.feed(reader.read())
        return self.judge(files, _with_damage(status, reader))

    def judge(self, files: OperationFiles, status: OperationStatus) -> OperationStatus:
        """``status``, made interrupted when nothing will write the journal any more."""
        if status.state.ended:
            return status
        record = files.runner()
        if record is None:
            # The starter is between creating it and the runner's first word, or died there.
            starting = self._starter_alive(files)
            return status if starting else _interrupted(status, "its runner never began")
        alive = self._runners.alive(record)
        if alive is None:
            return replace(status, host=record.host)
        if alive:
            return status
        return _interrupted(status, "its runner died")

    def list(self, environment: str = "") -> Iterator[OperationStatus]:
        """Newest first. One that a newer program wrote is left out."""
        for operation_id in reversed(self.ids()):
            try:
                status = self.glance(self.open(operation_id))
            except JournalError:
                continue
            if status.kind and (not environment or status.environment == environment):
                yield status

    def _starter_alive(self, files: OperationFiles) -> bool:
        try:
            record = RunnerRecord(**json.loads((files.directory / "starter.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return False
        return bool(self._runners.alive(record))

    def mark_starter(self, files: OperationFiles) -> None:
        """Note the process that is about to start the runner."""
        write_private(files.directory / "starter.json", _pretty(asdict(self._runners.myself())))


def _interrupted(status: OperationStatus, why: str) -> OperationStatus:
    current = next((s.title for s in status.steps if s.state == "running"), "")
    where = f" in the step “{current}”" if current else ""
    hint = f"veza-tui operations resume {status.id}, or: veza-tui operations undo {status.id}"
    return replace(status, state=OperationState.INTERRUPTED, safe_point="", reason=f"{why}{where}; {hint}")


def _with_damage(status: OperationStatus, reader: JournalReader) -> OperationStatus:
    if not reader.damaged:
        return status
    lines = ", ".join(map(str, reader.damaged[:5]))
    return replace(status, reason=f"{status.reason + '; ' if status.reason else ''}damaged journal lines: {lines}")


def _pretty(data: object) -> bytes:
    return json.dumps(data, indent=1, ensure_ascii=False, default=str).encode() + b"\n"
