"""The first bytes of a dump: what is no plain dump is called by its name; a byte order mark is skipped as by psql."""

from __future__ import annotations

from veza_tui.adapters.postgres.scan import PlainFilter

_MAGIC = (
    (b"\x1f\x8b", "it is compressed (gzip): gunzip it first"),
    (b"BZh", "it is compressed (bzip2): bunzip2 it first"),
    (b"\xfd7zXZ", "it is compressed (xz): unxz it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed (zstd): unzstd it first"),
    (b"PK\x03\x04", "it is a zip archive: unpack it first"),
    (b"PGDMP", "it is an archive of pg_dump's custom format: rename it to database.dump"),
    (b"age-encryption.org", "it is encrypted (age): rename it to database.sql.age"),
    (b"\xff\xfe", "it is written in UTF-16: convert it to UTF-8"),
    (b"\xfe\xff", "it is written in UTF-16: convert it to UTF-8"),
    (b"<", "it is no dump (it begins like a web page)"),
)
_MARK = b"\xef\xbb\xbf"
_ENOUGH = 18  # bytes, for the longest of them


class DumpFilter(PlainFilter):
    """``PlainFilter`` for a file of which nothing is known yet."""

    _early: bytes | None = b""

    def feed(self, data: bytes) -> bytes:
        """The next block."""
        if self._early is None:
            return super().feed(data)
        self._early += data
        return self._open() if len(self._early) >= _ENOUGH else b""

    def finish(self) -> bytes:
        """The rest, at the end of the file."""
        out = b""
        if self._early is not None:
            if not self._early.strip():
                self._refuse("it is empty")
            out = self._open()
        return out + super().finish()

    def _open(self) -> bytes:
        data, self._early = self._early or b"", None
        for magic, what in _MAGIC:
            if data.startswith(magic):
                self._refuse(what)
                break
        return super().feed(data.removeprefix(_MARK))
