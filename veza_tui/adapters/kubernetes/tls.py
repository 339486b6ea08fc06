"""TLS as the kubeconfig asks for it: verified unless it says otherwise in so many words."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from veza_tui.adapters.kubernetes.kubeconfig import Access
from veza_tui.adapters.kubernetes.proof import Proof
from veza_tui.model.errors import ConfigError


def tls_context(access: Access, proof: Proof) -> ssl.SSLContext:
    """A client context for ``access``'s CA and ``proof``'s certificate.

    Raises:
        ConfigError: the CA or the client certificate cannot be used.
    """
    try:
        if access.ca_data is not None:
            context = ssl.create_default_context(cadata=_certificates(access.ca_data))
        elif access.ca_file is not None:
            context = ssl.create_default_context(cafile=str(access.ca_file))
        elif access.insecure:
            # The system's authorities would be read for nothing.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        else:
            context = ssl.create_default_context()
    except (OSError, ssl.SSLError, ValueError) as error:
        where = f"certificate authority {access.ca_file}" if access.ca_file else "certificate-authority-data"
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a certificate"
        raise ConfigError(
            f"{where} of context {access.context!r} cannot be used: {reason}", hint="repair the kubeconfig"
        ) from None
    # Python 3.13 asks of a CA what Go does not (key usage and identifier extensions); clusters in the field lack them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if proof.certificate is not None and proof.key is not None:
        _load_pair(context, proof.certificate, proof.key, access)
    return context


def _certificates(data: bytes) -> str:
    text = data.decode("ascii", errors="replace")
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise ValueError("no certificate")
    return text


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes, access: Access) -> None:
    # OpenSSL reads from a path only: a file of mode 0600 which is gone right after.
    handle, name = tempfile.mkstemp(prefix="veza-tui-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate.rstrip() + b"\n" + key.rstrip() + b"\n")
        # An encrypted key must not stop at a prompt.
        context.load_cert_chain(path, password=lambda: b"")
    except (ssl.SSLError, OSError, ValueError):
        raise ConfigError(
            f"the client certificate of context {access.context!r} cannot be used", hint="repair the kubeconfig"
        ) from None
    finally:
        path.unlink(missing_ok=True)
