"""`migrate` as a command of a service."""

import errno
import os
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from libs.db.errors import FileUnusable
from libs.db.migrate import UnknownRevision, upgrade


def migrate(url: str, scripts: Path) -> int:
    """Bring the database to the newest revision and say which that is; the exit code."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        try:
            _make_writable(Path(address.database))
        except FileUnusable as error:
            sys.stderr.write(f"migrate: {error}\n")
            return 1
    try:
        revision = upgrade(url, scripts)
    except UnknownRevision as error:
        sys.stderr.write(f"migrate: the database is newer than this code: {error}\n")
        return 1
    sys.stderr.write(f"migrate: {address.render_as_string()} is at revision {revision}\n")
    return 0


def _make_writable(database: Path) -> None:
    """Make the folder of a SQLite database; raise FileUnusable where SQLite could not write to it or to the file."""
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnusable(str(database), error) from error
    for path in (database.parent, database):
        if path.exists() and not os.access(path, os.W_OK, effective_ids=True):
            raise FileUnusable(str(database), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
