"""The scanner of plain dumps: what psql would see, and what it must never see."""

import random

import pytest

from veza_tui.adapters.postgres.opening import DumpFilter

HEAD = b"""--
-- PostgreSQL database dump
--

-- Dumped from database version 17.10

SET standard_conforming_strings = on;
"""
TAIL = b"--\n-- PostgreSQL database dump complete\n--\n\n"


def scan(text: bytes, *, block: int = 1 << 20, owners: bool = True, server_major: int = 17) -> tuple[DumpFilter, bytes]:
    gate = DumpFilter(owners=owners, server_major=server_major)
    out = b"".join(gate.feed(text[i : i + block]) for i in range(0, len(text), block))
    return gate, out + gate.finish()


GOOD = (
    HEAD
    + b"""\\restrict abc123

CREATE FUNCTION public.f(integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN ($1 > 1) THEN 2
             ELSE 3
         END AS "case";
 SELECT 4;
END;

ALTER FUNCTION public.f(integer) OWNER TO "we""ird";

CREATE FUNCTION public.g() RETURNS void LANGUAGE plpgsql AS $_$begin perform '\\! touch x'; end;$_$;
CREATE TABLE public."a b" (id integer, note text DEFAULT 'it''s; \\ odd'::text);
COMMENT ON TABLE public."a b" IS E'two\\nlines \\'; \\! no';
COPY public."a b" (id, note) FROM stdin;
1\tone
2\t\\\\.
3\t\\! echo in data
\\.

COPY public.empty (id) FROM stdin;
\\.

INSERT INTO public.t VALUES (1, 'a;b'), (2, '$$ not a quote');
SELECT pg_catalog.setval('public.s', 4, true);
GRANT SELECT ON TABLE public."a b" TO reader, writer;
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
\\unrestrict abc123

"""
    + TAIL
)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64, 4096, 1 << 20])
def test_a_dump_is_read_the_same_in_blocks_of_any_size(block: int) -> None:
    gate, out = scan(GOOD, block=block)
    report = gate.report()
    assert report.refused == ()
    assert report.complete
    assert report.dumped_from == "17.10"
    assert report.rows == {"public.a b": 3, "public.empty": 0, "public.t": 2}
    assert report.roles == ("reader", 'we"ird', "writer")
    assert report.extensions == ("pgcrypto",)
    assert report.tables == ("public.a b",)
    kept = b"".join(
        line for line in GOOD.splitlines(keepends=True) if not line.startswith((b"\\restrict", b"\\unrestrict"))
    )
    assert out.split() == kept.removesuffix(TAIL).split(), "everything but psql's own lines, up to the last statement"


def test_owners_and_grants_can_be_left_out() -> None:
    gate, out = scan(GOOD, owners=False)
    assert b"OWNER TO" not in out
    assert b"GRANT" not in out
    before = out[: out.index(b"CREATE EXTENSION")].count(b"\n")
    assert before == GOOD[: GOOD.index(b"CREATE EXTENSION")].count(b"\n"), "lines keep their numbers"
    assert gate.notes() == ("left out: owners", "left out: grants")


@pytest.mark.parametrize(
    "text",
    [
        b"\\! touch /tmp/x\n",
        b"  \\! touch /tmp/x\n",
        b"SELECT 1 \\! touch /tmp/x\n;\n",
        b"SELECT 1; \\! touch /tmp/x\n",
        b"\\copy t from program 'touch /tmp/x'\n",
        b"\\o |touch /tmp/x\n",
        b"\\w |touch /tmp/x\n",
        b"\\i /etc/passwd\n",
        b"\\ir other.sql\n",
        b"\\setenv PATH /tmp\n",
        b"\\set x `touch /tmp/x`\n",
        b"\\echo `touch /tmp/x`\n",
        b"SELECT 'a' \\gexec\n",
        b"SELECT 'a' \\g |touch /tmp/x\n",
        b"-- a comment\r\\! touch /tmp/x\n",
        b"/* a /* nested */ comment */ \\! touch /tmp/x\n",
        b"SELECT '\\'; \n\\! touch /tmp/x\n",
        b"SELECT E'a'\n'\\', '\n\\! touch /tmp/x\n';\n",
        b"SELECT E'a' -- c\n  -- d\n'\\', '\n\\! touch /tmp/x\n';\n",
        b"SELECT 1$$; \\! touch /tmp/x\n$$;\n",
        b"SELECT a$$; \\! touch /tmp/x\n$$;\n",
        b"SELECT $a$ $$ \\! $a$; \\! touch /tmp/x\n",
        b"SELECT 1E'\\'; \\! touch /tmp/x\n';\n",
        b"COPY t FROM PROGRAM 'touch /tmp/x';\n",
        b"COPY t TO PROGRAM 'touch /tmp/x';\n",
        b"COPY/**/t FROM PROGRAM 'touch /tmp/x';\n",
        b"copy (select 1) to program 'touch /tmp/x';\n",
        b"COPY t FROM stdin; \\! touch /tmp/x\n1\n\\.\n",
        b"COPY t FROM stdin WITH (FORMAT csv);\n1\n\\.\n",
        b"COPY t TO stdout;\n\\! touch /tmp/x\n\\.\n",
        b'COPY "x FROM stdin" TO stdout;\n\\! touch /tmp/x\n\\.\n',
        b"EXPLAIN COPY t FROM stdin;\n\\! touch /tmp/x\n\\.\n",
        b"CREATE/**/FUNCTION f() RETURNS int BEGIN ATOMIC\nCOPY t FROM stdin;\n\\! touch /tmp/x\n\\.\nEND;\n",
        b"CREATE -- x\nOR REPLACE FUNCTION f() BEGIN ATOMIC\nCOPY t FROM stdin;\n\\! touch /tmp/x\n\\.\nEND;\n",
        b"SELECT (1;\nCOPY t FROM stdin;\n\\! touch /tmp/x\n\\.\n",
        b"DO $$ begin execute 'copy t from program ''touch /tmp/x'''; end $$;\n",
        b"SET standard_conforming_strings = off;\n",
        b"SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);\n",
        b"SET client_encoding = 'SJIS';\n",
        b"ALTER ROLE postgres PASSWORD 'x';\n",
        b"ALTER SYSTEM SET archive_command = 'touch /tmp/x';\n",
        b"LOAD '/tmp/x.so';\n",
        b"SELECT public.evil();\n",
        b"SELECT pg_catalog.setval('s', public.evil(), true);\n",
        b"SELECT pg_catalog.setval('s', (SELECT x FROM evil), true);\n",
        b"SELECT pg_catalog.setval(E's\\'', evil(), ''::text);\n",
        b"SELECT pg_catalog.pg_read_file('/etc/passwd');\n",
        b"SELECT * INTO t FROM evil;\n",
        b"WITH x AS (SELECT 1) SELECT evil() FROM x;\n",
        b"VALUES (evil());\n",
        b"TABLE evil;\n",
        b"UPDATE t SET a = evil();\n",
        b"DELETE FROM t WHERE evil();\n",
        b"MERGE INTO t USING s ON evil() WHEN MATCHED THEN DELETE;\n",
        b"EXPLAIN ANALYZE SELECT evil();\n",
        b"NOTIFY x;\n",
        b"INSERT INTO t SELECT evil();\n",
        b"INSERT INTO t VALUES (evil());\n",
        b"INSERT INTO t VALUES (1, evil/**/());\n",
        b"INSERT INTO t VALUES (1, (SELECT a FROM evil));\n",
        b"INSERT INTO t VALUES (E'a\\'', evil(), '');\n",
        b"INSERT INTO t VALUES ('a', \"evil\" ('x'));\n",
        b"INSERT INTO t VALUES (1 @@@ 2);\n",
        b"INSERT INTO t VALUES (1) RETURNING evil();\n",
        b"\\connect one\n\\connect two\n",
        b"CREATE DATABASE one;\n\\connect two\n",
        b"SELECT $" + b"a" * 400 + b"$ \\! touch $" + b"a" * 400 + b"$; \\! x\n",
    ],
)
@pytest.mark.parametrize("block", [1, 5, 1 << 20])
def test_whatever_could_run_a_command_is_refused(text: bytes, block: int) -> None:
    gate, out = scan(HEAD + text + TAIL, block=block)
    assert gate.refused, out


def test_what_looks_hostile_inside_data_and_quotations_is_let_through() -> None:
    text = (
        b"COPY public.t (a) FROM stdin;\n\\\\! not a command\n\\N\n\\\\.\n\\.\n"
        b"COMMENT ON TABLE public.t IS E'it\\'s';\n"
        b"CREATE VIEW v AS SELECT '\\! in a string', \"\\! in a name\", $x$ \\! in $x$"
        b" /* \\! in a comment */;\n"
        b"-- \\! in a line\n"
    )
    gate, out = scan(HEAD + text + TAIL)
    assert gate.refused == []
    assert text.rpartition(b"\n--")[0] in out


def test_dumps_with_create_database_load_into_the_database_at_hand() -> None:
    text = (
        b"DROP DATABASE veza;\nCREATE DATABASE veza WITH TEMPLATE = template0;\nALTER DATABASE veza OWNER TO x;\n"
        b"\\connect veza\n\nCREATE TABLE t (a integer);\nBEGIN;\nCOMMIT;\n"
    )
    gate, out = scan(HEAD + text + TAIL)
    assert gate.refused == []
    assert gate.report().databases == ("veza",)
    assert b"DATABASE veza" not in out
    assert b"connect" not in out
    assert b"COMMIT" not in out
    assert b"CREATE TABLE t" in out


def test_settings_that_an_older_server_does_not_know_are_left_out() -> None:
    text = b"SET statement_timeout = 0;\nSET transaction_timeout = 0;\n"
    assert b"transaction_timeout" in scan(text, server_major=17)[1]
    older = scan(text, server_major=15)[1]
    assert b"transaction_timeout" not in older
    assert b"statement_timeout" in older


@pytest.mark.parametrize("cut", [b"COPY public.t (a) FROM stdin;\n1\n2\n", b"CREATE TABLE t (a int", b"SELECT 'abc"])
def test_a_truncated_dump_is_refused(cut: bytes) -> None:
    gate, _ = scan(HEAD + cut)
    assert "truncated" in gate.refused[0]
    assert not gate.report().complete


def test_a_dump_cut_anywhere_is_never_complete() -> None:
    for cut in random.Random(1).sample(range(1, len(GOOD) - 8), 60):
        assert not scan(GOOD[:cut])[0].report().complete


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO public.\"My t\" VALUES (1, 'it''s (', -1.5e+10, NULL, true, B'1', E'a\\'b(', 'NaN', DEFAULT);\n",
        b"INSERT INTO public.t (\"a b\", c) OVERRIDING SYSTEM VALUE VALUES\n\t(1, 'f(x)'),\n\t(2, 'SELECT');\n",
        b"INSERT INTO t DEFAULT VALUES;\n",
        b"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING;\n",
        b"SELECT pg_catalog.setval('public.\"T_id_seq\"', 7, true);\n",
        b"SELECT pg_catalog.set_config('search_path', '', false);\n",
        b"SELECT pg_catalog.lo_create('16411');\nSELECT pg_catalog.lo_open('16411', 131072);\n"
        b"SELECT pg_catalog.lowrite(0, '\\x28293b');\nSELECT pg_catalog.lo_close(0);\n",
        b"SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '16411';\n",
        b"SELECT * FROM pg_catalog.pg_restore_relation_stats(\n\t'version', '180000'::integer,\n"
        b"\t'relname', 't(x)',\n\t'reltuples', '10'::real\n);\n",
        b"REFRESH MATERIALIZED VIEW public.m;\nSECURITY LABEL FOR x ON TABLE t IS 'y';\nDROP TABLE IF EXISTS t;\n",
        b"ALTER TABLE ONLY t ADD CONSTRAINT c CHECK ((public.f(a) > 0));\n;\n",
        b"ALTER TABLE t ENABLE ALWAYS TRIGGER x;\nCREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();\n",
    ],
)
def test_everything_that_pg_dump_writes_is_let_through(text: bytes) -> None:
    gate, out = scan(HEAD + text + TAIL)
    assert gate.refused == [] and text.rstrip() in out


def test_a_routine_that_would_start_a_program_is_told() -> None:
    text = b"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ begin\n copy t\n from  program 'x'; end $$;\n"
    gate, _ = scan(HEAD + text + b"COMMENT ON TABLE t IS 'copy to program';\n" + TAIL)
    assert gate.refused == []
    assert len(gate.report().runs) == 1 and "starts a program" in gate.report().runs[0]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\x1f\x8b\x08\x00" + bytes(40), "gunzip"),
        (b"PGDMP\x01\x10" + bytes(40), "database.dump"),
        (b"\xff\xfeS\x00E\x00T\x00", "UTF-16"),
        (b"<html>", "web page"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "unzstd"),
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_what_is_no_plain_dump_is_called_by_its_name(head: bytes, why: str, block: int) -> None:
    gate, _ = scan(head, block=block)
    assert why in gate.refused[0]


@pytest.mark.parametrize("block", [1, 1 << 20])
def test_a_byte_order_mark_is_skipped(block: int) -> None:
    gate, out = scan(b"\xef\xbb\xbf\\restrict x\nCREATE TABLE t ();\n" + TAIL, block=block)
    assert gate.refused == [] and out.lstrip().startswith(b"CREATE TABLE")
