"""An archive of pg_dump's, built here byte by byte: its rows are told whatever its pieces, and nothing false."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veza_tui.adapters.postgres.archive_rows import Archive, decoder_for
from veza_tui.adapters.postgres.row_digests import ArchivedRows, PlainDigests, Rows

END = b"\\.\n\n\n"


def integer(value: int) -> bytes:
    return bytes([value < 0]) + abs(value).to_bytes(4, "little")


def text(value: str | None) -> bytes:
    return integer(-1) if value is None else integer(len(value.encode())) + value.encode()


def entry(number: int, schema: str, name: str, copy: str | None, minor: int) -> bytes:
    kind = "TABLE DATA" if copy else "FUNCTION"
    parts = [integer(number), integer(1), text("1259"), text("16400"), text(name), text(kind), integer(3)]
    parts += [text("-- COPY x FROM stdin;\n"), text(None), text(copy), text(schema), text(None), text("heap")]
    parts += [integer(ord("r"))] if minor >= 16 else []
    parts += [text("owner"), text("false"), text("200"), text(None), b"\x02" + bytes(8)]
    return b"".join(parts)


def archive(
    tables: dict[str, bytes], minor: int = 16, piece: int = 1000, squeeze: Callable[[bytes], bytes] = bytes
) -> bytes:
    out = [b"PGDMP", bytes([1, minor, 0, 4, 8, 1]), b"\x00" if minor >= 15 else integer(6)]
    out += [integer(n) for n in (1, 2, 3, 4, 5, 126, -1)] + [text("db"), text("17.10"), text("17.10")]
    out.append(integer(len(tables) + 1))
    out.append(entry(1, "public", "f", None, minor))
    for number, name in enumerate(tables, 10):
        out.append(entry(number, "public", name, f"COPY public.{name} (a, b) FROM stdin;\n", minor))
    out.append(bytes([3]) + integer(5) + integer(16500) + integer(3) + b"abc" + integer(0) + integer(0))
    for number, rows in enumerate(tables.values(), 10):
        data = squeeze(rows + END)
        out.append(bytes([1]) + integer(number))
        out += [integer(len(data[i : i + piece])) + data[i : i + piece] for i in range(0, len(data), piece)]
        out.append(integer(0))
    return b"".join(out)


def read(data: bytes, method: str, size: int) -> dict[str, Rows]:
    decoder = decoder_for(method)
    assert decoder is not None
    reader = Archive(decoder)
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    return reader.result()


def expected(rows: bytes) -> Rows:
    return Rows(rows.count(b"\n"), "c" + hashlib.sha256(rows).hexdigest()[:32])


TABLES = {"t": b"1\tone\n2\t\\\\.\n" * 300, "nothing": b"", "u": b"".join(b"%d\tx\n" % i for i in range(2000))}


@pytest.mark.parametrize("minor", [14, 15, 16])
@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
def test_rows_and_digests_whatever_the_pieces(minor: int, size: int) -> None:
    found = read(archive(TABLES, minor, piece=333), "none", size)
    assert found == {f"public.{name}": expected(rows) for name, rows in TABLES.items()}


def test_compressed_as_pg_dump_compresses() -> None:
    from backports.zstd import compress

    for method, squeeze in (("gzip:6", zlib.compress), ("6", zlib.compress), ("zstd", compress)):
        found = read(archive(TABLES, squeeze=squeeze), method, 1000)
        assert found["public.u"] == expected(TABLES["u"])


@pytest.mark.parametrize("method", ["none", "gzip", "zstd"])
def test_what_a_long_row_or_a_good_compression_holds_is_never_in_memory_at_once(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backports.zstd import compress

    squeeze: dict[str, Callable[[bytes], bytes]] = {"none": bytes, "gzip": zlib.compress, "zstd": compress}
    rows, longest = b"1\t" + b"x" * (5 << 20) + b"\n", [0]
    feed = ArchivedRows.feed

    def watched(self: ArchivedRows, block: bytes) -> None:
        longest.append(len(block))
        feed(self, block)

    monkeypatch.setattr(ArchivedRows, "feed", watched)
    whole = archive({"t": rows, "u": b"2\n"}, piece=9 << 20, squeeze=squeeze[method])
    assert read(whole, method, 1 << 18) == {"public.t": expected(rows), "public.u": expected(b"2\n")}
    assert max(longest) <= 1 << 20


def test_methods_that_are_not_read() -> None:
    assert decoder_for("lz4") is None and decoder_for("lzo:9") is None


def test_a_version_or_a_beginning_that_nobody_knows_tells_nothing() -> None:
    whole = archive(TABLES)
    assert read(archive(TABLES, minor=17), "none", 100) == {}
    assert read(b"PGDMP" + bytes(4000), "none", 100) == {}
    assert read(b"--\n-- PostgreSQL database dump\n" * 9, "none", 100) == {}
    assert "public.u" not in read(whole[:-40], "none", 100), "cut off in its last table"


def test_a_flipped_bit_never_raises_and_its_table_is_not_told_as_it_was() -> None:
    whole, rng = archive({"t": TABLES["u"]}, squeeze=zlib.compress), random.Random(7)
    start = whole.index(bytes([1]) + integer(10)) + 10  # in the compressed data, which has a sum of its own
    for at in range(start, len(whole) - 5, 97):
        broken = bytearray(whole)
        broken[at] ^= 1 << rng.randrange(8)
        assert read(bytes(broken), "gzip", 512).get("public.t") != expected(TABLES["u"]), at


@given(st.lists(st.binary(max_size=12), max_size=12))
def test_the_end_mark_is_found_across_pieces(pieces: list[bytes]) -> None:
    rows = ArchivedRows()
    whole = b"".join(pieces)
    for piece in (*pieces, b"\\", b".\n\n", b"\n"):
        rows.feed(piece)
    assert rows.result() == expected(whole)


@given(
    st.lists(st.sampled_from([b"a\n", b"\\\\.\n", b"\\.x\n", b"\\", b"\n", b"\\N\tb\n", b"1\t2"]), max_size=9),
    st.integers(1, 9),
)
def test_a_plain_dump_tells_the_same_in_blocks_of_any_size(parts: list[bytes], size: int) -> None:
    rows = b"".join(parts)
    rows = rows if rows.endswith(b"\n") or not rows else rows + b"\n"
    if b"\n\\.\n" in b"\n" + rows:
        return
    dump = b"SET x = 1;\nCOPY public.t (a) FROM stdin;\n" + rows + b"\\.\n\n\nCOPY public.v (a) FROM stdin;\n\\.\n\n\n"
    digests = PlainDigests()
    for start in range(0, len(dump), size):
        digests.feed(dump[start : start + size])
    assert digests.result() == {"public.t": expected(rows), "public.v": expected(b"")}
