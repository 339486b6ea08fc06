"""aiohttp's own TLS contexts: as strict as ever; the system's authorities are read when they are first needed."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import ssl
from veza_tui.adapters.kubernetes.http_library import aiohttp
assert "set_default_verify_paths" not in vars(ssl.SSLContext)
context = aiohttp.connector._SSL_CONTEXT_VERIFIED
assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
read = []
import veza_tui.adapters.kubernetes.http_library as library
library._read_authorities = read.append
for _ in range(2):
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.com")
assert read == [context], read
assert ssl.create_default_context().cert_store_stats().keys() == {"x509", "crl", "x509_ca"}
print("good")
"""


def test_the_authorities_are_read_once_before_the_first_connection() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("good\n", "")
