"""Cluster IPs and node ports of Services (service range 10.96.0.0/16, node ports 30000-32767)."""

from __future__ import annotations

import ipaddress
import random
from typing import TYPE_CHECKING, Any

from veza_tui.embedded.api.errors import Cause, invalid
from veza_tui.embedded.api.resources import ResourceType

if TYPE_CHECKING:
    from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]
SERVICE_RANGE = ipaddress.ip_network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
_WITH_PORTS = ("NodePort", "LoadBalancer")


def allocate(store: Store, kind: ResourceType, obj: JSONObject, old: JSONObject | None = None) -> None:
    """Fill in clusterIP, clusterIPs and node ports of a Service.

    Raises:
        ApiError: 422 when a wanted address is taken or outside of the range.
    """
    if kind.key != "services" or not isinstance(obj.get("spec"), dict):
        return
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        for key in ("clusterIP", "clusterIPs"):
            spec.pop(key, None)
        return
    before = (old or {}).get("spec", {})
    if not spec.get("clusterIP") and before.get("clusterIP"):
        spec["clusterIP"] = before["clusterIP"]
    used, ports = _taken(store, obj)
    wanted = spec.get("clusterIP")
    if not wanted:
        spec["clusterIP"] = _free_address(used)
    elif wanted != "None" and wanted != before.get("clusterIP"):
        _check(kind, obj, str(wanted), used)
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec.get("type") not in _WITH_PORTS and before.get("type") in _WITH_PORTS and not spec.get("externalIPs"):
        for key in ("externalTrafficPolicy", "allocateLoadBalancerNodePorts", "healthCheckNodePort"):
            if spec.get(key) == before.get(key):
                spec.pop(key, None)  # left over from the former type
    for port in spec.get("ports") or ():
        if not isinstance(port, dict):
            continue
        if spec.get("type") not in _WITH_PORTS:
            taken = [p.get("nodePort") for p in before.get("ports") or ()]
            if before.get("type") in _WITH_PORTS and port.get("nodePort") in taken:
                port.pop("nodePort", None)  # left over from the former type
            continue
        if not port.get("nodePort"):
            old_port: JSONObject = next((p for p in before.get("ports") or () if p.get("port") == port.get("port")), {})
            port["nodePort"] = old_port.get("nodePort") or random.choice([p for p in NODE_PORTS if p not in ports])
        ports.add(port["nodePort"])


def _taken(store: Store, obj: JSONObject) -> tuple[set[str], set[int]]:
    """Addresses and node ports of all other Services."""
    me = (obj["metadata"].get("namespace"), obj["metadata"].get("name"))
    addresses: set[str] = set()
    ports: set[int] = set()
    for service in store.list("services"):
        if (service["metadata"].get("namespace"), service["metadata"]["name"]) == me:
            continue
        addresses.add(service["spec"].get("clusterIP") or "")
        ports.update(p.get("nodePort") or 0 for p in service["spec"].get("ports") or ())
    return addresses, ports


def _free_address(used: set[str]) -> str:
    while True:
        candidate = str(SERVICE_RANGE[random.randint(256, SERVICE_RANGE.num_addresses - 2)])
        if candidate not in used:
            return candidate


def _check(kind: ResourceType, obj: JSONObject, wanted: str, used: set[str]) -> None:
    name = obj["metadata"].get("name", "")
    try:
        address = ipaddress.ip_address(wanted)
    except ValueError:
        return  # the validation says so, with the field's own message
    if address not in SERVICE_RANGE:
        text = (
            f'Invalid value: ["{wanted}"]: failed to allocate IP {wanted}: the provided IP ({wanted}) is not in '
            f"the valid range. The range of valid IPs is {SERVICE_RANGE}"
        )
        raise invalid(kind.kind, kind.group, name, [Cause("FieldValueInvalid", text, "spec.clusterIPs")])
    if wanted in used:
        text = f'Invalid value: ["{wanted}"]: failed to allocate IP {wanted}: provided IP is already allocated'
        raise invalid(kind.kind, kind.group, name, [Cause("FieldValueInvalid", text, "spec.clusterIPs")])
