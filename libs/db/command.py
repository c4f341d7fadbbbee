"""`migrate` as a command of a service."""

import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from libs.db.migrate import UnknownRevision, upgrade


def migrate(url: str, scripts: Path) -> int:
    """Bring the database to the newest revision and say which that is; the exit code."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        folder = Path(address.database).parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            sys.stderr.write(f"migrate: the folder {folder} cannot be made: {error.strerror}\n")
            return 1
    try:
        revision = upgrade(url, scripts)
    except UnknownRevision as error:
        sys.stderr.write(f"migrate: the database is newer than this code: {error}\n")
        return 1
    sys.stderr.write(f"migrate: {address.render_as_string()} is at revision {revision}\n")
    return 0
