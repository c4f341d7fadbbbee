"""Errors of the database layer, the same for SQLite and PostgreSQL. No message holds a value of a statement."""

import os


class DatabaseError(Exception):
    """Base of this library's errors."""


class BadDatabaseUrl(DatabaseError):
    """A URL that does not name a SQLite file or a PostgreSQL database. The message never repeats a password."""


class UniqueViolation(DatabaseError):
    """A row with the same key exists."""


class ConstraintViolation(DatabaseError):
    """A check, a foreign key or a trigger rejects the row."""


class SerializationFailure(DatabaseError):
    """The transaction collided with another one; running it again may succeed."""


class DatabaseUnavailable(DatabaseError):
    """The database does not answer, or not in time, or cannot write."""


class MissingTable(DatabaseError):
    """A table or a column of the models does not exist: the database is not migrated."""


class FileInUse(DatabaseError):
    """Another process serves this SQLite file."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is served by another process. SQLite allows one serving process; use PostgreSQL for replicas"
        )
        self.path = path


class FileUnusable(DatabaseError):
    """A SQLite file that this process cannot write to."""

    def __init__(self, path: str, error: OSError) -> None:
        cure = (
            f". Let uid {os.geteuid()} write to its volume: "
            "set fsGroup in the pod's securityContext, or change the owner of the volume"
        )
        denied = isinstance(error, PermissionError)
        super().__init__(f"{path} cannot be written to: {error.strerror}{cure if denied else ''}")
        self.path = path
