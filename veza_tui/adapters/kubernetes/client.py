"""The cluster adapter: ``ports.cluster.Cluster`` on raw JSON over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from veza_tui.adapters.kubernetes.discovery import Discovery
from veza_tui.adapters.kubernetes.errors import from_answer
from veza_tui.adapters.kubernetes.http_library import aiohttp
from veza_tui.adapters.kubernetes.kubeconfig import Access, find_access
from veza_tui.adapters.kubernetes.paths import given, named, path
from veza_tui.adapters.kubernetes.pod_access import PodAccess
from veza_tui.adapters.kubernetes.reviews import may, who
from veza_tui.adapters.kubernetes.transport import CONNECT_TIMEOUT, Transport, read_limited
from veza_tui.adapters.kubernetes.watch import Gates, Timing, Watcher
from veza_tui.ports.cluster import (
    NAMESPACES,
    ClusterError,
    Denied,
    Gone,
    JSONObject,
    NotFound,
    PatchType,
    Resource,
    WatchEvent,
)

if TYPE_CHECKING:
    from veza_tui.model.environment import KubernetesTarget
    from veza_tui.model.plan import Need
    from veza_tui.model.view import Identity

T = TypeVar("T")
MANAGER = "veza-tui"
"""Our field manager."""
PING_TIMEOUT = 4.0
_PATCHES: dict[PatchType, str] = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}


def open_cluster(target: KubernetesTarget) -> KubernetesCluster:
    """The cluster that ``target`` means; nothing is sent yet.

    Raises:
        ConfigError: the kubeconfig cannot be used.
    """
    return KubernetesCluster(find_access(target.context), target.namespace)


class KubernetesCluster(PodAccess):
    """See ``ports.cluster.Cluster``. One per environment's context; use from one event loop."""

    def __init__(self, access: Access, namespace: str = "", timing: Timing | None = None) -> None:
        self._access = access
        self._namespace = namespace or access.namespace
        self._transport = Transport(access)
        self._discovery = Discovery(self._transport)
        self._timing = timing or Timing()
        self._gates = Gates()
        self._silent_since: float | None = None

    async def identity(self) -> Identity:
        """Server, context, user, version and the kube-system namespace's uid; what may not be read is empty."""
        from veza_tui.model.view import Identity

        version, user, uid = await asyncio.gather(
            self._transport.json("GET", "/version"), self.whoami(), self._cluster_uid()
        )
        return Identity(
            server=self._access.server,
            context=self._access.context,
            namespace=self._namespace,
            user=user,
            version=str(version.get("gitVersion") or ""),
            uid=uid,
        )

    async def ping(self) -> float:
        """Seconds until the server answered anything.

        When it answers again after a failed ping, watches that were silent in between are made anew: their
        connections may lead nowhere.
        """
        started = time.monotonic()
        limits = aiohttp.ClientTimeout(total=PING_TIMEOUT, sock_connect=CONNECT_TIMEOUT)
        try:
            async with self._transport.open("GET", "/version", timeout=limits, any_status=True) as response:
                await read_limited(response, 1 << 20)
                if response.status >= 500:
                    raise from_answer(response.status, b"", response.headers, f"GET {self._access.server}/version")
        except ClusterError:
            if self._silent_since is None:
                self._silent_since = started
            raise
        if self._silent_since is not None:
            self._gates.cut_silent_since(self._silent_since)
            self._silent_since = None
        return time.monotonic() - started

    async def watch(
        self,
        resource: Resource,
        namespace: str | None,
        project: Callable[[JSONObject], T],
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncGenerator[WatchEvent[T], None]:
        """List in pages, then watch for ever."""
        selectors = given(labelSelector=label_selector or None, fieldSelector=field_selector or None)
        watcher = Watcher(self._transport, resource, namespace, project, selectors, self._timing, self._gates)
        async with aclosing(watcher.events()) as events:
            async for event in events:
                yield event

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> JSONObject:
        """One object."""
        return await self._object("GET", path(resource, namespace, named(name)))

    async def list_all(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[JSONObject]:
        """All objects, in pages; apiVersion and kind filled in. A 410 between two pages begins anew, once."""
        for limit in (self._timing.page, 0):
            found: list[JSONObject] = []
            params = given(labelSelector=label_selector or None, fieldSelector=field_selector or None)
            if limit:
                params["limit"] = str(limit)
            try:
                while True:
                    answer = await self._object("GET", path(resource, namespace), params=params)
                    found += answer.get("items") or []
                    token = (answer.get("metadata") or {}).get("continue")
                    if not token:
                        for obj in found:
                            obj.setdefault("apiVersion", resource.api_version)
                            obj.setdefault("kind", resource.kind)
                        return found
                    params["continue"] = str(token)
            except Gone:
                if not limit:
                    raise
        raise AssertionError("unreachable")

    async def create(
        self, resource: Resource, obj: JSONObject, namespace: str | None = None, *, dry_run: bool = False
    ) -> JSONObject:
        """POST."""
        params = _writing(dry_run)
        return await self._object("POST", path(resource, namespace), params=params, body=obj)

    async def replace(self, resource: Resource, obj: JSONObject, namespace: str | None = None) -> JSONObject:
        """PUT with the object's resourceVersion: Conflict when somebody was quicker."""
        name = named(obj["metadata"]["name"])
        return await self._object("PUT", path(resource, namespace, name), params=_writing(False), body=obj)

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        namespace: str | None = None,
        *,
        kind: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
    ) -> JSONObject:
        """PATCH with our field manager."""
        return await self._object(
            "PATCH",
            path(resource, namespace, named(name), subresource),
            params=_writing(dry_run),
            body=patch,
            content_type=_PATCHES[kind],
        )

    async def apply(self, obj: JSONObject, *, force: bool = False, dry_run: bool = False) -> JSONObject:
        """Server-side apply; a Conflict's ``details["managers"]`` names who owns the fields."""
        resource = await self._discovery.resource(str(obj.get("apiVersion") or ""), str(obj.get("kind") or ""))
        meta = obj.get("metadata") or {}
        namespace = str(meta.get("namespace") or self._namespace) if resource.namespaced else None
        params = _writing(dry_run)
        params["force"] = "true" if force else "false"
        return await self._object(
            "PATCH",
            path(resource, namespace, named(str(meta.get("name") or ""))),
            params=params,
            body=obj,
            content_type="application/apply-patch+yaml",
        )

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        uid: str = "",
    ) -> None:
        """DELETE; NotFound when it is gone already, Conflict when ``uid`` is another object's."""
        options: JSONObject = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        await self._object("DELETE", path(resource, namespace, named(name)), body=options)

    async def allowed(self, needs: Sequence[Need]) -> list[bool]:
        """One SelfSubjectAccessReview each, asked together."""
        return list(await asyncio.gather(*(may(self._transport, need) for need in needs)))

    async def whoami(self) -> str:
        """SelfSubjectReview's user name; the kubeconfig's where the server has no such review (before 1.28)."""
        return await who(self._transport)

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def _cluster_uid(self) -> str:
        try:
            found = await self.get(NAMESPACES, "kube-system")
        except (Denied, NotFound) as error:
            if error.status == 401:
                raise
            return ""
        return str(found["metadata"].get("uid") or "")

    async def _object(self, method: str, where: str, **options: Any) -> JSONObject:
        answer = await self._transport.json(method, where, **options)
        if not isinstance(answer, dict):
            raise ClusterError(f"{method} {where}: the answer is no object", status=502)
        return answer


def _writing(dry_run: bool) -> dict[str, str]:
    params = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
    if dry_run:
        params["dryRun"] = "All"
    return params
