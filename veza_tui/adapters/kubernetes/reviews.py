"""Who we are and what we may: the API server's own reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veza_tui.adapters.kubernetes.transport import Transport
from veza_tui.ports.cluster import ClusterError, Denied, NotFound

if TYPE_CHECKING:
    from veza_tui.model.plan import Need


async def may(transport: Transport, need: Need) -> bool:
    """One SelfSubjectAccessReview."""
    attributes = {
        "namespace": need.namespace,
        "verb": need.verb,
        "group": need.group,
        "resource": need.resource,
        "subresource": need.subresource,
        "name": need.name,
    }
    spec = {"resourceAttributes": {key: value for key, value in attributes.items() if value}}
    return bool((await _review(transport, "authorization", "SelfSubjectAccessReview", spec=spec)).get("allowed"))


async def who(transport: Transport) -> str:
    """SelfSubjectReview's user name; the kubeconfig's where the server has no such review (before 1.28)."""
    try:
        status = await _review(transport, "authentication", "SelfSubjectReview")
    except (NotFound, Denied) as error:
        if error.status == 401:
            raise
        return transport.access.user_name
    return str((status.get("userInfo") or {}).get("username") or "")


async def _review(transport: Transport, group: str, kind: str, **fields: Any) -> dict[str, Any]:
    version = f"{group}.k8s.io/v1"
    where = f"/apis/{version}/{kind.lower()}s"
    answer = await transport.json("POST", where, body={"apiVersion": version, "kind": kind, **fields})
    if not isinstance(answer, dict):
        raise ClusterError(f"POST {where}: the answer is no object", status=502)
    return answer.get("status") or {}
