"""Digests out of the dump itself: the same whatever its form, proven by a load, and no change escapes them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.integration.backup.conftest import Backup, Place
from tests.integration.backup.test_backup_digests import CHANGES, EXCHANGES
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.backup import Manifest, differences
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.verify import verify_backup

pytestmark = pytest.mark.integration

ODD = r"""
CREATE TABLE texts (id int, t text, raw bytea);
INSERT INTO texts VALUES (1, E'\\.', '\x5c2e0a'), (2, E'\n\\.\n', ''),
  (3, NULL, NULL), (4, '\N', '\xff'), (5, E'a\tb\r\n', '\x00');
INSERT INTO texts SELECT i, repeat(md5(i::text), i % 90), decode(repeat(md5(i::text), i % 40), 'hex')
  FROM generate_series(6, 3000) i;
DELETE FROM texts WHERE id % 7 = 0;
UPDATE texts SET t = left(t, 5) WHERE id % 5 = 0;
INSERT INTO texts SELECT id + 5000, t, raw FROM texts;
CREATE TABLE empty (a int);
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE "a.b" ("x; y" int);
INSERT INTO "a.b" VALUES (1);
CREATE SCHEMA a;
CREATE TABLE a."b" (z int);
CREATE SCHEMA "public.a";
CREATE TABLE "public.a".b (z int);
INSERT INTO a.b VALUES (1), (2);
INSERT INTO "public.a".b VALUES (3);
CREATE TABLE moments (at timestamptz, cost money, span interval);
INSERT INTO moments VALUES ('2026-11-23 01:02:03.000004+05', 12.5, '1 mon -2 days'), ('infinity', NULL, NULL);
CREATE TYPE weather AS ENUM ('good', 'bad', 'odd');
CREATE TABLE parted (m weather, n int) PARTITION BY HASH (m);
CREATE TABLE part_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT (enum_range(NULL::weather))[1 + i % 3], i FROM generate_series(1, 100) i;
CREATE TABLE ranged (n int) PARTITION BY RANGE (n);
CREATE TABLE low PARTITION OF ranged FOR VALUES FROM (0) TO (50);
INSERT INTO ranged SELECT i FROM generate_series(1, 49) i;
CREATE TABLE parent (n int);
CREATE TABLE child (more int) INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 3);
CREATE TABLE made (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);
INSERT INTO made SELECT i FROM generate_series(1, 9) i;
CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM texts;
CREATE FUNCTION hostile() RETURNS text LANGUAGE sql AS $$ SELECT '
COPY public.empty (a) FROM stdin;
1
\.
' $$;
COMMENT ON TABLE empty IS E'\nCOPY public.empty (a) FROM stdin;\n7\n\\.\n';
SELECT lo_from_bytea(0, '\x010203');
"""
RESHAPED = r"""
CREATE TABLE parent (a int);
CREATE TABLE child (own int) INHERITS (parent);
ALTER TABLE parent ADD COLUMN b int;
CREATE TABLE late (b int, a int);
ALTER TABLE late INHERIT parent;
CREATE TABLE same (more int) INHERITS (parent);
INSERT INTO parent VALUES (7, 8);
INSERT INTO child (a, own, b) VALUES (1, 2, 3), (4, 5, 6);
INSERT INTO late (a, b) VALUES (9, 10);
INSERT INTO same (a, b, more) VALUES (11, 12, 13);
CREATE TABLE wide (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE upper PARTITION OF wide FOR VALUES FROM (100) TO (200);
CREATE TABLE refers (id int REFERENCES wide);
CREATE TABLE lower PARTITION OF wide FOR VALUES FROM (0) TO (100);
INSERT INTO wide VALUES (1), (101);
INSERT INTO refers VALUES (1);
CREATE TABLE documents (x xml, t text DEFAULT E'\\');
INSERT INTO documents VALUES ('<?xml version="1.0"?><a/>', E'it''s \\');
"""
SETTINGS = ("timezone = 'Asia/Tokyo'", "bytea_output = 'escape'", "intervalstyle = 'sql_standard'", "datestyle = 'SQL'")
FORMS = [
    *[("plain", "", 1), ("custom", "none", 1), ("custom", "gzip:1", 1), ("custom", "zstd", 1)],
    *[("directory", "zstd", 2), ("directory", "gzip", 1), ("directory", "none", 1)],
]


def _digests(manifest: Manifest) -> dict[str, tuple[int, str]]:
    assert manifest.dump is not None
    return {f"{t.schema}|{t.name}": (t.rows, t.digest) for t in manifest.dump.database.tables}


async def test_every_form_tells_the_same_and_is_proven(place: Place, storage: LocalStorage, backup: Backup) -> None:
    place.sql("SET SESSION AUTHORIZATION veza_production;" + EXCHANGES + ODD)
    for setting in SETTINGS:
        place.sql(f"ALTER DATABASE {place.name} SET {setting}")
    made = [await backup(storage, format=form, compression=how, jobs=jobs) for form, how, jobs in FORMS]
    found = [_digests(manifest) for manifest in made]
    for one, other in pairwise(found):
        assert one == other
    kinds = {key: digest[:1] for key, (_, digest) in found[0].items()}
    # Asked of the server: a tree whose rows a load scatters anew, and tables that share a name unquoted.
    assert {key for key, kind in kinds.items() if kind == "s"} == {*("public|parted", "public|a.b", "public.a|b")}
    without = {key.partition("|")[2] for key, kind in kinds.items() if not kind}
    assert without == {"no_columns", "nothing", "seen", "per_user"}, "no columns, or a materialized view"
    assert found[0]["public|texts"][0] == place.sql("SELECT count(*) FROM texts")[0][0]
    for manifest in (made[0], made[3], made[4]):
        verified = await verify_backup(
            Catalogue(storage), manifest.name, "production", place.database, SystemClock(), "ada", lambda p: None
        )
        assert verified.record.proven


async def test_what_a_load_makes_in_another_way_is_proven_all_the_same(
    place: Place, storage: LocalStorage, backup: Backup
) -> None:
    place.sql("SET SESSION AUTHORIZATION veza_production;" + RESHAPED)
    for setting in ("standard_conforming_strings = off", "quote_all_identifiers = on"):
        place.sql(f"ALTER DATABASE {place.name} SET {setting}")
    for form, how in (("plain", ""), ("custom", "lz4")):
        manifest = await backup(storage, format=form, compression=how)
        verified = await verify_backup(
            Catalogue(storage), manifest.name, "production", place.database, SystemClock(), "ada", lambda p: None
        )
        assert verified.record.proven
    # Carried by the dump are those whose columns keep their order.
    digests = _digests(manifest := await backup(storage))
    assert {key for key, (_, d) in digests.items() if d[:1] == "s"} == {"public|child", "public|late"}
    assert manifest.dump is not None
    expected = manifest.dump.database
    place.sql("UPDATE child SET own = b, b = own WHERE a = 1")
    wrong = differences(expected, await place.database.facts(like=expected))
    assert wrong == ["table public.child has the right number of rows with other contents"]


async def test_a_stale_materialized_view_is_told_and_not_refused(
    place: Place, storage: LocalStorage, backup: Backup
) -> None:
    made = "CREATE TABLE t (n int); CREATE MATERIALIZED VIEW stale AS TABLE t; INSERT INTO t VALUES (1), (2)"
    place.sql(f"SET SESSION AUTHORIZATION veza_production; {made}")
    manifest = await backup(storage)
    verified = await verify_backup(
        Catalogue(storage), manifest.name, "production", place.database, SystemClock(), "ada", lambda p: None
    )
    assert manifest.dump is not None
    assert verified.facts is not None
    (told,) = manifest.dump.database.made_anew(verified.facts)
    assert (told.name, told.rows) == ("stale", 2)


async def test_what_cannot_be_read_on_its_way_is_asked_of_the_server(
    place: Place, storage: LocalStorage, backup: Backup
) -> None:
    manifest = await backup(storage, format="custom", compression="lz4")
    assert {digest[:1] for _, digest in _digests(manifest).values() if digest} == {"s"}


async def test_no_change_of_a_row_escapes(place: Place, storage: LocalStorage, backup: Backup) -> None:
    place.sql("SET SESSION AUTHORIZATION veza_production;" + EXCHANGES)
    first = await backup(storage)
    earlier = first.dump.database
    assert differences(earlier, await place.database.facts(like=earlier)) == []
    where = "(x.id, y.id) IN ((1, 2), (2, 1))"
    exchanges = [f"UPDATE two x SET {c} = y.{c} FROM two y WHERE {where}" for c in ("t", "p")]
    for change in (*exchanges, *CHANGES[:6]):
        place.sql(change)
        now = await place.database.facts(like=earlier)
        assert differences(earlier, now), change
        earlier = now
