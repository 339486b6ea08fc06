"""A cluster of plain objects for the engine's tests: optimistic concurrency and permissions, nothing more.

`MemoryCluster` lives in the process; `FileCluster` keeps its objects in a directory shared by several processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import fcntl
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from veza_tui.model.plan import Need
from veza_tui.model.view import Identity
from veza_tui.ports.cluster import AlreadyExists, ClusterError, Conflict, JSONObject, NotFound, Resource

State = dict[str, Any]


class MemoryCluster:
    """`faults`: (verb, plural) -> errors raised one after the other before the call is done; None lets it pass."""

    def __init__(self, namespaces: Sequence[str] = ("ns",), uid: str = "uid-1") -> None:
        self.state: State = {"objects": {}, "version": 0, "denied": [], "uid": uid}
        for name in ("kube-system", *namespaces):
            self.state["objects"][f"namespaces//{name}"] = {"metadata": {"name": name, "resourceVersion": "0"}}
        self.faults: dict[tuple[str, str], list[ClusterError | None]] = {}
        self.lost_answers: dict[tuple[str, str], list[ClusterError | None]] = {}
        self.calls: list[tuple[str, str, str]] = []

    @contextlib.contextmanager
    def transaction(self) -> Iterator[State]:
        yield self.state

    def _call(self, verb: str, resource: Resource, name: str) -> None:
        self.calls.append((verb, resource.plural, name))
        waiting = self.faults.get((verb, resource.plural))
        if waiting:
            error = waiting.pop(0)
            if error is not None:
                raise error

    def _answer(self, verb: str, resource: Resource) -> None:
        waiting = self.lost_answers.get((verb, resource.plural))
        if waiting:
            error = waiting.pop(0)
            if error is not None:
                raise error

    async def identity(self) -> Identity:
        with self.transaction() as state:
            return Identity("https://cluster.test", "test", "ns", "tester", "v1", state["uid"])

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> JSONObject:
        await asyncio.sleep(0)
        self._call("get", resource, name)
        with self.transaction() as state:
            found = state["objects"].get(f"{resource.plural}/{namespace or ''}/{name}")
            if found is None:
                raise NotFound(f"{resource.plural} {name} not found", status=404)
            return copy.deepcopy(found)

    async def list_all(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[JSONObject]:
        self._call("list", resource, "")
        wanted = dict(part.split("=", 1) for part in label_selector.split(",") if part)
        with self.transaction() as state:
            prefix = f"{resource.plural}/{namespace or ''}/"
            return [
                copy.deepcopy(o)
                for k, o in state["objects"].items()
                if k.startswith(prefix) and wanted.items() <= (o["metadata"].get("labels") or {}).items()
            ]

    async def create(
        self, resource: Resource, obj: JSONObject, namespace: str | None = None, *, dry_run: bool = False
    ) -> JSONObject:
        await asyncio.sleep(0)
        name = obj["metadata"]["name"]
        self._call("create", resource, name)
        with self.transaction() as state:
            if namespace and f"namespaces//{namespace}" not in state["objects"]:
                raise NotFound(f"namespace {namespace} not found", status=404)
            key = f"{resource.plural}/{namespace or ''}/{name}"
            if key in state["objects"]:
                raise AlreadyExists(f"{name} exists", status=409)
            new = self._store(state, key, {**copy.deepcopy(obj)}, str(uuid.uuid4()))
        self._answer("create", resource)
        return new

    async def replace(self, resource: Resource, obj: JSONObject, namespace: str | None = None) -> JSONObject:
        await asyncio.sleep(0)
        name = obj["metadata"]["name"]
        self._call("replace", resource, name)
        with self.transaction() as state:
            key = f"{resource.plural}/{namespace or ''}/{name}"
            old = state["objects"].get(key)
            if old is None:
                raise NotFound(f"{name} not found", status=404)
            if obj["metadata"].get("resourceVersion") != old["metadata"]["resourceVersion"]:
                raise Conflict(f"{name} was modified", status=409)
            new = self._store(state, key, copy.deepcopy(obj), old["metadata"].get("uid", ""))
        self._answer("replace", resource)
        return new

    async def delete(self, resource: Resource, name: str, namespace: str | None = None, **_: Any) -> None:
        self._call("delete", resource, name)
        with self.transaction() as state:
            if state["objects"].pop(f"{resource.plural}/{namespace or ''}/{name}", None) is None:
                raise NotFound(f"{name} not found", status=404)

    async def allowed(self, needs: Sequence[Need]) -> list[bool]:
        with self.transaction() as state:
            return [f"{n.verb} {n.resource}" not in state["denied"] for n in needs]

    async def whoami(self) -> str:
        return "kube-tester"

    async def close(self) -> None:
        pass

    @staticmethod
    def _store(state: State, key: str, obj: JSONObject, uid: str) -> JSONObject:
        state["version"] += 1
        obj["metadata"]["resourceVersion"] = str(state["version"])
        obj["metadata"]["uid"] = uid
        state["objects"][key] = obj
        return copy.deepcopy(obj)


class FileCluster(MemoryCluster):
    """The same in a file, one writer at a time."""

    def __init__(self, directory: Path, namespaces: Sequence[str] = ()) -> None:
        super().__init__(namespaces)
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "state.json"
        self._lock = directory / "lock"

    @contextlib.contextmanager
    def transaction(self) -> Iterator[State]:
        fd = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            state = json.loads(self._path.read_text()) if self._path.exists() else self.state
            before = json.dumps(state)
            yield state
            after = json.dumps(state)
            if after != before or not self._path.exists():
                new = self._path.with_suffix(".new")
                new.write_text(after)
                new.rename(self._path)
        finally:
            os.close(fd)
