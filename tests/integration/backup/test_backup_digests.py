"""A table's digest: any changed, missing, doubled or exchanged value is found; row order and settings do not matter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.backup.conftest import Backup, Place
from veza_tui.adapters.postgres.digest import kind_for
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.backup import TableFacts, differences
from veza_tui.operations.backup.catalogue import Catalogue, manifest_bytes
from veza_tui.operations.backup.verify import verify_backup

pytestmark = pytest.mark.integration

EXCHANGES = """
CREATE TYPE pair AS (a int, b text);
CREATE TABLE two AS SELECT i AS id, md5(i::text) AS t, i * 7 AS n, i::bigint << 33 AS big, i / 3.0 AS num,
  i / 3.0::float8 AS f, now() + i * interval '1 s' AS at, ARRAY[i, NULL] AS arr, jsonb_build_object('k', i) AS j,
  ROW(i, 'x')::pair AS p, i::text::bytea AS raw, i % 2 = 0 AS flag, '2026-01-01'::date + i AS day,
  i * interval '1 day' AS span, i::text::char(9) AS pad, gen_random_uuid() AS u FROM generate_series(1, 12) i;
CREATE TABLE nulls (a int, b int, c timestamptz, d text, e bytea);
INSERT INTO nulls VALUES (1, NULL, NULL, NULL, NULL), (NULL, 2, NULL, '', ''), (NULL, NULL, NULL, NULL, NULL);
CREATE TABLE words (w text);
INSERT INTO words VALUES ('Word');
"""
COLUMNS = ("t", "n", "big", "num", "f", "at", "arr", "j", "p", "raw", "day", "span", "pad", "u")
CHANGES = (
    "UPDATE nulls SET a = NULL, b = 1 WHERE a = 1",
    "UPDATE nulls SET d = NULL WHERE d = ''",
    "UPDATE nulls SET e = NULL WHERE e = ''",
    "UPDATE nulls SET d = '' WHERE a IS NULL AND b IS NULL",
    "UPDATE nulls SET a = 5, b = 5 WHERE a IS NULL AND b IS NULL",
    "INSERT INTO nulls DEFAULT VALUES",
    "UPDATE two SET big = 4294967297 WHERE id = 1",
    "UPDATE two SET span = interval '1 mon' WHERE id = 2",
    "UPDATE two SET at = 'infinity' WHERE id = 3",
    "UPDATE two SET f = 'nan' WHERE id = 4",
    "UPDATE words SET w = 'WORD'",
)


def _digests(tables: tuple[TableFacts, ...]) -> dict[str, str]:
    return {t.name: t.digest for t in tables}


async def test_values_exchanged_between_rows_and_every_change_are_found(place: Place) -> None:
    place.sql("SET SESSION AUTHORIZATION veza_production;" + EXCHANGES)
    before = await place.database.facts()
    seen = {_digests(before.tables)["two"]}
    for column in COLUMNS:
        for row in (1, 3, 5):
            # What a join gone wrong does: the same values, at other rows.
            where = f"(x.id, y.id) IN (({row}, {row} + 1), ({row} + 1, {row}))"
            place.sql(f"UPDATE two x SET {column} = y.{column} FROM two y WHERE {where}")
            now = _digests((await place.database.facts()).tables)["two"]
            assert now not in seen, (column, row)
            seen.add(now)
    for change in CHANGES:
        earlier = await place.database.facts()
        place.sql(change)
        assert differences(earlier, await place.database.facts()), change


async def test_neither_order_nor_settings_matter(place: Place) -> None:
    place.sql("SET SESSION AUTHORIZATION veza_production;" + EXCHANGES)
    before = await place.database.facts()
    place.sql(
        "SET SESSION AUTHORIZATION veza_production; CREATE TABLE aside AS TABLE two ORDER BY id DESC; TRUNCATE two"
    )
    place.sql("INSERT INTO two SELECT * FROM aside; DROP TABLE aside")
    for setting in ("timezone = 'Asia/Tokyo'", "datestyle = 'SQL, DMY'", "extra_float_digits = 0"):
        place.sql(f"ALTER DATABASE {place.name} SET {setting}")
    assert differences(before, await place.database.facts()) == []


@pytest.mark.parametrize("kind", ["s", "r", "t"])
async def test_a_manifest_with_digests_of_an_earlier_kind_is_still_proven(
    place: Place, storage: LocalStorage, backup: Backup, kind: str
) -> None:
    manifest = await backup(storage, format="custom")
    assert manifest.dump is not None
    facts = manifest.dump.database
    assert {t.digest[0] for t in facts.tables if t.digest} == {"c"}
    marked = replace(
        facts, tables=tuple([replace(t, digest=t.digest and kind) for t in facts.tables]), large_objects=None
    )
    earlier = replace(await place.database.facts(like=marked), size=facts.size)
    assert {t.digest[0] for t in earlier.contents if t.digest} == {kind}
    path = storage.local(manifest.name, "manifest.json")
    assert path is not None
    path.write_bytes(manifest_bytes(replace(manifest, dump=replace(manifest.dump, database=earlier))))
    verified = await verify_backup(
        Catalogue(storage), manifest.name, "production", place.database, SystemClock(), "ada", lambda p: None
    )
    assert verified.record.proven


async def test_the_kind_follows_what_is_compared_with_as_far_as_the_server_can(place: Place) -> None:
    facts = await place.database.facts()
    assert kind_for(170000, None) == kind_for(170000, facts) == "s"
    assert kind_for(130000, None) == kind_for(130000, facts) == "t"
