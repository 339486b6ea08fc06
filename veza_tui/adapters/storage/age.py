"""age encryption (https://age-encryption.org/v1) while bytes pass by: plaintext never reaches the disk."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from veza_tui.model.backup import FileEntry
from veza_tui.model.errors import ConfigError, RefusedError

SUFFIX = ".age"
_BLOCK = 1 << 18


class Sink(Protocol):
    """What the encrypted bytes go to."""

    def write(self, data: bytes | memoryview) -> int: ...

    def finish(self) -> FileEntry: ...


def parse_recipients(texts: Sequence[str]) -> list[Any]:
    """age recipients (``age1...``) and SSH public keys.

    Raises:
        ConfigError: one of them is neither.
    """
    import pyrage

    recipients: list[Any] = []
    for text in texts:
        try:
            if text.startswith("ssh-"):
                recipients.append(pyrage.ssh.Recipient.from_str(text))
            else:
                recipients.append(pyrage.x25519.Recipient.from_str(text))
        except Exception:
            # Whatever the library raises: it is this text which cannot be used.
            raise ConfigError(f"data.backup.encrypt_to: {text[:20]}… is no age recipient") from None
    return recipients


def read_identities(path: Path) -> list[Any]:
    """The identities of a file as ``age-keygen`` writes it, or of an unencrypted SSH private key.

    Raises:
        ConfigError: it cannot be read, or holds none.
    """
    import pyrage

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"identity file {path}: {error.strerror}") from None
    try:
        if b"PRIVATE KEY-----" in data:
            return [pyrage.ssh.Identity.from_buffer(data)]
        lines = [line.strip() for line in data.decode().splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except Exception:
        # The library's message may quote the key: it is not passed on.
        raise ConfigError(f"identity file {path}: it holds no age identity") from None
    if not found:
        raise ConfigError(f"identity file {path}: it holds no age identity")
    return found


class EncryptingWriter:
    """Encrypts what is written to it into ``sink``; a thread of its own does the work."""

    def __init__(self, sink: Sink, recipients: Sequence[Any]) -> None:
        self._sink = sink
        self._error: BaseException | None = None
        read_end, write_end = os.pipe()
        self._reader = os.fdopen(read_end, "rb", buffering=_BLOCK)
        self._writer = os.fdopen(write_end, "wb", buffering=0)
        self._thread = threading.Thread(target=self._run, args=(list(recipients),), name="age", daemon=True)
        self._thread.start()

    def _run(self, recipients: list[Any]) -> None:
        import pyrage

        try:
            pyrage.encrypt_io(self._reader, _Through(self._sink), recipients)
        except BaseException as error:
            self._error = error
        finally:
            self._reader.close()

    def write(self, data: bytes | memoryview) -> int:
        """Encrypt; raises what the sink raised."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._writer.write(view) :]
        except BrokenPipeError:
            self._thread.join()
            self._raise()
        return len(data)

    def finish(self) -> FileEntry:
        """The end of the encrypted file."""
        self._writer.close()
        self._thread.join()
        self._raise()
        return self._sink.finish()

    def stop(self) -> None:
        """Given up: end the thread, whatever became of it."""
        with contextlib.suppress(OSError):
            self._writer.close()
        self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


class _Through:
    """The file-like face that pyrage asks for."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes | memoryview) -> int:
        return self._sink.write(data)

    def flush(self) -> None:
        pass


def decrypting(blocks: Iterable[bytes], identities: Sequence[Any], what: str) -> Iterator[bytes]:
    """The plaintext of an age file, in blocks.

    Raises:
        RefusedError: the identity does not fit, or the file was changed (age authenticates every 64 KiB).
    """
    import pyrage

    read_end, write_end = os.pipe()
    reader = os.fdopen(read_end, "rb", buffering=0)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(write_end, "wb", buffering=_BLOCK) as out:
                pyrage.decrypt_io(_Blocks(blocks), out, list(identities))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="age", daemon=True)
    thread.start()
    try:
        while block := reader.read(_BLOCK):
            yield block
    finally:
        # Closing our end lets a thread that still writes end with a broken pipe.
        reader.close()
        thread.join()
    if failed:
        if isinstance(failed[0], pyrage.DecryptError):
            raise RefusedError(f"{what} cannot be decrypted: {failed[0]}", hint="give the identity file that fits")
        raise failed[0]


class _Blocks:
    """Blocks as a file to read from."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = block
        if size < 0:
            everything = self._rest + b"".join(self._blocks)
            self._rest = b""
            return everything
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
