r"""A plain dump let through table by table: each table's rows in a transaction of its own, the dump's own kept."""

from __future__ import annotations

import pytest

from veza_tui.adapters.postgres.apart import ApartFilter
from veza_tui.adapters.postgres.process import explain_lines

DUMP = rb"""CREATE TABLE public."a;b" (n int);
CREATE TABLE public.root (n int)
PARTITION BY HASH (n);
-- Data
COPY public."a;b" (n) FROM stdin;
1
\\.
\.

COPY public.root (n) FROM stdin;
2
\.

COPY public.root (n) FROM stdin;
3
\.

BEGIN;
SELECT pg_catalog.lo_open('9', 131072);
COMMIT;
CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;
"""


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_rows_come_into_the_transaction_that_empties_their_table(size: int) -> None:
    gate = ApartFilter()
    out = b"".join(gate.feed(DUMP[i : i + size]) for i in range(0, len(DUMP), size)) + gate.finish()
    assert not gate.refused
    assert out.count(b"\n") == DUMP.rstrip().count(b"\n"), "psql tells the dump's own lines"
    assert b'BEGIN; TRUNCATE TABLE ONLY public."a;b";\n-- Data\nCOPY public."a;b" (n) FROM stdin;\n1\n' in out
    assert b"\\\\.\n\\.\nCOMMIT;\nCOPY public.root" in out
    assert out.count(b"TRUNCATE") == 1, "rows sent through a root come in several parts"
    assert b"BEGIN;\nSELECT pg_catalog.lo_open('9', 131072);\nCOMMIT;\n" in out, "a large object needs its transaction"
    assert b"SUBSCRIPTION" not in out


def test_why_a_program_ended() -> None:
    last = 'pg_dump: dumping contents of table "public.t"'
    killed = str(explain_lines([last], "pg_dump of h:1/d", -9))
    assert killed == f"pg_dump of h:1/d: it was ended by SIGKILL after: {last}"
    locks = explain_lines(["psql:<stdin>:7: ERROR:  out of shared memory"], "psql of h:1/d", 3)
    assert "max_locks_per_transaction" in (locks.hint or "")
