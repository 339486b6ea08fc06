"""update_manifests: image tag, replicas and resources of the environment file written into k8s/ENV, comments kept."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from veza_tui.model.environment import Environment, Service
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.plan import Step
from veza_tui.operations.atomic import write_atomically
from veza_tui.operations.context import Context, Result, action

MAX_BYTES = 4 << 20


@action("pipeline.update_manifests")
async def update_manifests(context: Context, step: Step) -> Result:
    """Rewrite only the files in which something differs, of every environment that this pipeline deploys."""
    changed: dict[str, list[str]] = {}
    for name in step.args.get("environments") or [context.environment.name]:
        changed.update(_update_folder(context, str(name), str(step.args.get("tag") or "")))
    return {"changed": changed}


def _update_folder(context: Context, name: str, tag: str) -> dict[str, list[str]]:
    folder = Path(context.workspace.manifests_path(name))
    environment = context.workspace.environment(name)
    changed: dict[str, list[str]] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml")):
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            raise RefusedError(f"{path.name} is a symbolic link or too large to rewrite")
        text = path.read_text(encoding="utf-8")
        new, lines = rewritten(text, environment, tag)
        if lines:
            write_atomically(path, new.encode(), path.stat().st_mode & 0o777)
            changed[f"{name}/{path.name}"] = lines
            for line in lines:
                context.report.output(f"{name}/{path.name}: {line}")
    return changed


def rewritten(text: str, environment: Environment, tag: str) -> tuple[str, list[str]]:
    """The file's new text and what changed in it; the text as it was when nothing does. Pure.

    Raises:
        ConfigError: it is not YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        documents = list(yaml.load_all(text))
    except YAMLError as error:
        raise ConfigError(f"not YAML: {str(error).splitlines()[0]}") from None
    lines: list[str] = []
    for document in documents:
        if isinstance(document, Mapping):
            lines += _update(document, environment, tag)
    if not lines:
        return text, []
    out = io.StringIO()
    yaml.dump_all(documents, out)
    return out.getvalue(), lines


def _update(obj: Any, environment: Environment, tag: str) -> list[str]:
    name = (obj.get("metadata") or {}).get("name")
    service = next((s for s in environment.services if name in (s.deployment, s.name)), None)
    if service is None:
        return []
    if obj.get("kind") == "Deployment":
        return _deployment(obj, service, tag)
    if obj.get("kind") == "HorizontalPodAutoscaler" and service.autoscaling is not None:
        scaling = service.autoscaling
        wanted = (("minReplicas", scaling.min_replicas), ("maxReplicas", scaling.max_replicas))
        return [line for key, value in wanted for line in _set(obj["spec"], key, value, f"{name}: {key}")]
    return []


def _deployment(obj: Any, service: Service, tag: str) -> list[str]:
    spec = obj["spec"]
    lines = []
    if service.autoscaling is None:
        lines += _set(spec, "replicas", service.replicas, f"{service.name}: replicas")
    container = spec["template"]["spec"]["containers"][0]
    if tag:
        image = str(container.get("image") or "")
        head, colon, tail = image.partition("@")[0].rpartition(":")
        repository = head if colon and "/" not in tail else image
        lines += _set(container, "image", f"{repository}:{tag}", f"{service.name}: image")
    resources = container.get("resources") or {}
    wanted = {"cpu": service.resources.cpu, "memory": service.resources.memory}
    for part in ("requests", "limits"):
        if part in resources:
            for key, value in wanted.items():
                if key in resources[part]:
                    lines += _set(resources[part], key, value, f"{service.name}: resources.{part}.{key}")
    return lines


def _set(holder: Any, key: str, value: Any, what: str) -> list[str]:
    if holder.get(key) == value:
        return []
    old = holder.get(key)
    holder[key] = value
    return [f"{what} {old} → {value}"]
