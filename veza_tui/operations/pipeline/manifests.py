"""update_manifests: image tag, replicas and resources of the environment file written into k8s/ENV, comments kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from veza_tui.model.environment import Environment, Service
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.plan import Step
from veza_tui.operations.atomic import write_atomically
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.fingerprint import file_digest, file_key
from veza_tui.operations.pipeline.yaml_edit import Edit, Path, documents, edited
from veza_tui.workspace.checks import quantity_value

MAX_BYTES = 4 << 20
Wanted = tuple[Path, Any, str]
"""Where, what, and the line that tells of it."""


@action("pipeline.update_manifests")
async def update_manifests(context: Context, step: Step) -> Result:
    """Rewrite only the files in which something differs, of every environment that this pipeline deploys."""
    changed: dict[str, list[str]] = {}
    files: dict[str, str] = {}
    for name in step.args.get("environments") or [context.environment.name]:
        changed.update(_update_folder(context, str(name), str(step.args.get("tag") or ""), files))
    return {"changed": changed, "files": files}


def _update_folder(context: Context, name: str, tag: str, files: dict[str, str]) -> dict[str, list[str]]:
    """What changed in which file; ``files`` takes the new digests of those that were as the plan saw them."""
    root = FilePath(context.workspace.path)
    folder = FilePath(context.workspace.manifests_path(name))
    environment = context.workspace.environment(name)
    if not folder.is_dir():
        raise ConfigError(f"{name} has no manifests: there is no directory {folder}")
    ready: list[tuple[FilePath, str, list[str]]] = []
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml")):
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            raise RefusedError(f"{path.name} is a symbolic link or too large to rewrite")
        try:
            # Bytes: line ends stay as they are.
            new, lines = rewritten(path.read_bytes().decode("utf-8"), environment, tag)
        except UnicodeDecodeError:
            raise ConfigError(f"k8s/{name}/{path.name} is not UTF-8") from None
        except VezaError as error:
            error.message = f"k8s/{name}/{path.name}: {error.message}"
            raise
        if lines:
            ready.append((path, new, lines))
    # Nothing is written before every file is known to be right.
    changed: dict[str, list[str]] = {}
    for path, new, lines in ready:
        key = file_key(root, path)
        as_planned = context.plan.fingerprint.get(key) == file_digest(path)
        write_atomically(path, new.encode(), path.stat().st_mode & 0o777)
        if as_planned:
            files[key] = file_digest(path)
        changed[f"{name}/{path.name}"] = lines
        for line in lines:
            context.report.output(f"{name}/{path.name}: {line}")
    return changed


def rewritten(text: str, environment: Environment, tag: str) -> tuple[str, list[str]]:
    """The file's new text and what changed in it; the text as it was when nothing does. Pure.

    Raises:
        ConfigError: it is not YAML.
        RefusedError: a value cannot be changed without another one changing too (an anchor joins them).
    """
    edits: list[Edit] = []
    lines: list[str] = []
    for number, document in enumerate(documents(text)):
        for path, obj in _objects(document):
            for inner, value, line in _wanted(obj, environment, tag):
                edits.append(Edit(number, (*path, *inner), value))
                lines.append(line)
    return (edited(text, edits), lines) if edits else (text, [])


def _objects(document: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The objects of a document: itself, or the items of a List."""
    if not isinstance(document, Mapping):
        return
    items = document.get("items")
    if str(document.get("kind") or "").endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            for path, obj in _objects(item):
                yield ("items", index, *path), obj
        return
    yield (), document


def _wanted(obj: Mapping[str, Any], environment: Environment, tag: str) -> Iterator[Wanted]:
    name = _at(obj, "metadata", "name")
    service = next((s for s in environment.services if name and name in (s.deployment, s.name)), None)
    if service is None or not isinstance(obj.get("spec"), Mapping):
        return
    if obj.get("kind") == "Deployment":
        yield from _deployment(obj, service, tag)
    if obj.get("kind") == "HorizontalPodAutoscaler" and service.autoscaling is not None:
        scaling = service.autoscaling
        for key, value in (("minReplicas", scaling.min_replicas), ("maxReplicas", scaling.max_replicas)):
            yield from _set(obj, ("spec", key), value, f"{name}: {key}")


def _deployment(obj: Mapping[str, Any], service: Service, tag: str) -> Iterator[Wanted]:
    if service.autoscaling is None:
        yield from _set(obj, ("spec", "replicas"), service.replicas, f"{service.name}: replicas")
    containers = _at(obj, "spec", "template", "spec", "containers")
    if not isinstance(containers, list) or not all(isinstance(c, Mapping) for c in containers) or not containers:
        return
    # A sidecar may stand first: the container with the service's name is the service.
    names = (service.name, service.deployment, service.key)
    index = next((i for i, c in enumerate(containers) if c.get("name") in names), 0)
    container, path = containers[index], ("spec", "template", "spec", "containers", index)
    if tag:
        image = str(container.get("image") or "")
        head, colon, tail = image.partition("@")[0].rpartition(":")
        repository = head if colon and "/" not in tail else image.partition("@")[0]
        if repository:
            yield from _set(obj, (*path, "image"), f"{repository}:{tag}", f"{service.name}: image")
    yield from _resources(obj, (*path, "resources"), container.get("resources"), service)


def _resources(obj: Mapping[str, Any], path: Path, found: Any, service: Service) -> Iterator[Wanted]:
    amounts = {"cpu": service.resources.cpu, "memory": service.resources.memory}
    what = f"{service.name}: resources"
    if found is None:
        yield path, {"requests": amounts, "limits": amounts}, f"{what} none → {amounts['cpu']}, {amounts['memory']}"
        return
    for part in ("requests", "limits"):
        if not isinstance(found, Mapping) or not isinstance(found.get(part), Mapping):
            continue
        for key, value in amounts.items():
            if key in found[part]:
                yield from _set(obj, (*path, part, key), value, f"{what}.{part}.{key}")


def _set(obj: Mapping[str, Any], path: Path, value: Any, what: str) -> Iterator[Wanted]:
    old = _at(obj, *path)
    image = path[-1] == "image"
    if old == value or ("${" in str(old) and not image):
        return  # a variable is resolved when it is deployed
    amount = quantity_value(str(old)) if isinstance(value, str) and not image else None
    if amount is not None and amount == quantity_value(str(value)):
        return  # 1000m is 1
    yield path, value, f"{what} {'none' if old is None else old} → {value}"


def _at(obj: Any, *path: str | int) -> Any:
    for key in path:
        if isinstance(key, int):
            obj = obj[key]
        elif isinstance(obj, Mapping):
            obj = obj.get(key)
        else:
            return None
    return obj
