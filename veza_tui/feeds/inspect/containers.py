"""Containers as kubectl describe writes them (source: describeContainers of k8s.io/kubectl/pkg/describe)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from veza_tui.feeds.fields import integer, mapping, objects, text
from veza_tui.feeds.inspect.quantity import canonical, divided
from veza_tui.feeds.inspect.writer import Writer, shown, truth, when

Raw = Mapping[str, Any]


def containers(w: Writer, title: str, found: Any, statuses: Any, pod: Raw | None, space: str = "") -> None:
    """A block of containers; ``pod`` resolves fields of its metadata, None within a template."""
    known = {text(s.get("name")): s for s in objects(statuses)}
    some = objects(found)
    w.plain(f"{space}{title}:{'' if some else ' <none>'}")
    for container in some:
        status = known.get(text(container.get("name")))
        _head(w, container, status, " " if space else "")
        _command(w, container)
        if status is not None:
            _state(w, status)
        resources(w, container.get("resources"), 2)
        for key, word in (("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup")):
            if container.get(key) is not None:
                w.pair(2, word, probe(mapping(container[key])))
        _env_from(w, container)
        _env(w, container, pod)
        _mounts(w, container)


def _head(w: Writer, container: Raw, status: Raw | None, indent: str) -> None:
    w.title(1, f"{indent}{shown(container.get('name'))}")
    if status is not None:
        w.pair(2, "Container ID", status.get("containerID"))
    w.pair(2, "Image", container.get("image"))
    if status is not None:
        w.pair(2, "Image ID", status.get("imageID"))
    for title, key in (("Port", "containerPort"), ("Host Port", "hostPort")):
        ports = ", ".join(_port(p, key) for p in objects(container.get("ports")))
        w.pair(2, f"{title}s" if "," in ports else title, ports or "<none>")
    profile = mapping(mapping(container.get("securityContext")).get("seccompProfile"))
    if profile:
        w.pair(2, "SeccompProfile", profile.get("type"))
        if profile.get("type") == "Localhost":
            w.pair(3, "LocalhostProfile", profile.get("localhostProfile"))


def _port(port: Raw, key: str) -> str:
    name = text(port.get("name"))
    return f"{integer(port.get(key))}/{text(port.get('protocol'))}" + (f" ({name})" if name else "")


def _command(w: Writer, container: Raw) -> None:
    for title, key in (("Command", "command"), ("Args", "args")):
        words = container.get(key)
        if isinstance(words, list) and words:
            w.title(2, title)
            for word in words:
                for part in text(word).split("\n"):
                    w.plain(f"      {shown(part)}")


def _state(w: Writer, status: Raw) -> None:
    _one_state(w, "State", mapping(status.get("state")))
    last = mapping(status.get("lastState"))
    if last.get("terminated") is not None:
        _one_state(w, "Last State", last)
    w.pair(2, "Ready", truth(status.get("ready")))
    w.pair(2, "Restart Count", integer(status.get("restartCount")))


def _one_state(w: Writer, title: str, state: Raw) -> None:
    if state.get("running") is not None:
        w.pair(2, title, "Running")
        w.pair(3, "Started", when(mapping(state["running"]).get("startedAt")))
        return
    ended = mapping(state.get("terminated"))
    if state.get("terminated") is None or state.get("waiting") is not None:
        w.pair(2, title, "Waiting")
        reason = text(mapping(state.get("waiting")).get("reason"))
        if reason:
            w.pair(3, "Reason", reason)
        return
    w.pair(2, title, "Terminated")
    for key in ("reason", "message"):
        if ended.get(key):
            w.pair(3, key.capitalize(), ended[key])
    w.pair(3, "Exit Code", integer(ended.get("exitCode")))
    if integer(ended.get("signal")) > 0:
        w.pair(3, "Signal", ended["signal"])
    w.pair(3, "Started", when(ended.get("startedAt")))
    w.pair(3, "Finished", when(ended.get("finishedAt")))


def resources(w: Writer, wanted: Any, level: int) -> None:
    """Limits and requests."""
    for key in ("limits", "requests"):
        amounts = mapping(mapping(wanted).get(key))
        if amounts:
            w.title(level, key.capitalize())
            for name in sorted(amounts):
                w.pair(level + 1, name, canonical(text(amounts[name])))


def probe(p: Raw) -> str:
    """``http-get http://:8080/live delay=0s timeout=2s period=10s #success=1 #failure=6``."""
    numbers = [integer(p.get(k)) for k in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds")]
    counts = [integer(p.get(k)) for k in ("successThreshold", "failureThreshold")]
    attributes = (
        f"delay={numbers[0]}s timeout={numbers[1]}s period={numbers[2]}s #success={counts[0]} #failure={counts[1]}"
    )
    if p.get("exec") is not None:
        command = mapping(p["exec"]).get("command")
        words = " ".join(map(text, command)) if isinstance(command, list) else ""
        return f"exec [{words}] {attributes}"
    if p.get("httpGet") is not None:
        return f"http-get {_url(mapping(p['httpGet']))} {attributes}"
    if p.get("tcpSocket") is not None:
        socket = mapping(p["tcpSocket"])
        return f"tcp-socket {text(socket.get('host'))}:{text(socket.get('port'))} {attributes}"
    if p.get("grpc") is not None:
        grpc = mapping(p["grpc"])
        return f"grpc <pod>:{integer(grpc.get('port'))} {text(grpc.get('service'))} {attributes}"
    return f"unknown {attributes}"


def _url(get: Raw) -> str:
    host, port, path = text(get.get("host")), text(get.get("port")), text(get.get("path"))
    if ":" in host:
        host = f"[{host}]"
    # Go's URL.String: what may not stand in a path is escaped, and a path after a host begins with a slash.
    path = quote(path, safe="$&+,/:;=@-_.~")
    path = f"/{path}" if path and not path.startswith("/") else path
    return f"{text(get.get('scheme')).lower()}://{host}:{port}{path}"


def _env_from(w: Writer, container: Raw) -> None:
    sources = objects(container.get("envFrom"))
    if sources:
        w.title(2, "Environment Variables from")
    for source in sources:
        kind, ref = "", mapping(None)
        if source.get("configMapRef") is not None:
            kind, ref = "ConfigMap", mapping(source["configMapRef"])
        elif source.get("secretRef") is not None:
            kind, ref = "Secret", mapping(source["secretRef"])
        prefix = text(source.get("prefix"))
        if prefix:
            kind += f" with prefix '{prefix}'"
        w.row(3, ref.get("name"), kind, f"Optional: {shown(ref.get('optional') is True)}")


def _env(w: Writer, container: Raw, pod: Raw | None) -> None:
    variables = objects(container.get("env"))
    w.title(2, "Environment", "" if variables else "\t<none>")
    for one in variables:
        name, source = shown(one.get("name")), mapping(one.get("valueFrom"))
        if one.get("valueFrom") is None:
            first, *more = text(one.get("value")).split("\n")
            w.pair(3, name, first)
            for part in more:
                w.row(3, "", part)
        elif source.get("fieldRef") is not None:
            ref = mapping(source["fieldRef"])
            path = text(ref.get("fieldPath"))
            w.pair(3, name, f"{_field(pod, path)} ({text(ref.get('apiVersion'))}:{path})")
        elif source.get("resourceFieldRef") is not None:
            ref = mapping(source["resourceFieldRef"])
            w.pair(3, name, f"{_amount(container, ref)} ({text(ref.get('resource'))})")
        elif source.get("secretKeyRef") is not None:
            _key_ref(w, name, mapping(source["secretKeyRef"]), "in secret")
        elif source.get("configMapKeyRef") is not None:
            _key_ref(w, name, mapping(source["configMapKeyRef"]), "of config map")


def _key_ref(w: Writer, name: str, ref: Raw, where: str) -> None:
    said = f"<set to the key '{text(ref.get('key'))}' {where} '{text(ref.get('name'))}'>"
    w.pair(3, name, said, f"Optional: {shown(ref.get('optional') is True)}")


def _field(pod: Raw | None, path: str) -> str:
    """What kubectl resolves: name and namespace; everything else it leaves empty."""
    if path not in ("metadata.name", "metadata.namespace"):
        return ""
    return text(mapping(mapping(pod).get("metadata")).get(path.partition(".")[2]))


def _amount(container: Raw, ref: Raw) -> str:
    kind, _, name = text(ref.get("resource")).partition(".")
    amounts = mapping(mapping(container.get("resources")).get(kind))
    value = divided(text(amounts.get(name)) or "0", text(ref.get("divisor")) or "0")
    return "node allocatable" if value == "0" and f"{kind}.{name}" in ("limits.cpu", "limits.memory") else value


def _mounts(w: Writer, container: Raw) -> None:
    mounts = sorted(objects(container.get("volumeMounts")), key=lambda m: text(m.get("mountPath")))
    none = "" if mounts else "\t<none>"
    w.title(2, "Mounts", none)
    for mount in mounts:
        flags = "ro" if mount.get("readOnly") is True else "rw"
        path = text(mount.get("subPath"))
        if path:
            flags += f',path="{path}"'
        w.plain(f"      {shown(mount.get('mountPath'))} from {shown(mount.get('name'))} ({shown(flags)})")
    devices = sorted(objects(container.get("volumeDevices")), key=lambda d: text(d.get("devicePath")))
    if devices:
        w.title(2, "Devices", none)
    for device in devices:
        w.plain(f"      {shown(device.get('devicePath'))} from {shown(device.get('name'))}")
