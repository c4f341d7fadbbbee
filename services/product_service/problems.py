"""Which answer each of the catalogue's errors becomes."""

from libs.db.errors import DatabaseUnavailable, SerializationFailure
from libs.web.problems import Problem, ProblemTable
from services.product_service.errors import ForeignCursor, KeyReused, OutOfStock, ProductNotFound, VersionConflict

PROBLEMS: ProblemTable = {
    ProductNotFound: Problem(404, "product-not-found", "No such product"),
    VersionConflict: Problem(412, "version-conflict", "The product has changed"),
    OutOfStock: Problem(409, "out-of-stock", "Not enough in stock"),
    ForeignCursor: Problem(422, "foreign-cursor", "Cursor of another list"),
    KeyReused: Problem(409, "idempotency-key-reused", "Idempotency-Key used before"),
    SerializationFailure: Problem(503, "busy", "Too many changes at once", headers=lambda _: {"Retry-After": "1"}),
    DatabaseUnavailable: Problem(
        503,
        "database-unavailable",
        "The database does not answer",
        detail="Try again in a moment.",
        headers=lambda _: {"Retry-After": "1"},
    ),
}
