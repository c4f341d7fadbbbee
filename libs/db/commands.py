"""The commands `migrate` and `migration` of a service. Each returns its exit code."""

import errno
import os
import re
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from libs.db.engines import sqlite_path
from libs.db.errors import DatabaseError, FileUnusable
from libs.db.migrations import DatabaseNewer, MigrationError, upgrade, write_migration
from libs.db.schema import Schema


def migrate(url: str, schema: Schema, *, transaction_pooler: bool = False) -> int:
    """Migrate the database to the newest revision and print which one that is."""
    try:
        path = sqlite_path(url)
        if path is not None:
            _make_writable(path)
        revision = upgrade(url, schema.scripts, transaction_pooler=transaction_pooler)
    except DatabaseNewer as error:
        sys.stderr.write(f"migrate: {error}. Use the newer code, or {_fresh_start(url)}\n")
        return 1
    except (DatabaseError, MigrationError) as error:
        sys.stderr.write(f"migrate: {error}\n")
        return 1
    sys.stderr.write(f"migrate: {displayed(url)} is at revision {revision}\n")
    return 0


def migration(message: str, schema: Schema, *, name: str, is_empty: bool = False) -> int:
    """Write the next migration of the service `name` into the source tree, from the difference to its models.

    `is_empty` writes one without steps, for what alembic does not compare.
    """
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        sys.stderr.write(f"migration: run `bazel run //services/{name}:migration -- {message!r}` in the source tree\n")
        return 1
    if not re.search(r"[a-zA-Z0-9]", message):
        sys.stderr.write('migration: add a message that describes the change, for example "add category"\n')
        return 1
    try:
        path = write_migration(
            message, schema, folder=Path(workspace, "services", name, "migrations"), is_empty=is_empty
        )
    except MigrationError as error:
        sys.stderr.write(f"migration: {error}\n")
        return 1
    sys.stderr.write(f"migration: wrote {path.relative_to(workspace)}; read it, then `bazel run //tools/lint:fix`\n")
    return 0


def displayed(url: str) -> str:
    """Return a database URL with its password masked, at each place where it can be."""
    masked = make_url(url)
    hidden = {key: "***" for key in masked.query if "password" in key.lower()}
    return masked.update_query_dict(hidden).render_as_string(hide_password=True)


def _fresh_start(url: str) -> str:
    path = sqlite_path(url)
    if path is None:
        return "restore a backup of its revision"
    return f"start over with an empty database: `bazel run //:dev -- --fresh`, or delete {path}"


def _make_writable(database: Path) -> None:
    """Create the folder of a SQLite database; raise FileUnusable where SQLite could not write to it or to the file."""
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnusable(str(database), error) from error
    for path in (database.parent, database):
        if path.exists() and not os.access(path, os.W_OK, effective_ids=True):
            raise FileUnusable(str(database), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
