"""One process serves a file of SQLite: a second one, a replica too many, is refused while the first lives."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from libs.db.errors import AlreadyServed, FileUnusable
from libs.db.url import SqliteUrl, parse


@contextmanager
def serving_alone(url: str) -> Iterator[None]:
    """Be the only one who serves this database if it is a file; PostgreSQL may have many.

    Commands beside the server are not kept out: they wait for the file's own locks.

    Raises:
        AlreadyServed: another process serves it.
        FileUnusable: it cannot be written to.
        BadDatabaseUrl: it is no URL of a database.
    """
    address = parse(url)
    path = address.path if isinstance(address, SqliteUrl) else None
    handle = _open(path) if path else None
    try:
        if path and handle is not None:
            _lock(handle, path)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _open(path: str) -> int:
    """A file beside the database's: on some network file systems a lock on that one would be SQLite's."""
    try:
        return os.open(f"{path}-server", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FileUnusable(path, error) from error


def _lock(handle: int, path: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise AlreadyServed(path) from error
