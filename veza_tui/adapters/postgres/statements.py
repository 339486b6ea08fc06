"""What a statement of a plain dump is: to be loaded, left out, or a reason to refuse the dump."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from veza_tui.model.text import printable

_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME})?"
# pg_dump's own form and no other: options, files and programs are refused.
_COPY = re.compile(rf"COPY\s+({_QUALIFIED})\s*(?:\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\)\s*)?FROM\s+stdin\s*;", re.I)
_OWNER = re.compile(rf"\bOWNER\s+TO\s+({_NAME})\s*;\s*$", re.I)
_GRANTEES = re.compile(
    rf"\b(?:TO|FROM)\s+({_NAME}(?:\s*,\s*{_NAME})*)\s*(?:WITH\s+GRANT\s+OPTION\s*)?(?:GRANTED|;)", re.I
)
_FOR_ROLE = re.compile(rf"\bFOR\s+(?:ROLE|USER)\s+({_NAME})", re.I)
_AUTHORIZATION = re.compile(rf"\bAUTHORIZATION\s+({_NAME})\s*;", re.I)
_EXTENSION = re.compile(rf"CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?({_NAME})", re.I)
_TABLE = re.compile(
    rf"CREATE\s+(?:(?:UNLOGGED\s+)?TABLE|MATERIALIZED\s+VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?({_QUALIFIED})", re.I
)
_ON_DATABASE = re.compile(
    r"(?:(?:CREATE|DROP|ALTER)\s+DATABASE|COMMENT\s+ON\s+DATABASE|SECURITY\s+LABEL\b.*?\bON\s+DATABASE"
    r"|(?:GRANT|REVOKE)\b[^;]*?\bON\s+DATABASE)\b",
    re.I | re.S,
)
_CREATE_DATABASE = re.compile(rf"CREATE\s+DATABASE\s+({_NAME})", re.I)
_TRANSACTION = re.compile(
    r"(?:BEGIN|COMMIT|END|ROLLBACK|ABORT|START\s+TRANSACTION)(?:\s+(?:WORK|TRANSACTION))?\s*;", re.I
)
_SERVER_WIDE = re.compile(
    r"(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP|TABLESPACE|SYSTEM)\b(?!\s+MAPPING)|ALTER\s+SYSTEM\b", re.I
)
_RUNS_CODE = re.compile(r"(?:DO|LOAD|CALL|EXECUTE|PREPARE)\b", re.I)
_STRINGS = re.compile(r"\bstandard_conforming_strings\b(?!\s*(?:=|TO)\s*'?on'?\s*;)|\bbackslash_quote\b", re.I)
_SET_CONFIG = re.compile(r"\bset_config\s*\(\s*(?!'search_path'\s*,)", re.I)
# Encodings in which a byte 0x5c may be half a character (source: PostgreSQL documentation, Character Set Support).
_UNSAFE_ENCODING = re.compile(
    r"SET\s+client_encoding\s*(?:=|TO)\s*'?(SJIS|SHIFT_JIS\w*|BIG5|GBK|UHC|GB18030|JOHAB|MSKANJI|WIN9\d\d)", re.I
)
_NEWER_SETTINGS = {
    "transaction_timeout": 17,
    "default_table_access_method": 12,
    "idle_in_transaction_session_timeout": 10,
}
_SETTING = re.compile(r"SET\s+(\w+)\s*=", re.I)


# What pg_dump writes, beside COPY, INSERT and a few calls of its own (source: PostgreSQL, pg_dump.c).
_WRITTEN = re.compile(
    r"(?:CREATE|ALTER|DROP|COMMENT\s+ON|GRANT|REVOKE|SECURITY\s+LABEL|REFRESH\s+MATERIALIZED\s+VIEW|SET|RESET"
    r"|TRUNCATE|ANALYZE)\b|;",
    re.I,
)
_ASKS = re.compile(
    r"SELECT\s+(?:\*\s+FROM\s+)?pg_catalog\s*\.\s*(?:set_config|setval|lo_create|lo_open|lowrite|lo_close|lo_unlink"
    r"|lo_from_bytea|pg_restore_(?:relation|attribute|extended)_stats)\s*\(",
    re.I,
)
_QUOTED = re.compile(rb"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'", re.S)
# A word, or a quoted name, before a parenthesis calls something; so does a query in parentheses.
# 16 KB of a large object, as pg_dump writes them one after another: known at a glance.
_LARGE_OBJECT = re.compile(rb"SELECT pg_catalog\.lowrite\(\d{1,9}, '\\x[0-9a-f]*'\);")
_CALLS = re.compile(rb"[\w\"\x80-\xff]\s*\(|\b(?:SELECT|WITH|TABLE)\b|/\*|--", re.I)
_NAMES = rb'(?:"(?:[^"]|"")+"|[\w$\x80-\xff]+)'
_INSERT = re.compile(
    rb"INSERT\s+INTO\s+(" + _NAMES + rb"(?:\s*\.\s*" + _NAMES + rb")?)\s*(?:\(\s*" + _NAMES + rb"(?:\s*,\s*" + _NAMES
    + rb")*\s*\)\s*)?(?:OVERRIDING\s+(?:SYSTEM|USER)\s+VALUE\s+)?(?:DEFAULT\s+)?VALUES(?![\w$])",
    re.I,
)  # fmt: skip
_CONSTANTS = re.compile(rb"[\w\s(),.+\-';]*")
_ROUTINE = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b", re.I)
_PROGRAM = re.compile(r"\bCOPY\b[^;]*\b(?:FROM|TO)\s+PROGRAM\b", re.I)


TRANSACTIONS = "BEGIN or COMMIT: everything is loaded in one transaction"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``skip`` names what is left out; ``refuse`` says why the dump may not be loaded; ``copy`` is the table."""

    skip: str = ""
    refuse: str = ""
    copy: str = ""
    roles: frozenset[str] = field(default_factory=frozenset)
    extension: str = ""
    database: str = ""
    table: str = ""
    inserts: int = 0
    """Rows that an INSERT puts into the table ``inserted``."""
    inserted: str = ""
    runs: str = ""
    """A routine or the like whose text would start a program on the server."""


_LOAD = Verdict()


def judge(statement: bytes, *, owners: bool, server_major: int) -> Verdict:
    """Judge one statement, comments before it removed, its semicolon included."""
    if _LARGE_OBJECT.fullmatch(statement):
        return _LOAD
    word = statement[:12].lstrip().split(None, 1)[0].upper() if statement.strip() else b""
    if word in (b"INSERT", b"INSERT;"):
        return _insert(statement)
    text = statement.decode("utf-8", errors="surrogateescape")
    if word.startswith(b"COPY"):
        return _copy(text)
    if word.startswith((b"SET", b"SELECT", b"RESET", b"ALTER")) and (found := _settings(text, owners, server_major)):
        return found
    if _TRANSACTION.fullmatch(text.strip()):
        return Verdict(skip=TRANSACTIONS)
    if _ON_DATABASE.match(text):
        created = _CREATE_DATABASE.match(text)
        return Verdict(skip="a statement about the database itself", database=_bare(created[1]) if created else "")
    if _SERVER_WIDE.match(text):
        return Verdict(refuse=f"it changes roles, tablespaces or settings of the whole server: {_short(text)}")
    if _RUNS_CODE.match(text):
        return Verdict(refuse=f"it runs code that pg_dump does not write: {_short(text)}")
    if re.match(r"(?:CREATE|ALTER)\s+SUBSCRIPTION\b", text, re.I):
        return Verdict(skip="a subscription: it would take over the live one's slot")
    asks = _ASKS.match(text)
    if asks and not _CALLS.search(_unquoted(text[asks.end() :].encode("utf-8", "surrogateescape"))):
        return _LOAD
    if not _WRITTEN.match(text):
        return Verdict(refuse=f"a statement that pg_dump does not write: {_short(text)}")
    verdict = _rights(text, owners)
    return replace(verdict, runs=_short(text)) if _ROUTINE.match(text) and _PROGRAM.search(text) else verdict


def _unquoted(text: bytes) -> bytes:
    return _QUOTED.sub(b"''", text)


def _insert(statement: bytes) -> Verdict:
    """The rows of --inserts are constants: whatever would call a function is not pg_dump's."""
    match = _INSERT.match(statement)
    rows = _unquoted(statement[match.end() :]) if match else b""
    if match is None or not _CONSTANTS.fullmatch(rows) or _CALLS.search(rows):
        return Verdict(refuse=f"an INSERT that pg_dump does not write: {_short(statement.decode(errors='replace'))}")
    # After the quotations are gone each parenthesis begins a row.
    count = 0 if b"CONFLICT" in rows.upper() else max(rows.count(b"("), 1)
    return Verdict(inserted=_key(match[1].decode(errors="surrogateescape")), inserts=count)


def _copy(text: str) -> Verdict:
    match = _COPY.fullmatch(text.strip())
    if match is None:
        return Verdict(refuse=f"a COPY that pg_dump does not write: {_short(text)}")
    return Verdict(copy=_key(match[1]))


def _settings(text: str, owners: bool, server_major: int) -> Verdict | None:
    if _STRINGS.search(text) or (text[:6].upper() == "SELECT" and _SET_CONFIG.search(text)):
        return Verdict(refuse=f"it changes how quotations are read: {_short(text)}")
    encoding = _UNSAFE_ENCODING.match(text)
    if encoding:
        return Verdict(refuse=f"client encoding {encoding[1]} cannot be read safely; dump with --encoding=UTF8")
    setting = _SETTING.match(text)
    if setting and server_major and _NEWER_SETTINGS.get(setting[1].lower(), 0) > server_major:
        return Verdict(skip=f"SET {setting[1]}: this server does not know it")
    authorization = re.match(rf"SET\s+(?:SESSION\s+AUTHORIZATION|ROLE)\s+({_NAME}|'[^']*')\s*;", text, re.I)
    if authorization:
        role = _bare(authorization[1].strip("'"))
        return Verdict(
            skip="" if owners else "owners", roles=frozenset() if role.lower() == "default" else frozenset({role})
        )
    return None


def _rights(text: str, owners: bool) -> Verdict:
    head = text[:20].upper()
    owner = _OWNER.search(text) if head.startswith("ALTER") else None
    if owner:
        return Verdict(skip="" if owners else "owners", roles=frozenset({_bare(owner[1])}))
    if head.startswith(("GRANT", "REVOKE", "ALTER DEFAULT")):
        roles = {_bare(n) for m in _GRANTEES.findall(text) for n in re.findall(_NAME, m)}
        roles |= {_bare(n) for n in _FOR_ROLE.findall(text)}
        return Verdict(skip="" if owners else "grants", roles=frozenset(r for r in roles if r.upper() != "PUBLIC"))
    if head.startswith("CREATE"):
        extension = _EXTENSION.match(text)
        table = _TABLE.match(text)
        schema = _AUTHORIZATION.search(text) if re.match(r"CREATE\s+SCHEMA\b", text, re.I) else None
        return Verdict(
            extension=_bare(extension[1]) if extension else "",
            table=_key(table[1]) if table else "",
            roles=frozenset({_bare(schema[1])}) if schema else frozenset(),
        )
    return _LOAD


def _bare(name: str) -> str:
    clean = name.strip()
    return printable(clean[1:-1].replace('""', '"') if clean.startswith('"') else clean, limit=63)


def _key(qualified: str) -> str:
    return ".".join(_bare(part) for part in re.findall(_NAME, qualified))


def _short(text: str) -> str:
    return printable(" ".join(text.split()), limit=60)
