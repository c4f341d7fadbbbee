"""One process serves a SQLite file: a second replica is refused while the first one is running."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from libs.db.engines import sqlite_path
from libs.db.errors import FileInUse, FileUnusable


@contextmanager
def single_process_lock(url: str) -> Iterator[None]:
    """Hold the lock on serving this SQLite file; do nothing for PostgreSQL, which may have many replicas.

    Other commands do not need it: they wait for SQLite's own locks.

    Raises:
        FileInUse: another process holds it.
        FileUnusable: the lock file cannot be written.
        BadDatabaseUrl: `url` names no database.
    """
    path = sqlite_path(url)
    if path is None:
        yield
        return
    handle = _open(str(path))
    try:
        _lock(handle, str(path))
        yield
    finally:
        os.close(handle)


def _open(path: str) -> int:
    """Open a file beside the database's: on some network file systems a lock on that one would be SQLite's."""
    try:
        return os.open(f"{path}-server", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FileUnusable(path, error) from error


def _lock(handle: int, path: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise FileInUse(path) from error
