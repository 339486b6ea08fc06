"""Handlers of backups and restores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veza_tui.model.environment import Environment
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.release import Release
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.restore.plan import Looked, look, restore_planner
from veza_tui.operations.restore.request import RestoreRequest
from veza_tui.tui.actions import Situation
from veza_tui.tui.operate import cluster_is_down, operations, run

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp


def catalogue_for(app: VezaApp, environment: Environment) -> Catalogue:
    """The environment's catalogue."""
    return Catalogue(operations(app).world.service(environment, "storage"))


async def open_catalogue(app: VezaApp, at: Situation) -> None:
    """``b``: the backups of this environment."""
    from veza_tui.tui.screens.catalogue import CatalogueScreen

    if at.environment is not None and not isinstance(app.veza_screen, CatalogueScreen):
        app.push_screen(CatalogueScreen(catalogue_for(app, at.environment), at.environment))


async def restore(app: VezaApp, at: Situation) -> None:
    """``R``: the guided restore."""
    if at.environment is not None:
        await open_restore(app, at.environment, "")


async def open_restore(app: VezaApp, environment: Environment, backup: str) -> None:
    """The stepper; with ``backup`` given it begins after the choice of one."""
    from veza_tui.tui.screens.restore import RestoreScreen

    if operations(app).world.read_only or environment.read_only:
        raise RefusedError(f"{environment.name} is read-only here", hint="nothing was changed")
    app.push_screen(
        RestoreScreen(environment, catalogue_for(app, environment), await _releases(app, environment), backup)
    )


async def _releases(app: VezaApp, environment: Environment) -> list[Release]:
    from veza_tui.operations.deploy.releases import list_releases

    if cluster_is_down(app, environment):
        return []
    try:
        return await list_releases(operations(app).world.cluster(environment), environment.kubernetes.namespace)
    except VezaError:
        return []  # the times of deploys are a help, not a condition


async def ask_moment(app: VezaApp, key: str, releases: Sequence[Release]) -> tuple[bool, float | None]:
    """When it happened, from the answer with that key: whether it was said, and unix seconds or None for just now."""
    from veza_tui.model.moment import parse_moment
    from veza_tui.tui.dialogs.ask import ask

    if key == "now":
        return True, None
    if key.startswith("deploy "):
        return True, next(r.at for r in releases if key == f"deploy {r.number}")
    now = app.services.clock.now()

    def check(text: str) -> None:
        parse_moment(text, now)

    said = "14:05, yesterday 14:05, 2h ago, 2026-01-31 14:05 (your zone, or 14:05 UTC)"
    text = await ask(app, "When did it happen?", said, check=check)
    return bool(text), parse_moment(text, now) if text else None


async def look_at(app: VezaApp, environment: Environment, request: RestoreRequest) -> Looked:
    """Preflight and losses."""
    down = cluster_is_down(app, environment)
    return await operations(app).with_context(
        environment.name, lambda context: look(context, request), without_cluster=down
    )


async def run_restore(app: VezaApp, environment: Environment, request: RestoreRequest) -> str:
    """Plan, last word, run; the operation's id, empty when the person said no."""
    at = Situation(environment=environment)
    down = cluster_is_down(app, environment)
    return await run(app, at, restore_planner(request), verb="Restore", danger=True, without_cluster=down)


async def verify(app: VezaApp, at: Situation) -> None:
    """``v`` in the catalogue: prove the backup under the cursor."""
    from veza_tui.operations.backup.plan import verify_planner
    from veza_tui.tui.screens.catalogue import CatalogueScreen

    screen = app.veza_screen
    if isinstance(screen, CatalogueScreen) and screen.chosen is not None:
        await run(app, Situation(environment=screen.environment), verify_planner(screen.chosen.name, ""),
                  verb="Prove it", danger=False)  # fmt: skip


async def hold(app: VezaApp, at: Situation) -> None:
    """``h`` in the catalogue: keep the backup from prune, or let it go."""
    import asyncio

    from veza_tui.model.catalogue import Hold
    from veza_tui.operations.policy import refuse_when_read_only
    from veza_tui.operations.who import current_person
    from veza_tui.tui.dialogs.ask import ask
    from veza_tui.tui.screens.catalogue import CatalogueScreen

    screen = app.veza_screen
    if not isinstance(screen, CatalogueScreen) or screen.chosen is None:
        return
    refuse_when_read_only(screen.environment, operations(app).world.read_only)
    record = screen.chosen
    if record.hold is not None:
        await asyncio.to_thread(screen.catalogue.release, record.name)
    else:
        why = await ask(app, f"Why is {record.name} to be kept?", "prune never removes a backup that is held")
        if not why:
            return
        person = current_person()
        await asyncio.to_thread(screen.catalogue.hold, record.name, Hold(app.services.clock.now(), person.label, why))
    screen.load()


async def switch(app: VezaApp, at: Situation) -> None:
    """Space in the guided restore."""
    from veza_tui.tui.screens.restore import RestoreScreen

    if isinstance(app.veza_screen, RestoreScreen):
        app.veza_screen.switch()


async def open_proof(app: VezaApp, at: Situation) -> None:
    """``P``: from a restore, drill or verification that has run, or for the backup under the cursor."""
    from veza_tui.tui.presentation.proof import operation_proof, record_proof
    from veza_tui.tui.screens.catalogue import CatalogueScreen
    from veza_tui.tui.screens.operation import OperationScreen
    from veza_tui.tui.screens.proof import ProofScreen

    screen = app.veza_screen
    if isinstance(screen, CatalogueScreen) and screen.chosen is not None:
        app.push_screen(ProofScreen(record_proof(screen.chosen)))
    elif isinstance(screen, OperationScreen) and screen.status is not None:
        proof = operation_proof(screen.status)
        if proof is None:
            app.tell("this operation has proven nothing (yet): a restore or a drill does")
        else:
            app.push_screen(ProofScreen(proof))
