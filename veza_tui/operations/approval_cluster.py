"""Approvals in the cluster: ConfigMaps ``veza-tui-approval-ID`` (the ask) and ``...-ID-HASH`` (one an approver)."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import json
from typing import Any

from veza_tui.model.errors import RefusedError
from veza_tui.operations.approval import Ask, Grant, ask_from_json, grant_from_json
from veza_tui.ports.cluster import CONFIG_MAPS, AlreadyExists, Cluster, ClusterError, JSONObject

_ID = "veza-tui/approval"
_ROLE = "veza-tui/role"
_LIMIT = 900_000
"""Bytes; a ConfigMap holds 1 MiB."""


class ClusterApprovals:
    """In the environment's namespace. Whoever starts and whoever approves needs get, list and create on ConfigMaps."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    async def ask(self, ask: Ask) -> None:
        """See the Protocol."""
        packed = base64.b64encode(gzip.compress(json.dumps(ask.to_json(), ensure_ascii=False).encode())).decode()
        if len(packed) > _LIMIT:
            raise RefusedError(
                f"the plan is too large to be approved in the cluster ({len(packed)} bytes)",
                hint="set VEZA_APPROVALS to a shared directory",
            )
        summary = f"{ask.plan.get('title', '')} by {ask.starter.label}, plan {ask.plan_hash[:12]}"
        await self._put(f"veza-tui-approval-{ask.id}", ask.id, "ask", {"summary": summary}, {"ask": packed})

    async def asks(self) -> list[Ask]:
        """See the Protocol."""
        found = []
        for obj in await self._list(f"{_ROLE}=ask"):
            with contextlib.suppress(ValueError, TypeError, KeyError, OSError, EOFError):
                packed = base64.b64decode(obj["binaryData"]["ask"])
                ask = ask_from_json(json.loads(_unpack(packed)))
                if obj["metadata"]["name"] == f"veza-tui-approval-{ask.id}":
                    found.append(ask)
        return found

    async def grant(self, grant: Grant) -> None:
        """See the Protocol."""
        who = hashlib.sha256(f"{grant.person.user}\0{grant.kube_user}".encode()).hexdigest()[:10]
        data = {"grant": json.dumps(grant.to_json(), ensure_ascii=False)}
        await self._put(f"veza-tui-approval-{grant.id}-{who}", grant.id, "grant", data, {})

    async def grants(self, operation: str) -> list[Grant]:
        """See the Protocol."""
        found = []
        for obj in await self._list(f"{_ROLE}=grant,{_ID}={operation}"):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                found.append(grant_from_json(json.loads(obj["data"]["grant"]), proof="claimed in the cluster"))
        return found

    async def clear(self, operation: str) -> None:
        """Remove the ask and the grants; best effort."""
        with contextlib.suppress(ClusterError):
            for obj in await self._list(f"{_ID}={operation}"):
                with contextlib.suppress(ClusterError):
                    await self._cluster.delete(CONFIG_MAPS, obj["metadata"]["name"], self._namespace)

    async def _list(self, selector: str) -> list[JSONObject]:
        return await self._cluster.list_all(CONFIG_MAPS, self._namespace, label_selector=selector)

    async def _put(self, name: str, operation: str, role: str, data: dict[str, str], binary: dict[str, str]) -> None:
        obj: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": self._namespace,
                "labels": {"app.kubernetes.io/managed-by": "veza-tui", _ID: operation, _ROLE: role},
            },
            "data": data,
        }
        if binary:
            obj["binaryData"] = binary
        try:
            await self._cluster.create(CONFIG_MAPS, obj, self._namespace)
        except AlreadyExists:
            old = await self._cluster.get(CONFIG_MAPS, name, self._namespace)
            obj["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
            await self._cluster.replace(CONFIG_MAPS, obj, self._namespace)


def _unpack(packed: bytes) -> bytes:
    """Decompressed, refusing what unpacks to more than a plan can be."""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
        data = stream.read(50_000_001)
    if len(data) > 50_000_000:
        raise ValueError("too large")
    return data
