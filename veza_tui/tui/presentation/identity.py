"""The identity line: where this is, what policy holds, whether the data is live."""

from __future__ import annotations

from veza_tui.model.environment import Environment
from veza_tui.model.view import EnvironmentView, Link
from veza_tui.tui.presentation.ages import calm_age
from veza_tui.tui.presentation.glyphs import Glyphs, refused
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, apart, clean, joined, line_width
from veza_tui.tui.presentation.tabs import shown_name

QUIET_AFTER = 75.0
"""Seconds without a word after which a live connection shows its age: bookmarks come about once a minute, so a
healthy quiet cluster stays ``live`` and costs no byte; a dead one is found by the feed and becomes stale."""


def policy_words(environment: Environment) -> str:
    """``auto`` or ``approval``."""
    policy = environment.policy
    if policy.manual_approval:
        return "approval" if policy.approvers <= 1 else f"{policy.approvers} approvals"
    return "auto deploy" if policy.auto_deploy else "deploy by hand"


def data_age(view: EnvironmentView, monotonic: float, glyphs: Glyphs) -> Line:
    """``live``, ``stale 34 s``, ``connecting``, ``down`` or ``no access``."""
    age = None if view.heard_at is None else max(0.0, monotonic - view.heard_at)
    if view.link is Link.LIVE:
        if age is not None and age >= QUIET_AFTER:
            return (Span(f"live, quiet {calm_age(age)}", "dim"),)
        return (Span("live", "ok"),)
    if view.link is Link.STALE:
        words = "stale" if age is None else f"stale {calm_age(_coarse(age))}"
        return (Span(f"{glyphs.stale} {words}", "warn"),)
    if view.link is Link.DOWN:
        return (Span(f"{glyphs.failed} {'no access' if refused(view) else 'down'}", "bad"),)
    return (Span(f"{glyphs.unknown} connecting", "unknown"),)


def _coarse(age: float) -> float:
    return age if age < 10 else age // 10 * 10


def identity_line(
    environment: Environment,
    view: EnvironmentView,
    *,
    read_only: bool,
    monotonic: float,
    cells: int,
    glyphs: Glyphs,
) -> Line:
    """`` PRODUCTION veza.com · prod-eu/veza-production · approval · live``."""
    target = environment.kubernetes
    context = (view.identity.context if view.identity else "") or target.context or "current context"
    namespace = (view.identity.namespace if view.identity else "") or target.namespace
    name = shown_name(environment.name, environment.production)
    role = "production" if environment.production else "strong"
    # In NO_COLOR and for the colour-blind the word itself marks production.
    head = (Span(f" {name} ", role), Span(clean(environment.domain, 80)))
    version = clean(view.identity.version.partition("+")[0], 20) if view.identity else ""
    user = clean(view.identity.user, 40) if view.identity else ""
    where: Line = (Span(f"{clean(context, 60)}/{clean(namespace, 63)}", "text"),)
    policy: Line = (Span(policy_words(environment), "dim"),)
    locked: Line = (Span("read-only", "accent"),) if read_only or environment.read_only else EMPTY
    about: Line = (Span(f"Kubernetes {version}", "dim"),) if cells >= 110 and version else EMPTY
    who: Line = (Span(f"as {user}", "dim"),) if cells >= 130 and user else EMPTY
    right: Line = (*data_age(view, monotonic, glyphs), Span(" "))
    dot = Span(f" {glyphs.dot} ", "faint")
    # Where it is narrow, what may be known goes whole, the least important first: nothing is cut in two.
    line: Line = EMPTY
    for parts in ((head, where, policy, locked, about, who), (head, where, policy, locked), (head, where, locked),
                  (head[:1], locked, where)):  # fmt: skip
        line = joined(parts, dot)
        if line_width(line) + line_width(right) + 2 <= cells:
            break
    return apart(line, right, cells)
