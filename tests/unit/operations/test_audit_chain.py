"""The audit log finds every changed, removed, inserted or reordered line, the last one included."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tools.clocks import FakeClock
from veza_tui.operations.audit import AuditLog, Record, line_hash, verify
from veza_tui.operations.who import Person

ME = Person("oncall", 1000, "jump", ssh="192.0.2.7")


def write(state: Path, count: int) -> AuditLog:
    log = AuditLog(state, FakeClock())
    for n in range(count):
        log.append(Record("intent", ME, environment="production", detail=f"line {n}", reason="why ✔"))
    return log


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, object]]:
    log = write(tmp_path_factory.mktemp("audit"), 8)
    return log.path.read_bytes(), json.loads(log.head_path.read_bytes())


def test_intact_log_verifies_and_is_private(tmp_path: Path) -> None:
    log = write(tmp_path, 3)
    assert log.verify() == (3, None)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    line = next(iter(log.read()))
    assert (line["user"], line["ssh_from"], line["environment"]) == ("oncall", "192.0.2.7", "production")


def test_empty_log_verifies(tmp_path: Path) -> None:
    assert AuditLog(tmp_path / "none", FakeClock()).verify() == (0, None)


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_found(intact: tuple[bytes, dict[str, object]], data: st.DataObject) -> None:
    raw, head = intact
    lines = raw.splitlines(keepends=True)
    kind = data.draw(st.sampled_from(["byte", "remove", "swap", "insert", "rehash", "cut", "duplicate", "blank"]))
    at = data.draw(st.integers(0, len(lines) - 1))
    new = list(lines)
    if kind == "byte":
        offset = data.draw(st.integers(0, len(raw) - 1))
        value = data.draw(st.integers(0, 255).filter(lambda b: b != raw[offset]))
        damaged = raw[:offset] + bytes([value]) + raw[offset + 1 :]
        at = raw[:offset].count(b"\n")
    else:
        if kind == "remove":
            del new[at]
        elif kind == "swap":
            other = data.draw(st.integers(0, len(lines) - 1).filter(lambda n: n != at))
            new[at], new[other] = new[other], new[at]
            at = min(at, other)
        elif kind == "insert":
            new.insert(at, new[data.draw(st.integers(0, len(lines) - 1))])
        elif kind == "duplicate":
            new.insert(at + 1, new[at])
            at += 1
        elif kind == "blank":
            new.insert(at, b"\n")
        elif kind == "rehash":
            content = json.loads(new[at])
            content["user"] = "somebody-else"
            content["hash"] = line_hash(content)
            new[at] = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        damaged = b"".join(new)
        if kind == "cut":
            size = data.draw(st.integers(0, len(raw) - 1))
            damaged = raw[:size]
            at = damaged.count(b"\n")
    good, damage = verify(damaged, head)
    assert damage is not None, kind
    # The line named is the damaged one, or the next: the one whose link does not fit any more.
    assert at + 1 <= damage.line <= at + 2, (kind, at, damage)
    assert good <= at + 1


def test_removed_last_line_is_found_by_the_anchor(tmp_path: Path) -> None:
    log = write(tmp_path, 4)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:-1]))
    _, damage = log.verify()
    assert damage is not None and damage.line == 4 and "removed from the end" in damage.message
    # And appending does not hide it.
    log.append(Record("intent", ME))
    assert log.verify()[1] is not None


def test_removed_file_or_anchor_is_found(tmp_path: Path) -> None:
    log = write(tmp_path, 3)
    log.path.unlink()
    assert log.verify()[1] is not None
    log = write(tmp_path / "b", 3)
    log.head_path.unlink()
    assert log.verify()[1] is not None
    log = write(tmp_path / "c", 3)
    log.head_path.write_text("{")
    assert log.verify()[1] is not None


@pytest.mark.parametrize("torn", [True, False])
def test_a_crash_between_line_and_anchor_heals(tmp_path: Path, torn: bool) -> None:
    log = write(tmp_path, 3)
    head = log.head_path.read_bytes()
    log.append(Record("intent", ME, detail="the last one"))
    raw = log.path.read_bytes()
    log.head_path.write_bytes(head)  # the machine stopped before the anchor was written
    if torn:
        log.path.write_bytes(raw[:-20])
    else:
        assert log.verify() == (4, None)
    log.append(Record("outcome", ME))
    good, damage = log.verify()
    assert damage is None
    assert good == 5
    types = [line["type"] for line in log.read()]
    assert types[3:] == (["recovered", "outcome"] if torn else ["intent", "outcome"])


def _append(state: str, count: int) -> None:
    write(Path(state), count)


def test_concurrent_writers_keep_one_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_append, args=(str(tmp_path), 8)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(20)
    assert AuditLog(tmp_path, FakeClock()).verify() == (24, None)
