"""The metrics over HTTP, by prometheus_client's own server in threads of its own."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.operations.monitor.metrics import Metrics


def parse_address(text: str, *, allow_remote: bool) -> tuple[str, int]:
    """``ADDRESS:PORT`` or ``:PORT`` (loopback) or ``[::1]:PORT``.

    Raises:
        ConfigError: it is none, or not loopback without ``allow_remote``.
    """
    host, colon, port_text = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    shown = printable(text, limit=80)
    if not colon or not (port_text.isascii() and port_text.isdigit()) or int(port_text) > 65535:
        raise ConfigError(f"--listen {shown}: write ADDRESS:PORT", hint="for example 127.0.0.1:9105")
    if host == "localhost":
        host = "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ConfigError(
            f"--listen {shown}: the address must be an IP address", hint="for example 127.0.0.1:9105"
        ) from None
    if not address.is_loopback and not allow_remote:
        raise ConfigError(
            f"--listen {shown} could be reached from other machines, and it asks no password",
            hint="use 127.0.0.1, or add --allow-remote on purpose",
        )
    return str(address), int(port_text)


class MetricsServer:
    """Listens from its creation to ``close``.

    Raises:
        ConfigError: the address cannot be listened on.
    """

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry(auto_describe=False)
        metrics.register(registry)
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another port") from None
        self.port = int(self._server.server_port)
        self.label = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
