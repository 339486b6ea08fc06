"""Undo banner, proof page, preflight page, the missed objective: as text."""

from __future__ import annotations

from dataclasses import replace

from tests.tools.synthetic import environment, view
from veza_tui.model.journal import OperationState, OperationStatus
from veza_tui.model.restore import Check, Loss, SetAside, proof_tables
from veza_tui.model.view import NewestBackup
from veza_tui.tui.presentation.backups import check_lines, rounded
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.proof import operation_proof, proof_lines
from veza_tui.tui.presentation.restore import check_page
from veza_tui.tui.presentation.spans import line_width, plain
from veza_tui.tui.presentation.summary import summary_line, undo_line

NOW = 1_700_000_000.0
PROD = environment("production")


def test_the_banner_fits_and_keeps_the_size_and_the_key() -> None:
    seen = view("production", now=NOW)
    assert undo_line(seen, NOW, 80, UNICODE) == []
    aside = SetAside("veza_production_before_20231114_221320", "veza_production", NOW - 60, 13_000_000)
    (line,) = undo_line(replace(seen, set_aside=aside), NOW, 80, UNICODE)
    assert line_width(line) <= 80
    assert "before kept as veza_production_before_" in plain(line) and "(13 MB)" in plain(line)
    assert plain(line).rstrip().endswith("U undoes")
    (line,) = undo_line(replace(seen, set_aside=replace(aside, kind="tables")), NOW, 160, UNICODE)
    assert "rows before kept as veza_production_before_20231114_221320" in plain(line)


def test_a_missed_objective_is_said_on_the_overview() -> None:
    day = 86_400.0
    seen = view("production", now=NOW)
    late = replace(seen, newest_backup=NewestBackup("b", NOW - 60, False, NOW - 3 * day))
    assert "objective 24 h MISSED" in plain(summary_line(PROD, late, NOW, 160, UNICODE))
    good = replace(seen, newest_backup=NewestBackup("b", NOW - 60, True, NOW - 60))
    assert "MISSED" not in plain(summary_line(PROD, good, NOW, 160, UNICODE))


def status(result: dict[str, object]) -> OperationStatus:
    return OperationStatus(
        "id", "restore", "production", OperationState.DONE, "ada", "Restore it", NOW, NOW, (), result=result
    )


def test_the_proof_tells_then_before_and_now_and_what_it_is_not() -> None:
    assert operation_proof(status({})) is None
    tables = [
        {"table": "public.messages", "then": 120_000, "before": 60_000, "now": 120_000, "digest": True},
        {"table": "public.view", "then": 84, "before": 84, "now": 84, "digest": False},
    ]
    page = operation_proof(
        status({"prove": {"tables": tables, "rows": 120_084, "digests": 1, "unproven": ["owners and grants"],
                          "warnings": ["sequence x"], "constraints": 4, "sequences": 2, "extensions": []}})
    )  # fmt: skip
    assert page is not None and page.good is None
    for cells in (78, 158):
        lines = [plain(line) for line in proof_lines(page, NOW, cells, UNICODE)]
        assert all(line_width(line) <= cells for line in proof_lines(page, NOW, cells, UNICODE))
        text = "\n".join(lines)
        assert "cannot be proven: owners and grants" in text and "sequence x" in text
        row = next(line for line in lines if "public.messages" in line).split()
        assert row[-4:] == ["120,000", "60,000", "120,000", "equal"]
        assert "rows only" in next(line for line in lines if "public.view" in line)


def test_proof_rows_without_a_manifest_are_what_was_loaded() -> None:
    from veza_tui.model.backup import TableFacts

    (row,) = proof_tables(None, (TableFacts("public", "t", 3, ""),), (TableFacts("public", "t", 9, "d"),))
    assert row == {"table": "public.t", "then": 9, "before": 3, "now": 9, "digest": False}


def test_sizes_in_the_preflight_are_read_in_one_look() -> None:
    said = "only 76,586,369,024 bytes free on the server, 65,056,102 wanted; 4 sessions, 512 bytes"
    assert rounded(said) == "only 77 GB free on the server, 65 MB wanted; 4 sessions, 512 B"
    (line,) = check_lines([Check("disk", True, "1,234,567 bytes free, 9 wanted")], 78, UNICODE)
    assert "1.2 MB free, 9 B wanted" in plain(line)


def test_the_preflight_fits_a_small_terminal_and_wraps_what_is_wrong() -> None:
    checks = [Check(f"check {n}", True, "fine") for n in range(14)]
    checks.append(Check("roles that the dump names", False, "ghost: create them first, or " + "words " * 20))
    losses = [Loss(f"public.t{n}", n, n) for n in range(40)] + [Loss("public.messages", 10, 4)]
    lines = check_page(checks, losses, 5.0, 78, UNICODE)
    assert len(lines) <= 16 and all(line_width(line) <= 80 for line in lines)
    text = "\n".join(map(plain, lines))
    assert "40 tables have as many rows" in text and "public.messages" in text and "ghost" in text
