"""The one under the cursor told whole: beside the list where it is wide, below it at 80x24, nowhere when it is low."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fake_backups import LONG, PROVEN, record
from fake_operations import NOW, Operations, ask, at, status

from tests.tools.screen import shown, until, until_shown
from tests.tools.synthetic import FixedClock, environment, three
from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus
from veza_tui.tui.app import VezaApp
from veza_tui.tui.presentation.ages import moment
from veza_tui.tui.presentation.backup_details import backup_details
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.operation import history_cells
from veza_tui.tui.presentation.spans import line_width, plain
from veza_tui.tui.screens.catalogue import CatalogueScreen
from veza_tui.tui.screens.operations import OperationsScreen
from veza_tui.tui.widgets.lines import Repainted

WIDE, SMALL, LOWEST = (160, 50), (80, 24), (60, 14)
REASON = f"Wait for pods: chat-server-5c5b84bbb-hd2pm: exit 1 (CrashLoopBackOff) — its log ends: {LONG}"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEZA_THEME", "dark")


def words_of(text: str) -> str:
    """What is on the screen, however it was folded (the left half of a wide screen is left out)."""
    return " ".join(" ".join(line[86:] if len(line) > 120 else line for line in text.splitlines()).split())


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Which widgets of lines asked to be painted."""
    found: list[str] = []
    before = Repainted.refresh

    def refresh(self: Repainted, *args: object, **more: object) -> Repainted:
        found.append(str(self.id or type(self).__name__))
        return before(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Repainted, "refresh", refresh)
    yield found


def costs_nothing(app: VezaApp, sent: list[str]) -> bool:
    """Whether painting all anew asks for no cell to be sent (once its first layout is over)."""
    sent.clear()
    app.veza_screen.repaint()
    return not sent


# --- history -----------------------------------------------------------------------------------------------------


def past() -> list[OperationStatus]:
    failed = status(
        OperationState.FAILED, reason=REASON, tail=("one line", "the last line"), purpose="because of " + LONG
    )
    wait = StepStatus("wait", "Wait for pods", StepState.FAILED, NOW - 5, NOW - 1)
    return [replace(failed, steps=(*failed.steps, wait)), status(OperationState.DONE, "backup", purpose="nightly")]


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_the_history_tells_reason_purpose_and_steps_in_full(size: tuple[int, int]) -> None:
    operations = Operations()
    operations.past = past()
    async with at(operations, "O", size=size) as (app, pilot):
        text = words_of(await until_shown(pilot, app, "THE OPERATION", "Wait for pods"))
        assert f"its log ends: {LONG}" in text
        assert f"why because of {LONG}" in text
        assert "nightly" in shown(app), "where all is well, the list says why it was started"
        await pilot.press("j")
        await until_shown(pilot, app, "backup staging")
        assert "its log ends" not in words_of(shown(app))


async def test_output_is_read_once_for_the_one_that_the_cursor_rests_on() -> None:
    operations = Operations()
    operations.past = past()
    async with at(operations, "O", size=WIDE) as (app, pilot):
        await until_shown(pilot, app, "OUTPUT", "the last line")
        await pilot.press("j", "k", "ctrl+r")
        await until(pilot, lambda: len(operations.read) >= 1 and "the last line" in shown(app))
        assert operations.read.count(operations.past[0].id) == 1
    others = Operations()
    others.past = past()
    async with at(others, "O", size=SMALL) as (app, pilot):
        await until_shown(pilot, app, "THE OPERATION")
        assert isinstance(app.screen, OperationsScreen)
        assert app.screen._reading is None and others.read == [], "there is no room for it, nor will it be read"


async def test_a_low_terminal_shows_the_list_alone_and_nothing_is_sent_while_nothing_changes(sent: list[str]) -> None:
    operations = Operations()
    operations.past = past()
    async with at(operations, "O", size=LOWEST) as (app, pilot):
        await until_shown(pilot, app, "OPERATIONS", "backup")
        assert "THE OPERATION" not in shown(app).replace("OPERATIONS", "")
        await pilot.resize_terminal(*WIDE)
        await until_shown(pilot, app, "the last line", "Wait for pods")
        await pilot.resize_terminal(*SMALL)
        await until_shown(pilot, app, "THE OPERATION", "Wait for pods")
        await until(pilot, lambda: costs_nothing(app, sent))


async def test_what_runs_is_followed_while_one_looks_and_what_has_ended_is_not_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OperationsScreen, "look_seconds", 0.01)
    operations = Operations()
    operations.past = [status(OperationState.RUNNING)]
    async with at(operations, "O", size=SMALL) as (app, pilot):
        await until_shown(pilot, app, "running")
        operations.past = [status(OperationState.DONE)]
        await until_shown(pilot, app, "done")
        assert isinstance(app.screen, OperationsScreen)
        await until(pilot, lambda: not app.veza_screen.look_again())  # type: ignore[attr-defined]


@pytest.mark.parametrize("columns", [80, 100, 119, 120, 140, 160])
async def test_the_columns_of_the_history_are_whole_at_every_width(columns: int) -> None:
    operations = Operations()
    operations.past = [*past(), status(OperationState.WAITING, "set-image", reason="for an approval of others")]
    async with at(operations, "O", size=(columns, 36)) as (app, pilot):
        await until_shown(pilot, app, "THE OPERATION", "waits for an approval")
        row = next(line for line in shown(app).splitlines() if "waits for an approval" in line)
        assert moment(NOW - 10, NOW) in row and "set-image" in row and "staging" in row, "only the reason may be cut"


def test_the_list_says_why_it_failed_before_why_it_was_started() -> None:
    failed, done = past()
    assert history_cells(failed, NOW)[-1].text.startswith("chat-server-5c5b84bbb")
    assert history_cells(done, NOW)[-1].text == "nightly"


# --- approvals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_an_approval_says_why_in_full_and_what_it_changes(size: tuple[int, int]) -> None:
    operations = Operations()
    operations.asks = [replace(ask(1), reason=LONG), replace(ask(2, "Restore staging"), plan_hash="0" * 64)]
    async with at(operations, "A", size=size) as (app, pilot):
        text = words_of(await until_shown(pilot, app, "WHAT IS ASKED FOR", "CHANGES"))
        assert LONG in text and "alice@ops1; 1 other person must say yes" in text
        assert "Deployment/backend-api spec.replicas" in text
        await pilot.press("j")
        text = words_of(await until_shown(pilot, app, "cannot be approved"))
        assert "was changed after it was asked for" in text and "spec.replicas" not in text


# --- the catalogue -----------------------------------------------------------------------------------------------


class Records:
    """A catalogue of these."""

    class storage:
        label = "/backups"

    def records(self, environment: str) -> list[BackupRecord]:
        return [PROVEN, record("20231113_215640", problem="database.sql: its digest is wrong, a byte was flipped")]


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_the_catalogue_shows_what_show_prints(size: tuple[int, int], sent: list[str]) -> None:
    app = VezaApp(three(FixedClock(NOW), incident=False))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(app.tabs))
        app.push_screen(CatalogueScreen(Records(), environment("production")))  # type: ignore[arg-type]
        text = words_of(await until_shown(pilot, app, "THE BACKUP", "TABLES", "public.table_000"))
        assert "loaded and compared" in text and "2,997 rows in 3 tables, by ada@ops1" in text
        assert f"by bob: {LONG}" in text, "the reason of a hold is told in full"
        assert "veza_production on db.eu:5432" in text and "database.sql" in text and "LSN 0/3373140" in text
        assert "rows only" in text, "a table whose contents were not digested says so"
        await until(pilot, lambda: costs_nothing(app, sent))
        await pilot.press("j")
        text = words_of(await until_shown(pilot, app, "DAMAGED"))
        assert "its digest is wrong, a byte was flipped" in text


@pytest.mark.parametrize("rows", [8, 14, 22, 48])
@pytest.mark.parametrize("cells", [54, 80])
def test_many_tables_and_files_never_take_more_than_there_is(rows: int, cells: int) -> None:
    many = record(tables=200, files=tuple((f"k8s/{n:03}.yaml", n) for n in range(60)))
    lines = backup_details(many, NOW, cells, rows, UNICODE)
    assert all(line_width(line) <= cells for line in lines)
    text = "\n".join(map(plain, lines))
    if rows >= 14:
        assert len(lines) <= rows and "more tables; P shows all" in text
    made = backup_details(record(manifest=None, digest=""), NOW, cells, rows, UNICODE)
    assert "no manifest" in "\n".join(map(plain, made))
