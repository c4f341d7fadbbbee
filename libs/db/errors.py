"""What a database does to a caller, whichever it is."""

import os


class DatabaseError(Exception):
    """Base of this library's errors."""


class BadDatabaseUrl(DatabaseError):
    """A URL that names no database we know."""

    def __init__(self, url: str) -> None:
        super().__init__(
            "a database URL starts with sqlite+aiosqlite:/// or postgresql+asyncpg://, "
            f"not with {url.split('://', 1)[0]}://"
        )


class UniqueViolation(DatabaseError):
    """A row with these values exists already."""


class ConstraintViolation(DatabaseError):
    """A row that a check or a foreign key forbids."""


class SerializationFailure(DatabaseError):
    """Two transactions met; this one may be tried again."""


class DatabaseUnavailable(DatabaseError):
    """The database does not answer, or not in time."""


class MissingTable(DatabaseError):
    """A table that the statement names is not there: nobody has migrated yet."""


class AlreadyServed(DatabaseError):
    """A file of SQLite that another process serves."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is served by another process, and SQLite has room for one; PostgreSQL has room for many"
        )
        self.path = path


class FileUnusable(DatabaseError):
    """A file of SQLite on a disk, or in a folder, that does not let us write."""

    def __init__(self, path: str, error: OSError) -> None:
        remedy = (
            f". Let uid {os.geteuid()} write to its volume: "
            "set fsGroup in the pod's securityContext, or change the owner of the volume"
        )
        permission = isinstance(error, PermissionError)
        super().__init__(f"{path} cannot be written to: {error.strerror}{remedy if permission else ''}")
        self.path = path
