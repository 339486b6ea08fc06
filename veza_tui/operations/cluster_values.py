"""The environment's Kubernetes Secret as variables: the one reader for feeds, databases and deploys."""

from __future__ import annotations

import base64
import binascii

from veza_tui.model.environment import Environment
from veza_tui.ports.cluster import SECRETS, Cluster, ClusterError, NotFound
from veza_tui.workspace.variables import ClusterValues


async def kubernetes_secret(cluster: Cluster, environment: Environment) -> ClusterValues:
    """The values of ``veza-ENV-secrets``; empty when there is none.

    A refusal is remembered, not raised: only who needs a variable that is nowhere else is told of it.
    """
    values = ClusterValues()
    try:
        found = await cluster.get(SECRETS, f"veza-{environment.name}-secrets", environment.kubernetes.namespace)
    except NotFound:
        return values
    except ClusterError as error:
        values.refused = error.message
        return values
    unreadable = []
    for key, text in (found.get("data") or {}).items():
        try:
            values[key] = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            unreadable.append(key)
    values.unreadable = tuple(unreadable)
    return values
