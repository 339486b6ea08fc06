"""Waiting for rollouts inside a step: in good time before the operation's own end, with evidence of what failed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from veza_tui.model.workload import RolloutRow
from veza_tui.operations.context import Context
from veza_tui.operations.deploy.evidence import keep_evidence
from veza_tui.operations.deploy.rollout import wait_rollouts
from veza_tui.operations.deploy.verdict import RolloutFailed, RolloutTimedOut

_RESERVE = 10.0
"""Seconds before the operation's deadline at which waiting ends, so that evidence is kept and the reason is a pod's."""


async def roll_out(context: Context, names: Sequence[str], *, most: float = float("inf")) -> dict[str, RolloutRow]:
    """Wait for the deployments, ``most`` seconds; what fails leaves events and logs under the operation.

    Raises:
        RolloutFailed, RolloutTimedOut: with the pod's reason and the line of its log that explains most.
    """
    namespace = context.environment.kubernetes.namespace
    left = context.left()
    reserve = min(_RESERVE, left / 4)
    try:
        return await wait_rollouts(context, namespace, names, timeout=min(left - reserve, most))
    except (RolloutFailed, RolloutTimedOut) as failed:
        said = ""
        with contextlib.suppress(TimeoutError):
            said = await asyncio.wait_for(keep_evidence(context, namespace, failed.pods), reserve)
        if said and said not in failed.message:
            failed.message = f"{failed.message} — its log ends: {said}"
        raise
