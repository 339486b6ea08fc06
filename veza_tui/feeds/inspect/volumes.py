"""Volumes as kubectl describe writes them (source: describeVolumes of k8s.io/kubectl/pkg/describe)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.feeds.fields import mapping, objects, text
from veza_tui.feeds.inspect.quantity import canonical, quantity
from veza_tui.feeds.inspect.writer import LONGEST, Writer, shorten, shown

Raw = Mapping[str, Any]

# kind -> (what kubectl calls it, ((title, key), ...)); the kinds that are a plain list of values.
_SIMPLE: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "gcePersistentDisk": (
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        (("PDName", "pdName"), ("FSType", "fsType"), ("Partition", "partition#"), ("ReadOnly", "readOnly?")),
    ),
    "awsElasticBlockStore": (
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        (("VolumeID", "volumeID"), ("FSType", "fsType"), ("Partition", "partition#"), ("ReadOnly", "readOnly?")),
    ),
    "gitRepo": (
        "GitRepo (a volume that is pulled from git when the pod is created)",
        (("Repository", "repository"), ("Revision", "revision")),
    ),
    "secret": (
        "Secret (a volume populated by a Secret)",
        (("SecretName", "secretName"), ("Optional", "optional?")),
    ),
    "configMap": (
        "ConfigMap (a volume populated by a ConfigMap)",
        (("Name", "name"), ("Optional", "optional?")),
    ),
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        (("Server", "server"), ("Path", "path"), ("ReadOnly", "readOnly?")),
    ),
    "glusterfs": (
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        (("EndpointsName", "endpoints"), ("Path", "path"), ("ReadOnly", "readOnly?")),
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (("ClaimName", "claimName"), ("ReadOnly", "readOnly?")),
    ),
    "portworxVolume": ("PortworxVolume (a Portworx Volume resource)", (("VolumeID", "volumeID"),)),
    "image": ("Image (a container image or OCI artifact)", (("Reference", "reference"), ("PullPolicy", "pullPolicy"))),
}


def volumes(w: Writer, found: Any, space: str = "") -> None:
    """The block ``Volumes:``."""
    some = objects(found)
    if not some:
        w.plain(f"{space}Volumes:\t<none>")
        return
    w.plain(f"{space}Volumes:")
    for volume in some:
        w.title(1, f"{' ' if space else ''}{shown(volume.get('name'))}")
        _volume(w, volume)


def _volume(w: Writer, volume: Raw) -> None:
    kind = next((k for k, v in volume.items() if k != "name" and v is not None), "")
    source = mapping(volume.get(kind))
    if kind in _SIMPLE:
        title, fields = _SIMPLE[kind]
        w.pair(2, "Type", title)
        for name, key in fields:
            w.pair(2, name, _plain(source, key))
    elif kind == "hostPath":
        w.pair(2, "Type", "HostPath (bare host directory volume)")
        w.pair(2, "Path", source.get("path"))
        w.pair(2, "HostPathType", "<none>" if source.get("type") is None else source["type"])
    elif kind == "emptyDir":
        limit = text(source.get("sizeLimit"))
        w.pair(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)")
        w.pair(2, "Medium", source.get("medium"))
        w.pair(2, "SizeLimit", canonical(limit) if (quantity(limit) or 0) > 0 else "<unset>")
    elif kind == "projected":
        _projected(w, source)
    elif kind == "downwardAPI":
        _downward(w, source)
    elif kind == "csi":
        _csi(w, source)
    elif kind == "ephemeral":
        w.pair(
            2,
            "Type",
            "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
        )
    elif kind:
        # What kubectl has words of its own for and nobody uses here: its kind and its plain values.
        w.pair(2, "Type", kind)
        for key, value in source.items():
            if not isinstance(value, (dict, list)):
                w.pair(2, key, value)
    else:
        w.plain("  <unknown>")


def _plain(source: Raw, key: str) -> Any:
    if key.endswith("?"):
        return source.get(key[:-1]) is True
    return source.get(key[:-1], 0) if key.endswith("#") else source.get(key)


def _projected(w: Writer, source: Raw) -> None:
    w.pair(2, "Type", "Projected (a volume that contains injected data from multiple sources)")
    for one in objects(source.get("sources")):
        if one.get("secret") is not None:
            secret = mapping(one["secret"])
            w.pair(2, "SecretName", secret.get("name"))
            w.pair(2, "Optional", secret.get("optional") is True)
        elif one.get("downwardAPI") is not None:
            w.pair(2, "DownwardAPI", True)
        elif one.get("configMap") is not None:
            config = mapping(one["configMap"])
            w.pair(2, "ConfigMapName", config.get("name"))
            w.pair(2, "Optional", config.get("optional") is True)
        elif one.get("serviceAccountToken") is not None:
            w.pair(2, "TokenExpirationSeconds", mapping(one["serviceAccountToken"]).get("expirationSeconds"))


def _downward(w: Writer, source: Raw) -> None:
    w.pair(2, "Type", "DownwardAPI (a volume populated by information about the pod)")
    w.title(2, "Items")
    for item in objects(source.get("items")):
        for ref, key in (("fieldRef", "fieldPath"), ("resourceFieldRef", "resource")):
            if item.get(ref) is not None:
                w.plain(f"      {shown(mapping(item[ref]).get(key))} -> {shown(item.get('path'))}")


def _csi(w: Writer, source: Raw) -> None:
    w.pair(2, "Type", "CSI (a Container Storage Interface (CSI) volume source)")
    w.pair(2, "Driver", source.get("driver"))
    w.pair(2, "FSType", source.get("fsType"))
    w.pair(2, "ReadOnly", source.get("readOnly") is True)
    attributes = mapping(source.get("volumeAttributes"))
    if not attributes:
        w.plain("    VolumeAttributes:\t<none>")
    for i, key in enumerate(sorted(attributes)):
        line = shorten(f"{key}={text(attributes[key])}", LONGEST)
        w.plain(f"    {'VolumeAttributes:' if not i else '    '}\t    {shown(line)}")
