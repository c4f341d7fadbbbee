"""The problem document of each error of the catalogue."""

from dataclasses import asdict

from libs.db.problems import DATABASE_PROBLEMS
from libs.web.problems import Problem, ProblemTable
from services.product_service.csv_records import MalformedCsv
from services.product_service.errors import (
    InvalidRows,
    KeyReused,
    OutOfStock,
    ProductNotFound,
    ReservationNotFound,
    TooManyImports,
    TooManyRows,
    VersionConflict,
)

PROBLEMS: ProblemTable = {
    ProductNotFound: Problem(404, "product-not-found", "No such product"),
    ReservationNotFound: Problem(404, "reservation-not-found", "No such reservation"),
    VersionConflict: Problem(412, "version-conflict", "The product has changed"),
    OutOfStock: Problem(409, "out-of-stock", "Not enough in stock"),
    MalformedCsv: Problem(400, "malformed-csv", "Malformed CSV"),
    InvalidRows: Problem(
        422,
        "invalid-rows",
        "Invalid rows",
        members=lambda error: {"rows": [asdict(each) for each in error.errors]},
    ),
    TooManyRows: Problem(413, "too-many-rows", "Too many rows"),
    TooManyImports: Problem(
        503, "too-many-imports", "Too many imports at once", headers=lambda _: {"Retry-After": "5"}
    ),
    KeyReused: Problem(422, "idempotency-key-reused", "Idempotency-Key used before"),
    **DATABASE_PROBLEMS,
}
