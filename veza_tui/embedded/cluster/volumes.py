"""Volumes as directories of this machine.

A container has no mount namespace of its own, so a child process (a Job of ``veza/tools``, ``kubectl exec``) cannot see
``/backups``. Two ways lead to the directory behind a mountPath: the variable ``VEZA_MOUNT_<VOLUME>`` (the volume's name
in capitals, ``-`` as ``_``), and textual substitution: wherever a mountPath stands as a whole path or as the start of
one, in the command, its arguments or a value of the environment, it is replaced by that directory.

``emptyDir`` lives as long as the pod, a PersistentVolumeClaim as long as the platform's state directory; ConfigMap and
Secret volumes are files (0600) written at the pod's start.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from veza_tui.embedded.api import accounts
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.environment import decode
from veza_tui.embedded.cluster.objects import Object, uid_of


class MountError(Exception):
    """FailedMount: (volume, text of the kubelet)."""

    def __init__(self, volume: str, text: str) -> None:
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {text}')


class Volumes:
    """Makes and removes the directories; everything under ``root`` is 0700."""

    def __init__(self, cluster: Cluster, root: Path) -> None:
        self._cluster = cluster
        self.root = root

    def pod_dir(self, pod: Object) -> Path:
        """The pod's own directory; not made yet."""
        return self.root / "pods" / uid_of(pod)

    def scratch(self, pod: Object, container: str) -> Path:
        """The container's working directory, made on demand."""
        return _made(self.pod_dir(pod) / "containers" / container)

    def mount(self, pod: Object) -> dict[str, Path]:
        """volume name -> directory, all of them made.

        Raises:
            MountError: a ConfigMap or Secret is missing, or a claim does not exist.
        """
        return {v["name"]: self._one(pod, v) for v in pod["spec"].get("volumes") or ()}

    def _one(self, pod: Object, volume: Mapping[str, Any]) -> Path:
        namespace, name = pod["metadata"]["namespace"], volume["name"]
        target = self.pod_dir(pod) / "volumes" / name
        if volume.get("persistentVolumeClaim"):
            claim = volume["persistentVolumeClaim"]["claimName"]
            if self._cluster.get("persistentvolumeclaims", namespace, claim) is None:
                raise MountError(name, f'persistentvolumeclaim "{claim}" not found')
            return _made(self.root / "claims" / namespace / claim)
        if volume.get("projected"):
            self._project(pod, volume["projected"], target)
        for kind, field, key in (("configmap", "configMap", "name"), ("secret", "secret", "secretName")):
            source = volume.get(field)
            if not source:
                continue
            obj = self._cluster.get(f"{kind}s", namespace, source[key])
            if obj is None and not source.get("optional"):
                raise MountError(name, f'{kind} "{source[key]}" not found')
            data = decode({**obj, "kind": kind.capitalize()}) if obj else {}
            items = {i["key"]: i["path"] for i in source.get("items") or ()} or {k: k for k in data}
            _made(target)
            for item, path in items.items():
                if item in data:
                    _write(target, path, data[item])
        return _made(target)

    def _project(self, pod: Object, projected: Mapping[str, Any], target: Path) -> None:
        """The sources of the volume that admission adds: token, authority, namespace; plain ConfigMaps and Secrets."""
        namespace = pod["metadata"]["namespace"]
        for source in projected.get("sources") or ():
            for kind, field in (("ConfigMap", "configMap"), ("Secret", "secret")):
                if field in source:
                    obj = self._cluster.get(f"{kind.lower()}s", namespace, source[field].get("name", ""))
                    data = decode({**obj, "kind": kind}) if obj else {}
                    for item in source[field].get("items") or [{"key": k, "path": k} for k in data]:
                        _write(target, item["path"], data.get(item["key"], b""))
            for item in (source.get("downwardAPI") or {}).get("items") or ():
                parts = (item.get("fieldRef") or {}).get("fieldPath", "").split(".")
                if len(parts) == 2 and parts[0] == "metadata":
                    _write(target, item["path"], str(pod["metadata"].get(parts[1], "")).encode())
            token = source.get("serviceAccountToken")
            account = self._cluster.get("serviceaccounts", namespace, pod["spec"].get("serviceAccountName", "default"))
            if token and account:
                audiences = [token.get("audience") or accounts.ISSUER]
                seconds = token.get("expirationSeconds", 3600)
                text = accounts.mint(self._cluster.store, account, seconds, audiences, pod)
                _write(target, token["path"], text.encode())

    def mounts(self, volumes: Mapping[str, Path], container: Mapping[str, Any]) -> dict[str, Path]:
        """mountPath -> directory for one container."""
        out = {}
        for mount in container.get("volumeMounts") or ():
            base = volumes.get(mount["name"])
            if base is not None:
                sub = mount.get("subPath", "").strip("/")
                path = base / sub if sub and ".." not in Path(sub).parts else base
                out[mount["mountPath"].rstrip("/") or "/"] = path if path.is_file() else _made(path)
        return out

    def remove(self, pod: Object) -> None:
        """The pod is gone: its directories too, claims excepted."""
        shutil.rmtree(self.pod_dir(pod), ignore_errors=True)


def variables(container: Mapping[str, Any], mounts: Mapping[str, Path]) -> dict[str, str]:
    """``VEZA_MOUNT_<VOLUME>`` for each mount."""
    out = {}
    for mount in container.get("volumeMounts") or ():
        path = mounts.get(mount["mountPath"].rstrip("/") or "/")
        if path is not None:
            out[f"VEZA_MOUNT_{re.sub(r'[^A-Za-z0-9]', '_', mount['name']).upper()}"] = str(path)
    return out


def substitute(text: str, mounts: Mapping[str, Path]) -> str:
    """``text`` with every mountPath replaced by its directory (longest first, whole path elements only)."""
    for path in sorted(mounts, key=len, reverse=True):
        if path != "/" and path in text:
            pattern = rf"(?<![A-Za-z0-9_./-]){re.escape(path)}(?![A-Za-z0-9_.-])"
            target = str(mounts[path])
            text = re.sub(pattern, lambda _, t=target: t, text)  # type: ignore[misc]
    return text


def _made(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _write(base: Path, relative: str, data: bytes) -> None:
    target = base / relative
    if ".." in Path(relative).parts or (target.is_absolute() and not target.is_relative_to(base)):
        return
    _made(target.parent)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
