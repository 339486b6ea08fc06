"""``ssl_mode`` against a real server: without TLS, with a stranger's certificate, with another host's."""

import datetime
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.backup.conftest import Backup, as_is, settings_for
from tests.integration.conftest import PASSWORDS, LoopThread, PostgresServer
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.embedded.platform.postgres import Postgres
from veza_tui.model.errors import VezaError
from veza_tui.operations.backup.catalogue import Catalogue

pytestmark = pytest.mark.integration


class WithoutTLS(Postgres):
    """TLS only when a test turns it on."""

    def _tls_options(self) -> dict[str, str]:
        return {}


@dataclass
class Server:
    """A PostgreSQL of one's own, whose certificate is changed while it runs."""

    postgres: PostgresServer
    home: Path

    def shows(self, name: x509.GeneralName) -> Path:
        """From now on it shows a self-signed certificate of this name; its path, to be trusted."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "veza-test")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(key, hashes.SHA256())
        )
        crt, secret = self.home / f"{name.value}.crt", self.home / f"{name.value}.key"
        crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        secret.write_bytes(private)
        secret.chmod(0o600)
        owner = (self.home / "data").stat()
        for path in (crt, secret):
            os.chown(path, owner.st_uid, owner.st_gid)
        for setting, value in {"ssl_cert_file": crt, "ssl_key_file": secret, "ssl": "on"}.items():
            self.postgres.admin(f"ALTER SYSTEM SET {setting} = '{value}'")
        self.postgres.admin("SELECT pg_reload_conf()")
        # A session begins with what its parent had read: the first that knows the new file proves it.
        while (self.postgres.admin("SHOW ssl"), self.postgres.admin("SHOW ssl_cert_file")) != (
            [("on",)],
            [(str(crt),)],
        ):
            time.sleep(0.02)
        return crt

    def database(self, mode: str) -> PostgresDatabase:
        return PostgresDatabase(settings_for(self.postgres, "veza_production", ssl_mode=mode), as_is)


@pytest.fixture(scope="module")
def server(server_loop: LoopThread, short_directory: Path) -> Iterator[Server]:
    state, run = short_directory / "tls", short_directory / "tlsrun"
    state.mkdir()
    run.mkdir()
    found = PostgresServer(WithoutTLS(state, run, PASSWORDS, short_directory / "pgtls", rows=6_000), server_loop)
    found.start()
    try:
        if not found.tls:
            pytest.skip("this PostgreSQL has no TLS")
        assert found.server._home is not None
        yield Server(found, found.server._home)
    finally:
        server_loop.call(found.server.close())


async def test_each_mode_is_honoured_or_refused_in_one_line(
    server: Server, backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path / "backups")

    async def refused(mode: str, exit: int) -> str:
        with pytest.raises(VezaError) as caught:
            await backup(storage, database=server.database(mode))
        assert caught.value.exit == exit
        assert PASSWORDS["veza_production"] not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert Catalogue(storage).records() == []
        return str(caught.value)

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    told = await refused("require", 6)
    assert "speaks no TLS, and ssl_mode require asks for it: nothing was sent — turn TLS on at the server" in told

    other = server.shows(x509.DNSName("db.elsewhere.example"))
    told = await refused("verify-full", 2)
    assert "ssl_mode verify-full needs the certificate of an authority" in told
    assert "PGSSLROOTCERT" in told
    monkeypatch.setenv("PGSSLROOTCERT", str(other))
    told = await refused("verify-full", 6)
    assert "shows a certificate of another host (ssl_mode verify-full): nothing was sent — write the name" in told

    own = server.shows(x509.IPAddress(ip_address("127.0.0.1")))
    told = await refused("verify-full", 6)
    assert "no trusted authority signed, or that is out of date (ssl_mode verify-full): nothing was sent" in told
    monkeypatch.setenv("PGSSLROOTCERT", str(own))
    # pg_dump trusts what our own connection trusts.
    manifest = await backup(storage, database=server.database("verify-full"))
    assert [r.name for r in Catalogue(storage).records()] == [manifest.name]
