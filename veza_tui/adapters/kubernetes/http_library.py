"""aiohttp, imported without work for connections that are never made.

At its import aiohttp builds two TLS contexts and reads the system's authorities into each: a fifth of the CPU that
``veza-tui logs`` needs to begin. Ours come from the kubeconfig; those two read the authorities here when first used.
"""

from __future__ import annotations

import ssl
import sys
import threading
from typing import Any

__all__ = ["aiohttp"]

_read_authorities = ssl.SSLContext.set_default_verify_paths


def _put_off(context: ssl.SSLContext) -> None:
    """Before its first connection ``context`` reads the system's authorities."""

    def first(name: str) -> Any:
        def wrap(*args: Any, **options: Any) -> Any:
            if vars(context).pop(name, None) is not None:
                _read_authorities(context)
            return getattr(ssl.SSLContext, name)(context, *args, **options)

        return wrap

    for name in ("wrap_bio", "wrap_socket"):
        vars(context)[name] = first(name)


def _lightly() -> None:
    importer = threading.get_ident()

    def read_or_put_off(context: ssl.SSLContext) -> None:
        # Another thread may make a context of its own meanwhile.
        if threading.get_ident() == importer:
            _put_off(context)
        else:
            _read_authorities(context)

    setattr(ssl.SSLContext, "set_default_verify_paths", read_or_put_off)  # noqa: B010
    try:
        import aiohttp  # noqa: F401
    finally:
        delattr(ssl.SSLContext, "set_default_verify_paths")


if "aiohttp" not in sys.modules:
    _lightly()

import aiohttp  # noqa: E402
