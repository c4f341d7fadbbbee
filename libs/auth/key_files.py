"""Private keys as files: one PEM file per key, named by the time from which it signs.

`20261122T140000Z-4fJ2q8xYw1Tc.pem` signs from 14:00 UTC on; the name without `.pem` is its `kid`.
File and name hold everything, so a key is added by one atomic rename, and a mounted secret needs no
second file.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from libs.auth.errors import UnusableKey
from libs.auth.signatures import Algorithm, KeyId, SigningKey, generate_private_pem, is_key_id
from libs.auth.strict_json import encode_base64url

_TIME = "%Y%m%dT%H%M%SZ"
_TOO_OPEN = stat.S_IWGRP | stat.S_IRWXO


class KeyFolder:
    """A folder of key files.

    Satisfies `libs.auth.keys.KeyStore`. Files whose names begin with a dot are ignored.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is opened when it is read."""
        self.path = folder

    def __str__(self) -> str:
        """Return the path, for messages."""
        return str(self.path)

    def stamp(self) -> object:
        """Return name, inode, size and modification time of every key file."""
        try:
            return [(path.name, *_identity(path)) for path in self._files()]
        except OSError as error:
            raise UnusableKey(str(self.path), f"cannot be read: {error.strerror}") from error

    def read(self) -> Sequence[SigningKey]:
        """Return every key.

        `UnusableKey` names the first file that must not be used, or the folder when it holds none.
        """
        if not self.path.is_dir():
            raise UnusableKey(str(self.path), "no such folder of signing keys")
        keys = [_read_key(path) for path in self._files()]
        if not keys:
            raise UnusableKey(str(self.path), "no signing key; `//libs/auth:rotate` writes one")
        return keys

    def write(self, algorithm: Algorithm, *, activates_at: datetime) -> Path:
        """Write a new private key that only its owner can read, and return its path."""
        pem = generate_private_pem(algorithm)
        path = self.path / f"{activates_at.astimezone(UTC):{_TIME}}-{_fingerprint(pem)}.pem"
        # A file with a leading dot is ignored, so the rename publishes the complete key atomically.
        draft = path.with_name(f".{path.name}")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        return path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold an exclusive lock on the folder, which is created if it does not exist."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _unwritable(self, error: OSError) -> UnusableKey:
        remedy = (
            f". Let uid {os.geteuid()} write to its volume: "
            "set fsGroup in the pod's securityContext, or change the owner of the volume"
        )
        permission = isinstance(error, PermissionError)
        return UnusableKey(str(self.path), f"cannot be written to: {error.strerror}{remedy if permission else ''}")

    def holds_keys(self) -> bool:
        """Return whether there is any key file, usable or not."""
        return bool(self._files())

    def remove(self, key_id: KeyId) -> None:
        """Delete a key.

        Raises:
            UnusableKey: The file cannot be deleted, for example because the folder is mounted from a Secret.
        """
        try:
            (self.path / f"{key_id}.pem").unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def _files(self) -> list[Path]:
        return sorted(path for path in self.path.glob("*.pem") if not path.name.startswith("."))


def _identity(path: Path) -> tuple[int, int, int]:
    # Follow links: a mounted secret is updated by changing the target of a link.
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read_key(path: Path) -> SigningKey:
    try:
        _check_mode(path.stat())
        return SigningKey.from_pem(path.read_bytes(), key_id=_key_id(path), activates_at=_activation(path))
    except OSError as error:
        raise UnusableKey(str(path), f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UnusableKey(str(path), str(error)) from error


def _check_mode(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("not a key file")
    if status.st_mode & _TOO_OPEN:
        mode = stat.S_IMODE(status.st_mode)
        raise ValueError(f"readable by others, with mode {mode:04o}; expected 0400, 0440 or 0600")


def _key_id(path: Path) -> KeyId:
    if not is_key_id(path.stem):
        raise ValueError("the name is not a valid kid")
    return KeyId(path.stem)


def _activation(path: Path) -> datetime:
    try:
        return datetime.strptime(path.stem.partition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError("the name does not begin with a time such as 20261122T140000Z-") from error


def _fingerprint(pem: bytes) -> str:
    return encode_base64url(hashlib.sha256(pem).digest())[:12]
