"""Writing a backup into a bucket: multipart uploads, the manifest last."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from veza_tui.adapters.storage.age import SUFFIX, EncryptingWriter
from veza_tui.adapters.storage.paths import check_path
from veza_tui.adapters.storage.s3_client import explain
from veza_tui.model.backup import FileEntry
from veza_tui.model.errors import VezaError
from veza_tui.ports.storage import MANIFEST, Follower, Writer

CLAIM = ".claim"
_PART = 16 << 20
"""Bytes of the first parts; it grows, because an upload has at most 10,000 (source: Amazon S3 multipart limits)."""
_TOGETHER = 3
"""Parts under way at once."""


class S3Draft:
    """A backup being uploaded; in no listing until its manifest is there. ``quick`` is the client that tidies up."""

    def __init__(
        self, client: Any, quick: Any, bucket: str, base: str, name: str, recipients: list[Any], label: str
    ) -> None:
        self.name = name
        self.encrypts = bool(recipients)
        self._client = client
        self._quick = quick
        self._bucket = bucket
        self._base = base
        self._recipients = recipients
        self._label = label
        self._directory: Path | None = None
        self._writers: list[_Upload] = []
        self._encrypting: list[EncryptingWriter] = []

    def folder(self, path: str) -> Path:
        """In a private temporary directory: a directory dump needs that much room here."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="veza-draft-"))
        return self._directory.joinpath(*check_path(path))

    def create(self, path: str, *, secret: bool = False) -> Writer:
        """A new object."""
        check_path(path)
        encrypt = secret and bool(self._recipients)
        final = path + SUFFIX if encrypt else path
        upload = self._upload(final)
        if not encrypt:
            return upload
        self._encrypting.append(EncryptingWriter(upload, self._recipients))
        return self._encrypting[-1]

    def _upload(self, path: str) -> _Upload:
        label = f"{self._label}/{self.name}/{path}"
        upload = _Upload(self._client, self._quick, self._bucket, self._base + path, path, label)
        self._writers.append(upload)
        return upload

    def direct(self, path: str, *, secret: bool = False) -> Follower | None:
        """Bytes always pass by here."""
        return None

    def adopt(self, folder: str) -> Sequence[FileEntry]:
        """Upload what pg_dump wrote."""
        top = self.folder(folder)
        entries = []
        for path in sorted(p for p in top.rglob("*") if p.is_file() and not p.is_symlink()):
            upload = self._upload(f"{folder}/{path.relative_to(top).as_posix()}")
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    upload.write(block)
            entries.append(upload.finish())
        return entries

    def commit(self, manifest: bytes) -> None:
        """The manifest by one PUT that must not replace another; then the claim is taken away."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._base + MANIFEST, Body=manifest, IfNoneMatch="*")
        except Exception as error:
            raise explain(error, f"{self._label}/{self.name}/{MANIFEST}") from None
        with contextlib.suppress(Exception):
            self._quick.delete_object(Bucket=self._bucket, Key=self._base + CLAIM)
        self._tidy()

    def abort(self) -> None:
        """Remove what was uploaded; what cannot be removed now is found by the next sweep through the claim."""
        for encrypting in self._encrypting:
            encrypting.stop()
        for writer in self._writers:
            writer.abort()
        with contextlib.suppress(Exception):
            for writer in self._writers:
                self._quick.delete_object(Bucket=self._bucket, Key=writer.key)
            self._quick.delete_object(Bucket=self._bucket, Key=self._base + CLAIM)
        self._tidy()

    def _tidy(self) -> None:
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


class _Upload:
    """One object: small ones by one PUT, others in parts while more is written."""

    def __init__(self, client: Any, quick: Any, bucket: str, key: str, entry: str, label: str) -> None:
        self.key = key
        self._client = client
        self._quick = quick
        self._bucket = bucket
        self._entry = entry
        self._label = label
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0
        self._upload_id = ""
        self._parts: list[Future[dict[str, Any]]] = []
        self._pool: ThreadPoolExecutor | None = None
        self._room = threading.Semaphore(_TOGETHER)

    def write(self, data: bytes | memoryview) -> int:
        self._digest.update(data)
        self._size += len(data)
        self._buffer += data
        part = _PART * (1 + len(self._parts) // 1000)
        if len(self._buffer) >= part:
            self._send(bytes(self._buffer))
            self._buffer.clear()
        return len(data)

    def _send(self, data: bytes) -> None:
        try:
            if not self._upload_id:
                answer = self._client.create_multipart_upload(Bucket=self._bucket, Key=self.key)
                self._upload_id = answer["UploadId"]
                self._pool = ThreadPoolExecutor(_TOGETHER, thread_name_prefix="s3")
            for done in [f for f in self._parts if f.done()]:
                done.result()  # a part that failed ends the upload now, not at its end
            # Not more in memory than the parts under way: a slow line slows pg_dump down.
            self._room.acquire()
            assert self._pool is not None
            number = len(self._parts) + 1
            future = self._pool.submit(self._part, number, data)
            future.add_done_callback(lambda _: self._room.release())
            self._parts.append(future)
        except Exception as error:
            raise explain(error, self._label) from None

    def _part(self, number: int, data: bytes) -> dict[str, Any]:
        answer = self._client.upload_part(
            Bucket=self._bucket, Key=self.key, UploadId=self._upload_id, PartNumber=number, Body=data
        )
        return {"ETag": answer["ETag"], "PartNumber": number}

    def finish(self) -> FileEntry:
        try:
            if not self._upload_id:
                self._client.put_object(Bucket=self._bucket, Key=self.key, Body=bytes(self._buffer))
            else:
                if self._buffer:
                    self._send(bytes(self._buffer))
                parts = [f.result() for f in self._parts]
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=self.key, UploadId=self._upload_id, MultipartUpload={"Parts": parts}
                )
                self._upload_id = ""
        except VezaError:
            raise
        except Exception as error:
            raise explain(error, self._label) from None
        finally:
            self._end()
        return FileEntry(self._entry, self._size, self._digest.hexdigest())

    def abort(self) -> None:
        self._end()
        if self._upload_id:
            with contextlib.suppress(Exception):
                self._quick.abort_multipart_upload(Bucket=self._bucket, Key=self.key, UploadId=self._upload_id)

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
