"""The errors of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass


class ProductError(Exception):
    """Base of the catalogue's errors."""


class ProductNotFound(ProductError):
    """The product does not exist, or the caller has no permission to see it."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"there is no product {product_id}")
        self.product_id = product_id


class VersionConflict(ProductError):
    """The product has changed since the caller read it."""

    def __init__(self, product_id: str, version: int) -> None:
        super().__init__(f"product {product_id} is at version {version} by now")
        self.product_id = product_id
        self.version = version


class OutOfStock(ProductError):
    """The stock is less than the requested quantity."""

    def __init__(self, product_id: str, left: int) -> None:
        super().__init__(f"{left} of product {product_id} are left")
        self.product_id = product_id
        self.left = left


class ReservationNotFound(ProductError):
    """The product has no such reservation, or the caller has no permission to see it."""

    def __init__(self, reservation_id: str) -> None:
        super().__init__(f"there is no reservation {reservation_id}")
        self.reservation_id = reservation_id


class KeyReused(ProductError):
    """An idempotency key was used for another request."""

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another request")


@dataclass(frozen=True, slots=True)
class RowError:
    """An error in a row of a file: its line, counted from 1, and the column if a single column is wrong."""

    line: int
    column: str
    detail: str


class InvalidRows(ProductError):
    """A file has invalid rows; none of its rows was stored."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__("nothing was imported; `rows` has the errors")
        self.errors = errors


class TooManyRows(ProductError):
    """A file has more rows than are stored at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a file may have {limit} rows; nothing was imported")
        self.limit = limit


class TooManyImports(ProductError):
    """The maximum number of concurrent imports is reached."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} files are being imported; nothing of this one was stored")
        self.limit = limit
