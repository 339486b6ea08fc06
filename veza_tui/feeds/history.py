"""The health checks' last 24 hours on disk: appended by the screen and the monitor, read by the health page.

One file an environment and workspace, ``$XDG_STATE_HOME/veza-tui/health/ENV-HASH.jsonl`` (0600), a line for each
answer: ``[unix seconds, check, state, latency in ms or null]``. Several processes append to it; a line torn by a crash
is left out and does not harm the next one. When the file has grown, what is older than a day is dropped.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import State

log = logging.getLogger(__name__)

KEPT = 24 * 3600.0
"""Seconds that are kept."""
COMPACT = 2 << 20
"""Bytes from which a file is compacted: a day of five checks, asked every 30 s by two programs, is about 1.3 MB."""
LARGEST = 8 << 20
"""Bytes of which no more than the newest are ever read."""
CLOSE = 5.0
"""Seconds within which a second, equal answer (another program's) is dropped when the file is compacted."""
FLUSH = 10.0
"""Seconds for which answers are collected before they are written."""
_STATES = {state.value: state for state in State}


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer; ``at`` in unix seconds, ``latency`` in seconds."""

    at: float
    check: str
    state: State
    latency: float | None

    def line(self) -> str:
        """As it stands in the file."""
        latency = None if self.latency is None else round(self.latency * 1000, 2)
        return json.dumps([round(self.at, 1), self.check, self.state.value, latency], separators=(",", ":"))


class HealthStore:
    """The file of one environment. Its methods block: call them in a thread. None raises for the disk's sake."""

    def __init__(self, state: Path, environment: str, workspace: Path) -> None:
        digest = hashlib.sha256(str(workspace).encode()).hexdigest()[:8]
        self.path = state / "health" / f"{environment}-{digest}.jsonl"
        self._lock = self.path.with_suffix(".lock")

    def append(self, samples: Iterable[Sample], now: float) -> bool:
        """Write; False when the disk does not take it. Compacts a file that has grown."""
        data = "".join(sample.line() + "\n" for sample in samples).encode()
        if not data:
            return True
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                try:
                    size = os.fstat(fd).st_size
                    if size and os.pread(fd, 1, size - 1) != b"\n":
                        data = b"\n" + data  # the line before was torn: it ends here
                    os.write(fd, data)
                finally:
                    os.close(fd)
                if size + len(data) > COMPACT:
                    self._compact(now)
        except OSError as error:
            log.warning("health history: %s", error.strerror)
            return False
        return True

    def read(self, now: float) -> dict[str, list[Sample]]:
        """The samples of the last day by check, oldest first; {} when there are none or they cannot be read."""
        found: dict[str, list[Sample]] = {}
        for sample in parse(self._bytes()):
            if now - KEPT <= sample.at <= now + 60:
                found.setdefault(sample.check, []).append(sample)
        for samples in found.values():
            samples.sort(key=lambda s: s.at)
        return found

    def _bytes(self) -> bytes:
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return b""
        try:
            size = os.fstat(fd).st_size
            return os.pread(fd, LARGEST, max(0, size - LARGEST))
        except OSError:
            return b""
        finally:
            os.close(fd)

    def _compact(self, now: float) -> None:
        """With the lock held: the last day, without what two programs wrote twice."""
        kept: list[Sample] = []
        for samples in self.read(now).values():
            last: Sample | None = None
            for sample in samples:
                if last is None or sample.at - last.at >= CLOSE or sample.state is not last.state:
                    kept.append(sample)
                    last = sample
        kept.sort(key=lambda s: s.at)
        lines = [sample.line() for sample in kept]
        while lines and sum(map(len, lines)) + len(lines) > COMPACT * 3 // 4:
            lines = lines[len(lines) // 4 + 1 :]
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with suppress(FileNotFoundError):
            temporary.unlink()
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "w") as file:
            file.writelines(line + "\n" for line in lines)
        temporary.rename(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fd = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def parse(data: bytes) -> Iterator[Sample]:
    """The samples of a file's bytes; whatever is no sample is left out."""
    for raw in data.split(b"\n"):
        try:
            at, check, state, latency = json.loads(raw)
            if not isinstance(check, str) or len(check) > 100:
                continue
            yield Sample(float(at), check, _STATES[state], None if latency is None else float(latency) / 1000)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue


class HealthRecorder:
    """Hands each new answer of a feed's views to the store, in a thread, a few times a minute."""

    def __init__(self, store: HealthStore) -> None:
        self.store = store
        self._seen: dict[str, float] = {}
        self._waiting: list[Sample] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def take(self, view: EnvironmentView) -> None:
        """Subscribe this to a feed."""
        fresh = new_samples(view, self._seen)
        if fresh:
            self._waiting += fresh
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(FLUSH, self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        samples, self._waiting = self._waiting, []
        if samples:
            await asyncio.to_thread(self.store.append, samples, samples[-1].at)

    async def close(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        await self._write()


def new_samples(view: EnvironmentView, seen: dict[str, float]) -> list[Sample]:
    """What the view's histories hold beyond ``seen`` (check -> time of its newest), which is brought up to date."""
    out = []
    for row in view.health:
        last = seen.get(row.name, 0.0)
        out += [Sample(at, row.name, state, latency) for at, state, latency in row.history if at > last]
        if row.history:
            seen[row.name] = max(last, row.history[-1][0])
    return out


@dataclass(frozen=True, slots=True)
class Slot:
    """One stretch of time: its worst state (None without an answer) and its slowest answer."""

    state: State | None
    latency: float | None


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch in which a check was in one state; ``until`` None while it lasts."""

    state: State
    since: float
    until: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A day of one check; shares are of the time that is known, None when nothing is."""

    samples: int
    share_ok: float | None
    median: float | None
    slowest_20th: float | None
    """95th percentile of the latencies, seconds."""
    known_since: float | None


def merged(stored: Mapping[str, list[Sample]], view: EnvironmentView) -> dict[str, list[Sample]]:
    """What the store had and what the view has since, by check, oldest first."""
    out = {check: list(samples) for check, samples in stored.items()}
    seen = {check: samples[-1].at + 0.1 for check, samples in out.items() if samples}
    for sample in new_samples(view, seen):
        out.setdefault(sample.check, []).append(sample)
    return out


def slots(samples: Iterable[Sample], now: float, count: int, span: float = KEPT) -> list[Slot]:
    """The span in ``count`` equal slots, oldest first; a slot without an answer is unknown, and says so by None."""
    states: list[State | None] = [None] * count
    latencies: list[float | None] = [None] * count
    for sample in samples:
        i = int((sample.at - (now - span)) / span * count)
        if not 0 <= i < count:
            i = count - 1 if now <= sample.at <= now + 60 else -1
        if i < 0:
            continue
        known = states[i]
        if known is None or _rank(sample.state) > _rank(known):
            states[i] = sample.state
        if sample.latency is not None:
            latencies[i] = max(latencies[i] or 0.0, sample.latency)
    return [Slot(s, t) for s, t in zip(states, latencies, strict=True)]


def _rank(state: State) -> int:
    # An answer counts more than the lack of one; trouble most.
    return {State.UNKNOWN: 0, State.OK: 1, State.PROGRESSING: 2, State.DEGRADED: 3, State.FAILED: 4}[state]


def periods(samples: Iterable[Sample], gap: float = 150.0) -> list[Period]:
    """When the state changed, newest first. After ``gap`` seconds without an answer the state is unknown."""
    out: list[Period] = []
    last: Sample | None = None
    for sample in samples:
        if last is not None and sample.at - last.at > gap and out[-1].state is not State.UNKNOWN:
            _end(out, last.at)
            out.append(Period(State.UNKNOWN, last.at, None))
        if not out or out[-1].state is not sample.state:
            _end(out, sample.at)
            out.append(Period(sample.state, sample.at, None))
        last = sample
    return out[::-1]


def _end(out: list[Period], at: float) -> None:
    if out:
        out[-1] = Period(out[-1].state, out[-1].since, at)


def summary(samples: Iterable[Sample]) -> Summary:
    """A day in a few numbers."""
    known = [s for s in samples if s.state is not State.UNKNOWN]
    latencies = sorted(s.latency for s in known if s.latency is not None)
    well = sum(s.state is State.OK for s in known)
    return Summary(
        len(known),
        well / len(known) if known else None,
        latencies[len(latencies) // 2] if latencies else None,
        latencies[min(len(latencies) - 1, len(latencies) * 95 // 100)] if latencies else None,
        known[0].at if known else None,
    )
