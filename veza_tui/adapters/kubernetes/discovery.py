"""Which resource a kind is: a table for what Kubernetes ships, the server's discovery for the rest."""

from __future__ import annotations

from veza_tui.adapters.kubernetes.paths import KNOWN
from veza_tui.adapters.kubernetes.transport import Transport
from veza_tui.model.text import printable
from veza_tui.ports.cluster import Invalid, NotFound, Resource


class Discovery:
    """Asks each group version once; a kind that is not there is asked for again (a CRD may have come)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._found: dict[tuple[str, str], Resource] = {}

    async def resource(self, api_version: str, kind: str) -> Resource:
        """The resource of ``apiVersion`` and ``kind``.

        Raises:
            Invalid: one of them is empty.
            NotFound: the server does not serve it.
        """
        if not api_version or not kind:
            raise Invalid("an object without apiVersion or kind", status=400)
        known = KNOWN.get((api_version, kind)) or self._found.get((api_version, kind))
        if known is not None:
            return known
        group, _, version = api_version.rpartition("/")
        where = f"/apis/{group}/{version}" if group else f"/api/{version}"
        wanted = printable(f"{api_version} {kind}", limit=100)
        try:
            answer = await self._transport.json("GET", where)
        except NotFound:
            answer = {}
        for entry in answer.get("resources") or []:
            if "/" not in entry["name"]:
                resource = Resource(group, version, entry["name"], entry["kind"], bool(entry["namespaced"]))
                self._found[(api_version, entry["kind"])] = resource
        if (api_version, kind) not in self._found:
            raise NotFound(f"the cluster does not serve {wanted}", status=404, hint="is its CRD installed?")
        return self._found[(api_version, kind)]
