"""Server-side apply: merge, ownership, conflicts, removal (source: structured-merge-diff's Updater.Apply)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from veza_tui.embedded.api.errors import ApiError, Cause
from veza_tui.embedded.api.fields.managed import (
    Owner,
    UpdateTracker,
    read_owners,
    reset_paths,
    without_meta,
    write_owners,
)
from veza_tui.embedded.api.fields.paths import (
    Path,
    PathSet,
    applied_set,
    child_schema,
    compare,
    descends,
    dotted,
    list_element,
    strip_meta,
)
from veza_tui.embedded.api.meta import clone, rfc3339
from veza_tui.embedded.api.schema import ANY, Schema, of_kind

JSONObject = dict[str, Any]


def merge(schema: Schema, live: Any, config: Any) -> Any:
    """``config`` laid over ``live``."""
    if not descends(schema, config) or not descends(schema, live) or type(live) is not type(config):
        return clone(config)
    if isinstance(config, dict):
        out = dict(live)
        for key, value in config.items():
            out[key] = merge(child_schema(schema, key), live[key], value) if key in live else clone(value)
        return out
    item = schema.item or ANY
    wanted = {list_element(schema, entry): entry for entry in config}
    result: list[Any] = []
    done: set[str] = set()
    for entry in live:
        element = list_element(schema, entry)
        if element in wanted:
            done.add(element)
            result.append(merge(item, entry, wanted[element]))
        else:
            result.append(entry)
    result += [clone(entry) for element, entry in wanted.items() if element not in done]
    return result


def remove(schema: Schema, value: Any, paths: PathSet) -> Any:
    """``value`` without the nodes at ``paths`` (relative)."""
    if not paths or not descends(schema, value):
        return value
    inner: dict[str, PathSet] = {}
    gone: set[str] = set()
    for path in paths:
        if len(path) == 1:
            gone.add(path[0])
        elif path:
            inner.setdefault(path[0], set()).add(path[1:])
    if isinstance(value, dict):
        return {
            key: remove(child_schema(schema, key), item, inner.get(f"f:{key}", set()))
            for key, item in value.items()
            if f"f:{key}" not in gone
        }
    out = []
    for entry in value:
        element = list_element(schema, entry)
        if element not in gone:
            out.append(remove(schema.item or ANY, entry, inner.get(element, set())))
    return out


def with_named_parents(schema: Schema, paths: PathSet) -> PathSet:
    """The set with every named field on the way to a member (EnsureNamedFieldsAreMembers)."""
    out = set(paths)
    for path in paths:
        node = schema
        for depth, element in enumerate(path):
            if element.startswith("f:"):
                if node.kind == "struct" and depth + 1 < len(path):
                    out.add(path[: depth + 1])
                node = child_schema(node, element[2:])
            else:
                node = node.item or ANY
    return out


def _conflict_error(conflicts: list[tuple[Owner, Path]]) -> ApiError:
    causes = [Cause("FieldManagerConflict", f"conflict with {o.describe()}", dotted(p)) for o, p in conflicts]
    if len(conflicts) == 1:
        message = f"Apply failed with 1 conflict: conflict with {conflicts[0][0].describe()}: {dotted(conflicts[0][1])}"
        return ApiError(409, "Conflict", message, causes=causes)
    groups: dict[str, list[str]] = {}
    for owner, path in conflicts:
        groups.setdefault(f"conflicts with {owner.describe()}:", []).append(f"- {dotted(path)}")
    lines = [line for head, paths in groups.items() for line in (head, *paths)]
    message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, causes=causes)


@dataclass(slots=True)
class Applied:
    """The outcome: the object to store and the tracker that gives it its managedFields."""

    object: JSONObject
    owners: dict[str, Owner]

    def __call__(self, old: JSONObject | None, new: JSONObject, *, subresource: str, now: float) -> None:
        """A Tracker."""
        write_owners(new, self.owners)


def apply(
    live: JSONObject | None, config: JSONObject, *, manager: str, force: bool, subresource: str, now: float
) -> Applied:
    """Apply ``config`` (decoded, unknown fields dropped) onto ``live``.

    Raises:
        ApiError: 409 with a cause for each field that another manager owns with another value.
    """
    schema = of_kind(config["apiVersion"], config["kind"])
    owners = read_owners(live)
    if live is not None and not owners:
        before = clone(live)
        before["metadata"].pop("managedFields", None)
        UpdateTracker("before-first-apply")(None, before, subresource="", now=now)
        owners = read_owners(before)
    base: JSONObject = without_meta(live) if live is not None else {"metadata": {}}
    merged = merge(schema, base, config)
    me = Owner(manager, "Apply", config["apiVersion"], subresource)
    last = owners.get(me.key)
    mine = reset_paths(strip_meta(applied_set(schema, config)), config, schema, subresource)
    last_paths, stamp = (set(last.paths), last.time) if last else (set(), "")
    me.paths, me.time = mine, stamp if last_paths == mine and stamp else rfc3339(now)
    owners[me.key] = me
    if last_paths:
        kept: PathSet = set()
        for owner in owners.values():
            kept |= with_named_parents(schema, owner.paths)
        # Metadata itself always stays: the object's name is there, owned by nobody.
        merged = remove(schema, merged, with_named_parents(schema, last_paths) - kept - {("f:metadata",)})
    changed, removed = compare(schema, base, merged)
    changed = reset_paths(strip_meta(changed), config, schema, subresource)
    conflicts = [
        (owner, path)
        for key, owner in sorted(owners.items())
        if key != me.key
        for path in sorted(owner.paths & changed)
    ]
    if conflicts and not force and not all(path in _upgraded(live, manager, schema) for _, path in conflicts):
        raise _conflict_error(conflicts)
    for key, owner in owners.items():
        if key != me.key:
            owner.paths = owner.paths - changed - removed
    if live is not None and manager == "kubectl" and _LAST_APPLIED in (live["metadata"].get("annotations") or {}):
        text = json.dumps(config, separators=(",", ":"), sort_keys=True) + "\n"
        merged["metadata"] = clone(merged["metadata"])
        merged["metadata"].setdefault("annotations", {})[_LAST_APPLIED] = text
    return Applied(clone(merged), owners)


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def _upgraded(live: JSONObject | None, manager: str, schema: Schema) -> PathSet:
    """What kubectl may take without a conflict: the fields it applied client-side before (lastappliedmanager.go)."""
    if manager != "kubectl" or live is None:
        return set()
    try:
        last = json.loads((live["metadata"].get("annotations") or {}).get(_LAST_APPLIED) or "null")
    except ValueError:
        return set()
    return applied_set(schema, last) if isinstance(last, dict) else set()
