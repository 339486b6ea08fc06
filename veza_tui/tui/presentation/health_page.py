"""The health page: a line and a day of each check, and below them the chosen one in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.feeds.history import Sample, periods, slots, summary
from veza_tui.model.ages import age
from veza_tui.model.environment import Environment
from veza_tui.model.view import HealthRow
from veza_tui.model.workload import State
from veza_tui.tui.presentation.ages import latency, moment
from veza_tui.tui.presentation.bars import sparkline
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.health import said_in_full
from veza_tui.tui.presentation.owners import use_span
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, beside, clean, counted, fit

COLUMNS = (
    Column("name", "CHECK", 12, flexible=True, comfortable=14),
    Column("state", "STATE", 8, comfortable=8),
    Column("latency", "LATENCY", 7, align="right"),
    Column("share", "OK 24 H", 7, align="right"),
    Column("asked", "ASKED", 5, drop=1, align="right"),
    Column("detail", "DETAIL", 10, flexible=True),
)
_KEYS = 13


def check_row(row: HealthRow, samples: Sequence[Sample], now: float, cells: int, glyphs: Glyphs) -> Row:
    """The check's line with its day as a strip below it; what is not known is a gap."""
    role = ROLES[row.state]
    well = row.state in (State.OK, State.UNKNOWN)
    share = summary(samples).share_ok
    day = slots(samples, now, max(8, min(cells - 6, 144)))
    strip = sparkline([(0.0, s.state or State.UNKNOWN, s.latency) for s in day], len(day), glyphs)
    words = row.state.value if row.confirmed else "in doubt"
    return Row(
        row.name,
        Span(glyphs.state(row.state), role),
        (
            Span(clean(row.name, 60), "strong"),
            Span(words, role),
            Span(latency(row.latency) or glyphs.dash, "text" if well else role),
            Span(percent(share), "text" if share is None or share >= 0.999 else "warn"),
            Span(f"{age(now - row.at)}" if row.at else "never", "dim"),
            Span(clean(said_in_full(row), 160), "dim" if well else role),
        ),
        ((*strip,),),
    )


def percent(share: float | None) -> str:
    """``99.9%``, never 100 while anything failed; empty when nothing is known."""
    if share is None:
        return ""
    return "100%" if share == 1 else f"{min(share, 0.9999) * 100:.2f}%" if share > 0.99 else f"{share * 100:.1f}%"


def check_lines(
    row: HealthRow, samples: Sequence[Sample], environment: Environment, now: float, cells: int, glyphs: Glyphs
) -> list[Line]:
    """What exactly was asked and answered, how long it took, vitals, and when it changed."""
    lines = [heading(clean(row.name, 60).upper(), (Span(row.kind, "dim"),), cells, glyphs)]
    lines += _pair("asked", row.asked, cells)
    lines += _pair("answered", row.answered or "nothing yet", cells, "text" if row.state is State.OK else "strong")
    numbers = summary(samples)
    took = [f"{latency(row.latency)} now"] if row.latency is not None else []
    took += [f"{latency(numbers.median)} median"] if numbers.median is not None else []
    took += [f"{latency(numbers.slowest_20th)} for the slowest 5%"] if numbers.slowest_20th is not None else []
    lines += _pair("latency", f" {glyphs.dot} ".join(took) or "none measured", cells)
    since = "" if numbers.known_since is None else f" since {moment(numbers.known_since, now)}"
    lines += _pair("known", f"{counted(numbers.samples, 'answer')}{since}, the last day is kept", cells)
    if row.vitals:
        lines += [EMPTY, *_vitals(row, environment, cells, glyphs)]
    lines += [EMPTY, *_changes(samples, now, cells, glyphs)]
    return lines


def _pair(name: str, value: str, cells: int, role: str = "text") -> list[Line]:
    texts = wrapped(value, cells - _KEYS - 5)[:4]
    first: Line = (Span(f"   {fit(name, _KEYS)}", "dim"), Span(texts[0], role))
    return [first, *((Span(" " * (_KEYS + 3)), Span(text, role)) for text in texts[1:])]


def _vitals(row: HealthRow, environment: Environment, cells: int, glyphs: Glyphs) -> list[Line]:
    vitals = dict(row.vitals)
    found = database_vitals(vitals, glyphs) if row.kind == "database" else cache_vitals(vitals, environment, glyphs)
    half = (len(found) + 1) // 2
    made = [(Span(f"   {fit(name, _KEYS)}", "dim"), value) for name, value in found]
    return beside(made[:half], made[half:], cells // 2)


def database_vitals(v: Mapping[str, Any], glyphs: Glyphs) -> list[tuple[str, Span]]:
    """Connections of how many, longest transaction, blocked sessions, lag, size, cache hits."""
    used, most = number(v, "connections"), number(v, "max_connections")
    longest, blocked, lag, hit = (v.get(k) for k in ("longest_transaction", "blocked", "replication_lag", "cache_hit"))
    return [
        ("connections", use_span(used, most, f"{used:.0f}/{most:.0f}", glyphs)),
        ("longest tx", Span("none" if not longest else age(longest), "warn" if (longest or 0) > 300 else "text")),
        ("blocked", Span(counted(blocked or 0, "session"), "warn" if blocked else "text")),
        ("replication", Span("no replica" if lag is None else f"{lag:.1f} s behind", _late(lag))),
        ("size", Span(size(number(v, "size")))),
        ("cache hit", Span("unknown" if hit is None else f"{hit:.1%}", "warn" if (hit or 1) < 0.9 else "text")),
        ("version", Span(clean(str(v.get("version", "")), 60), "dim")),
    ]


def cache_vitals(v: Mapping[str, Any], environment: Environment, glyphs: Glyphs) -> list[tuple[str, Span]]:
    """Memory, evictions, clients, role, persistence, cluster mode: against what the environment's file says."""
    used, most = number(v, "used_memory"), number(v, "max_memory")
    memory = use_span(used, most, f"{size(used)}/{size(most)}", glyphs) if most else Span(f"{size(used)}, no limit")
    cluster, said = bool(v.get("cluster_mode")), environment.cache.cluster_mode
    mode = "on" if cluster else "off"
    if cluster is not said:
        mode += f", the file says {'on' if said else 'off'}"
    persistence = clean(str(v.get("persistence", "")), 60)
    return [
        ("memory", memory),
        ("evicted", Span(f"{number(v, 'evicted'):.0f} keys", "warn" if v.get("evicted") else "text")),
        ("clients", Span(f"{number(v, 'clients'):.0f}")),
        ("role", Span(clean(str(v.get("role", "")), 40))),
        ("persistence", Span(persistence, "warn" if "fail" in persistence or persistence == "none" else "text")),
        ("cluster mode", Span(mode, "text" if cluster is said else "warn")),
        ("product", Span(clean(str(v.get("product", "")), 60), "dim")),
    ]


def number(v: Mapping[str, Any], key: str) -> float:
    """A number, 0 for anything else."""
    value = v.get(key)
    return float(value) if isinstance(value, (int, float)) else 0.0


def size(count: float) -> str:
    """Bytes for people, powers of 1024: ``13 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") or count >= 10 else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"


def _late(lag: Any) -> str:
    return "warn" if isinstance(lag, (int, float)) and lag > 10 else "text"


def _changes(samples: Sequence[Sample], now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    found = periods(samples)
    lines = [heading("CHANGES", (Span("newest first", "dim"),), cells, glyphs)]
    for one in found[:12]:
        until = now if one.until is None else one.until
        words = f"for {age(until - one.since)}" + (", still" if one.until is None else "")
        lines.append(
            (
                Span(f" {glyphs.state(one.state)} ", ROLES[one.state]),
                Span(fit(moment(one.since, now), 13), "text"),
                Span(fit(one.state.value, 12), ROLES[one.state]),
                Span(words, "dim"),
            )
        )
    if len(found) > 12:
        lines.append((Span(f"   {len(found) - 12} earlier ones", "dim"),))
    return lines if found else [*lines, (Span("   none known yet", "dim"),)]
