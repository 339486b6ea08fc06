"""Backups in a bucket (``s3://bucket/prefix``): objects ``prefix/NAME/path``, the manifest last.

A bucket has no rename, so a backup is there when its manifest is: everything else under a name without one is an
unfinished upload. Address and credentials are boto3's own (AWS_* variables, ~/.aws, AWS_ENDPOINT_URL_S3, roles).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from veza_tui.adapters.storage.age import SUFFIX, decrypting, parse_recipients
from veza_tui.adapters.storage.local import identities_for
from veza_tui.adapters.storage.paths import check_name, check_path, stamp
from veza_tui.adapters.storage.s3_client import explain, make_clients
from veza_tui.adapters.storage.s3_write import CLAIM, S3Draft
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.text import printable
from veza_tui.ports.storage import BESIDE, Stored, StoredFile

_BLOCK = 1 << 20
_STALE = 48 * 3600.0
"""Seconds after which an unfinished upload of another machine is taken for dead: nobody can look at its process."""


def open_bucket(address: str, encrypt_to: Sequence[str] = ()) -> S3Storage:
    """The storage at ``s3://bucket/prefix``; nothing is asked yet.

    Raises:
        ConfigError: another address, or boto3 is not installed.
    """
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"data.backup.storage {address}: write s3://bucket/prefix")
    quick, patient = make_clients(address)
    return S3Storage(quick, patient, parts.netloc, parts.path.strip("/"), encrypt_to)


class S3Storage:
    """``client`` is a boto3 S3 client; ``patient`` another one, that waits longer, for what is large."""

    manifests_only = True

    def __init__(self, client: Any, patient: Any, bucket: str, prefix: str, encrypt_to: Sequence[str] = ()) -> None:
        self._client = client
        self._patient = patient
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._encrypt_to = tuple(encrypt_to)
        self.label = f"s3://{bucket}/{prefix}".rstrip("/")

    def list(self) -> Sequence[Stored]:
        """Names and files by one listing (1,000 objects a request)."""
        found: dict[str, list[StoredFile]] = {}
        for key, size in self._keys(self._prefix):
            name, slash, path = key.removeprefix(self._prefix).partition("/")
            if slash and path and not name.startswith("."):
                found.setdefault(name, []).append(StoredFile(path, size))
        return [_stored(name, files) for name, files in sorted(found.items())]

    def stat(self, name: str) -> Stored:
        """One backup's files."""
        base = self._key(name, "")
        files = [StoredFile(key.removeprefix(base), size) for key, size in self._keys(base)]
        if not files:
            raise ConfigError(f"there is no backup {name} in {self.label}", hint="veza-tui backups lists them")
        return _stored(name, files)

    def read(self, name: str, path: str, *, limit: int = 16 << 20) -> bytes:
        """A small object."""
        check_path(path)
        collected = bytearray()
        for block in self._blocks(self._client, name, path):
            collected += block
            if len(collected) > limit:
                raise ConfigError(f"{self.label}/{name}/{path} is larger than {limit:,} bytes")
        return bytes(collected)

    def open(self, name: str, path: str) -> Iterator[bytes]:
        """Blocks of an object; a connection that breaks is an error, never a short file."""
        check_path(path)
        yield from self._blocks(self._patient, name, path)

    def _blocks(self, client: Any, name: str, path: str) -> Iterator[bytes]:
        try:
            answer = client.get_object(Bucket=self._bucket, Key=self._key(name, path))
            body = answer["Body"]
            with contextlib.closing(body):
                while block := body.read(_BLOCK):
                    yield block
        except GeneratorExit:
            raise
        except VezaError:
            raise
        except Exception as error:
            raise explain(error, f"{self.label}/{name}/{path}") from None

    def reveal(self, name: str, path: str, identity: Path | None = None) -> Iterator[bytes]:
        """The same, decrypted where it is an age file."""
        if not path.endswith(SUFFIX):
            return self.open(name, path)
        return decrypting(self.open(name, path), identities_for(name, identity), f"{name}/{path}")

    def local(self, name: str, path: str = "") -> Path | None:
        """Never on this machine."""
        return None

    @contextlib.contextmanager
    def fetched(self, name: str, folder: str) -> Iterator[Path]:
        """Fetched into a private temporary directory."""
        with tempfile.TemporaryDirectory(prefix="veza-fetch-") as directory:
            top = Path(directory)
            for file in self.stat(name).files:
                if file.path.startswith(f"{folder}/"):
                    target = top.joinpath(*check_path(file.path))
                    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    with target.open("xb") as out:
                        for block in self.open(name, file.path):
                            out.write(block)
            yield top.joinpath(*check_path(folder))

    def put(self, name: str, path: str, data: bytes) -> None:
        """One PUT: whole or not at all."""
        if path not in BESIDE:
            raise ValueError(path)
        with _told(f"{self.label}/{name}/{path}"):
            self._client.put_object(Bucket=self._bucket, Key=self._key(name, path), Body=data)

    def delete(self, name: str, path: str) -> None:
        """DELETE."""
        if path not in BESIDE:
            raise ValueError(path)
        with _told(f"{self.label}/{name}/{path}"):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name, path))

    def begin(self, now: float) -> S3Draft:
        """Take a name by a conditional PUT of its claim (``If-None-Match: *``)."""
        recipients = parse_recipients(self._encrypt_to)
        while True:
            name = stamp(now)
            now += 1
            with _told(self.label):
                if self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(name, ""), MaxKeys=1).get(
                    "KeyCount"
                ):
                    continue
                try:
                    self._client.put_object(
                        Bucket=self._bucket, Key=self._key(name, CLAIM), Body=_claim(), IfNoneMatch="*"
                    )
                except self._client.exceptions.ClientError as error:
                    if _status(error) in (409, 412):
                        continue
                    raise
            return S3Draft(self._patient, self._client, self._bucket, self._key(name, ""), name, recipients, self.label)

    def remove(self, name: str) -> None:
        """The manifest first: without it the backup is in no listing. The claim lets a sweep end what was cut off."""
        self.stat(name)
        with _told(f"{self.label}/{name}"):
            self._client.put_object(Bucket=self._bucket, Key=self._key(name, CLAIM), Body=_claim())
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name, "manifest.json"))
            self._wipe(name)

    def _wipe(self, name: str) -> None:
        base = self._key(name, "")
        for upload in self._uploads(base):
            with contextlib.suppress(Exception):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        # The claim last: as long as it stands, the next sweep finds what is left.
        keys = sorted((key for key, _ in self._keys(base)), key=lambda k: k.endswith(f"/{CLAIM}"))
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
            for left in answer.get("Errors") or ():  # told one by one, with status 200 (source: S3, DeleteObjects)
                why = printable(f"{left.get('Code', '')} {left.get('Message', '')}", limit=200)
                raise RefusedError(f"{self.label}/{name}: {printable(str(left.get('Key')))} was not removed: {why}")

    def sweep(self) -> Sequence[str]:
        """Unfinished uploads whose owner is dead: of this machine by its process, of others by their age."""
        swept = []
        stored_ones = self.list()  # one that cannot be listed cannot be written to: said now, not a minute later
        with contextlib.suppress(VezaError):
            for stored in stored_ones:
                if not stored.has("manifest.json") and self._abandoned(stored):
                    with _told(self.label):
                        self._wipe(stored.name)
                    swept.append(stored.name)
        return swept

    def _abandoned(self, stored: Stored) -> bool:
        try:
            claim = json.loads(self.read(stored.name, CLAIM))
            owner, pid, at = str(claim["host"]), int(claim["pid"]), float(claim["at"])
        except (VezaError, ValueError, KeyError, TypeError):
            return False  # no claim of ours: somebody else's objects are left alone
        if owner == socket.gethostname():
            return _born(pid) != str(claim.get("born"))
        return time.time() - at > _STALE

    def _uploads(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from page.get("Uploads", [])

    def _keys(self, prefix: str) -> Iterator[tuple[str, int]]:
        with _told(self.label):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield item["Key"], int(item["Size"])

    def _key(self, name: str, path: str) -> str:
        return f"{self._prefix}{check_name(name)}/{path}"


def _stored(name: str, files: Sequence[StoredFile]) -> Stored:
    own = sorted((f for f in files if f.path != CLAIM), key=lambda f: f.path)
    return Stored(name, tuple(own), unfinished=len(own) < len(files))


def _born(pid: int) -> str:
    """When the process was started, so that a number used again is not taken for it; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _claim() -> bytes:
    """Who writes or removes, to be found dead by a sweep."""
    me = {"host": socket.gethostname(), "pid": os.getpid(), "born": _born(os.getpid()), "at": time.time()}
    return json.dumps(me).encode()


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """boto3's errors as one line."""
    try:
        yield
    except VezaError:
        raise
    except GeneratorExit:
        raise
    except Exception as error:
        raise explain(error, what) from None
