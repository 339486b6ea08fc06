"""The addresses of a kubeconfig: a server's and a proxy's, checked, and without what is secret in them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from veza_tui.model.errors import ConfigError

_HOST = re.compile(r"[^\s/?#@\\\"'<>^`{|}\x00-\x20\x7f]+\Z")


def server_address(cluster: Mapping[str, Any], what: str) -> tuple[str, str]:
    """A cluster entry's base URL without user, password, query and closing slash; and the Basic value of its user.

    As client-go reads it (rest.DefaultServerURL): an address without a scheme is https when the entry speaks of TLS.

    Raises:
        ConfigError: there is none, or it cannot be used; the address is not quoted, since it may hold a password.
    """
    wrong = ConfigError(f"{what} has no usable server address", hint="repair the kubeconfig: https://HOST:PORT")
    given = cluster.get("server")
    if not isinstance(given, str) or not given:
        raise wrong
    if "://" not in given:
        tls = ("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name")
        given = f"{'https' if any(cluster.get(key) for key in tls) else 'http'}://{given}"
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not _HOST.match(host) or port == 0 or not given.isprintable():
        raise wrong
    shown = f"[{host}]" if ":" in host else host
    address = f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
    if parts.username is None:
        return address, ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return address, "Basic " + base64.b64encode(pair).decode()


def proxy_address(url: str, what: str) -> str:
    """``url`` when a request can be sent through it.

    Raises:
        ConfigError: it is no http or https address; it is not quoted, since it may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{what} is not an address", hint="use http://HOST:PORT") from None
    if "://" not in url:
        raise ConfigError(f"{what} has no scheme", hint="use http://HOST:PORT")
    if parts.scheme not in ("http", "https"):
        raise ConfigError(f"{what} is {parts.scheme}: only http and https proxies work", hint="use one")
    if not _HOST.match(host):
        raise ConfigError(f"{what} names no host", hint="use http://HOST:PORT")
    return url
