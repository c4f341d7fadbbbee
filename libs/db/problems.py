"""Answers to the errors of a database, the same in every service; a service adds them to its own table."""

from libs.db.errors import DatabaseUnavailable, MissingTable, SerializationFailure
from libs.web.problems import Problem, ProblemTable

# No answer contains the text of the database's error, which goes to the log only.
DATABASE_PROBLEMS: ProblemTable = {
    SerializationFailure: Problem(
        503,
        "busy",
        "Too many changes at once",
        detail="Try again in a moment.",
        headers=lambda _: {"Retry-After": "1"},
    ),
    MissingTable: Problem(
        503,
        "database-not-migrated",
        "The database is not migrated",
        detail="The operator has to run `migrate`.",
        headers=lambda _: {"Retry-After": "5"},
    ),
    DatabaseUnavailable: Problem(
        503,
        "database-unavailable",
        "The database does not answer",
        detail="Try again in a moment.",
        headers=lambda _: {"Retry-After": "1"},
    ),
}
