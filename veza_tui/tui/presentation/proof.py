"""The proof of a backup or a restore as lines: what was compared, table by table, and what could not be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.model.backup import lagging
from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.journal import OperationState, OperationStatus
from veza_tui.tui.presentation.ages import local_zone, moment
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, clip, fit

_HOW = {"verify": "a verification", "drill": "a drill", "restore": "a restore", "files": "a check of the files"}


@dataclass(frozen=True, slots=True)
class ProofRow:
    """Rows of one table: in the backup, in the database that was replaced, in the one that was loaded."""

    table: str
    then: int | None
    before: int | None
    now: int | None
    digest: bool
    """Whether the contents were compared as well."""


@dataclass(frozen=True, slots=True)
class ProofPage:
    """Everything that the page shows."""

    title: str
    good: bool | None
    """None: nothing has proven it yet."""
    verdict: str
    rows: tuple[ProofRow, ...]
    facts: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    at: float | None = None


def operation_proof(status: OperationStatus) -> ProofPage | None:
    """The proof that a restore or a drill left in its journal; None while there is none."""
    found = status.result.get("prove")
    if not isinstance(found, Mapping):
        return None
    rows = tuple(_row(r) for r in found.get("tables", ()) if isinstance(r, Mapping))
    unproven = tuple(str(u) for u in found.get("unproven", ()))
    done = status.state is OperationState.DONE
    verdict = f"loaded and compared: {len(rows)} tables, {_count(found.get('rows'))} rows"
    if not done:
        verdict += f"; the operation itself: {status.state.value}"
    return ProofPage(
        title=status.title,
        good=None if unproven else True,
        verdict=verdict,
        rows=rows,
        facts=_facts(found),
        unproven=unproven,
        warnings=tuple(str(w) for w in found.get("warnings", ())),
        at=status.ended,
    )


def _facts(found: Mapping[str, Any]) -> tuple[str, ...]:
    compared = int(found.get("digests") or 0)
    facts = [f"contents of {compared} tables equal to the backup's digests"] if compared else []
    facts.append(f"{_count(found.get('constraints'))} constraints and indexes, valid")
    facts.append(f"{_count(found.get('sequences'))} sequences where they were")
    extensions = found.get("extensions") or []
    facts.append(f"extensions: {', '.join(str(e) for e in extensions) or 'none'}")
    if found.get("owners"):
        facts.append("owners and grants as in the backup")
    return tuple(facts)


def record_proof(record: BackupRecord) -> ProofPage:
    """What is known of a backup in the catalogue."""
    dump = record.manifest.dump if record.manifest else None
    tables = dump.database.contents if dump else ()
    rows = tuple(ProofRow(t.key, t.rows, None, t.rows if record.proven else None, bool(t.digest)) for t in tables)
    proof = record.proof
    if record.problem:
        return ProofPage(record.name, False, f"damaged: {record.problem}", rows)
    if record.proven and proof is not None:
        verdict = f"proven by {_HOW.get(proof.how, proof.how)} in {proof.seconds:.1f} s"
        facts = [f"by {proof.who}" + (f" on {proof.server}" if proof.server else "")]
        if dump is not None:
            facts.append(f"{proof.tables} tables, {proof.rows:,} rows loaded into a scratch database and equal")
            facts.append(f"contents of {sum(1 for t in tables if t.digest)} tables compared by digest")
            facts.append(
                f"{len(dump.database.constraints)} constraints and indexes, "
                f"{len(dump.database.sequences)} sequences, {len(dump.database.grants)} owners and grants"
            )
        unproven: tuple[str, ...] = ()
        warnings = tuple(lagging(dump.database)) if dump else ()
        return ProofPage(record.name, True, verdict, rows, tuple(facts), unproven, warnings, proof.at)
    if record.manifest is None:
        unproven = ("contents and numbers of rows", "owners and grants", "constraints", "sequences")
        return ProofPage(record.name, None, "made without a manifest: nothing to compare with", (), (), unproven)
    return ProofPage(record.name, None, "never loaded since it was made: v in the list of backups proves it", rows)


def proof_lines(page: ProofPage, now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    """The page."""
    sign = {True: Span(glyphs.ok, "ok"), False: Span(glyphs.failed, "bad"), None: Span(glyphs.unknown, "warn")}
    when = f"  {moment(page.at, now)} {local_zone()}" if page.at else ""
    lines: list[Line] = [
        clip((Span(" "), Span(clean(page.title, 200), "strong")), cells),
        EMPTY,
        clip((Span("  "), sign[page.good], Span(f" {clean(page.verdict, 200)}", "strong"), Span(when, "dim")), cells),
    ]
    lines += [clip((Span("  "), Span(glyphs.ok, "ok"), Span(f" {clean(text, 200)}")), cells) for text in page.facts]
    for mark, texts in (("cannot be proven: ", page.unproven), ("", page.warnings)):
        for text in texts:
            parts = wrapped(mark + text, cells - 4)
            lines += [(Span("  "), Span(glyphs.degraded if i == 0 else " ", "warn"), Span(f" {part}", "warn"))
                      for i, part in enumerate(parts)]  # fmt: skip
    if page.rows:
        lines += [EMPTY, heading("TABLES", (), cells, glyphs), *_table(page.rows, cells, glyphs)]
    return lines


def _table(rows: Sequence[ProofRow], cells: int, glyphs: Glyphs) -> list[Line]:
    wide = max(12, min(44, cells - 51))
    titles = "".join(fit(word, 11, align="right") for word in ("THEN", "BEFORE", "NOW"))
    lines: list[Line] = [(Span(f"    {fit('TABLE', wide)}{titles}  CONTENTS", "title"),)]
    for row in sorted(rows, key=lambda r: (r.then == r.before or r.before is None, r.table)):
        same = row.then == row.now
        known = row.now is not None
        sign = Span(glyphs.ok, "ok") if same else Span(glyphs.failed, "bad") if known else Span(glyphs.unknown, "dim")
        changed = row.before is not None and row.before != row.then
        word = ("equal" if same else "") if row.digest and known else ("rows only" if known else "")
        lines.append(
            clip(
                (Span("  "), sign, Span(f" {fit(clean(row.table, 80), wide)}"),
                 Span(fit(_count(row.then), 11, align="right"), "strong"),
                 Span(fit(_count(row.before, glyphs), 11, align="right"), "warn" if changed else "dim"),
                 Span(fit(_count(row.now, glyphs), 11, align="right"), "strong"),
                 Span(f"  {word}", "ok" if word == "equal" else "dim")), cells
            )
        )  # fmt: skip
    return lines


def _row(data: Mapping[str, Any]) -> ProofRow:
    def whole(key: str) -> int | None:
        value = data.get(key)
        return int(value) if isinstance(value, int) else None

    return ProofRow(str(data.get("table", "")), whole("then"), whole("before"), whole("now"), bool(data.get("digest")))


def _count(rows: object, glyphs: Glyphs | None = None) -> str:
    return f"{rows:,}" if isinstance(rows, int) else (glyphs.dash if glyphs else "-")
