"""What PostgreSQL and its programs say, as errors of ours: a full disk is not a server that cannot be reached."""

from __future__ import annotations

import psycopg
import pytest

from veza_tui.adapters.postgres.connection import Endpoint, explain
from veza_tui.adapters.postgres.process import explain_lines
from veza_tui.model.errors import RefusedError, UnreachableError, VezaError

FULL = 'could not extend file "base/5/16402": No space left on device'
PLACE = Endpoint("db", 5432, "veza", "live", "secret-word")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.errors.DiskFull(FULL), VezaError),
        (psycopg.errors.AdminShutdown("terminating connection due to administrator command"), UnreachableError),
        (psycopg.OperationalError("connection to server failed: Connection refused"), UnreachableError),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "veza"'), RefusedError),
    ],
)
def test_a_server_s_error_is_of_its_kind(error: psycopg.Error, kind: type[VezaError]) -> None:
    told = explain(error, PLACE)
    assert type(told) is kind and "db" in told.message and "secret-word" not in str(told)


@pytest.mark.parametrize(
    ("lines", "kind", "words"),
    [
        (["psql:<stdin>:42: ERROR:  " + FULL, "HINT:  Check free disk space."], VezaError, "No space left on device"),
        (["pg_restore: error: could not execute query: ERROR:  " + FULL], VezaError, "No space left on device"),
        (["pg_dump: error: connection to server at db failed: timeout expired"], UnreachableError, "timeout expired"),
        (['psql: error: FATAL:  password authentication failed for user "veza"'], RefusedError, "DB_PASSWORD"),
    ],
)
def test_a_program_s_error_is_of_its_kind(lines: list[str], kind: type[VezaError], words: str) -> None:
    told = explain_lines(lines, "psql of db", 3)
    assert type(told) is kind and words in str(told) and "\n" not in str(told)
