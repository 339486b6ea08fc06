"""What waits for an approval, told whole. Pure."""

from __future__ import annotations

from veza_tui.model.plan import Plan
from veza_tui.operations.approval import Ask
from veza_tui.tui.presentation.changes import change_lines
from veza_tui.tui.presentation.facts import Fact, fact_lines
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, clip, counted


def ask_details(ask: Ask, plan: Plan | None, cells: int, glyphs: Glyphs) -> list[Line]:
    """Who asks for what and why in full, and what the plan would change; no ``plan``: it is not the one asked for."""
    title = clean(str(ask.plan.get("title", "")), 200)
    others = f"{counted(ask.needed, 'other person', 'other people')} must say yes"
    facts = [
        Fact("why", ask.reason or "no reason given", "strong" if ask.reason else "dim"),
        Fact("asked by", f"{ask.starter.label}; {others}"),
    ]
    lines: list[Line] = [
        clip(heading("WHAT IS ASKED FOR", (Span(title, "strong"),), cells, glyphs), cells),
        *fact_lines(facts, cells, names=8),
    ]
    if plan is None:
        return [*lines, (Span("  The plan was changed after it was asked for: it cannot be approved.", "bad"),)]
    if plan.changes:
        lines += [EMPTY, heading("CHANGES", (Span(str(len(plan.changes)), "dim"),), cells, glyphs)]
        for change in plan.changes:
            lines += [(Span("  "), *line) for line in change_lines(change, cells - 3, glyphs)]
    # What changes comes first: it is what is said yes to, and on a small screen the rest is a key away.
    if plan.notes:
        lines.append(EMPTY)
    for note in plan.notes:
        lines += [(Span(f"  {part}", "dim"),) for part in wrapped(note, cells - 3)]
    lines += [EMPTY, heading("STEPS", (), cells, glyphs)]
    for number, step in enumerate(plan.steps, 1):
        lines += [(Span(f"  {part}"),) for part in wrapped(f"{number}. {step.title}", cells - 3)]
    return [*lines, EMPTY, *fact_lines([Fact("plan", f"{ask.plan_hash[:12]} of {ask.id}", "dim")], cells, names=8)]
