"""CSV files of products in requests."""

import re
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence

from pydantic import BaseModel, Field, ValidationError

from services.product_service.csv_records import Record, records
from services.product_service.errors import InvalidRows, RowError, TooManyRows
from services.product_service.schemas.products import ProductInput

_MOST_ERRORS = 100
_NUMBERS = frozenset(name for name, field in ProductInput.model_fields.items() if field.annotation is int)
# int() also accepts forms that are rejected here, such as "1_000" and digits of other scripts.
_INTEGER = re.compile(r"-?[0-9]{1,20}")

CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "RFC 4180, in UTF-8. The header row names the columns, in any order: `name`, "
                    "`price_cents`, and optionally `description` and `stock`.",
                    "examples": ["name,price_cents,stock\r\nTea,450,3\r\n"],
                }
            }
        },
    }
}


class ImportView(BaseModel):
    """What became of a file."""

    imported: int = Field(description="Number of products created, one for each row.")


async def product_rows(chunks: AsyncIterable[bytes], *, max_rows: int) -> AsyncIterator[ProductInput]:
    """The products that a file holds. From the first invalid row on it is only read for further errors.

    Raises:
        MalformedCsv: it is no CSV.
        InvalidRows: at its end, or once there are too many errors to be of use.
        TooManyRows: it has more than `max_rows`.
    """
    columns: Sequence[str] = ()
    errors: list[RowError] = []
    rows = 0
    async for record in records(chunks):
        if not columns:
            columns = _columns(record)
            continue
        rows += 1
        if rows > max_rows:
            raise TooManyRows(max_rows)
        row = _row(columns, record, errors)
        if row is not None and not errors:
            yield row
        if len(errors) >= _MOST_ERRORS:
            break
    if not columns:
        errors.append(RowError(1, "", "the header row is missing"))
    if errors:
        raise InvalidRows(errors[:_MOST_ERRORS])


def _columns(header: Record) -> Sequence[str]:
    names = header.fields
    errors = [RowError(header.line, name, "no such column") for name in names if name not in ProductInput.model_fields]
    errors += [
        RowError(header.line, name, "the column is there twice") for name, count in Counter(names).items() if count > 1
    ]
    errors += [RowError(header.line, name, "the column is missing") for name in _required() if name not in names]
    if errors:
        raise InvalidRows(errors[:_MOST_ERRORS])
    return names


def _required() -> Iterator[str]:
    return (name for name, field in ProductInput.model_fields.items() if field.is_required())


def _row(columns: Sequence[str], record: Record, errors: list[RowError]) -> ProductInput | None:
    """The product of a row; None when it is none, and why is added to `errors`."""
    if len(record.fields) != len(columns):
        reason = f"{len(record.fields)} fields instead of {len(columns)}"
        errors.append(RowError(record.line, "", reason))
        return None
    try:
        return ProductInput.model_validate(_values(dict(zip(columns, record.fields, strict=True))))
    except ValidationError as error:
        errors += [RowError(record.line, str(each["loc"][0]), each["msg"]) for each in error.errors()]
        return None


def _values(fields: Mapping[str, str]) -> Mapping[str, object]:
    """Numbers as numbers; an empty field is one that is not there."""
    return {
        name: int(text) if name in _NUMBERS and _INTEGER.fullmatch(text) else text
        for name, text in fields.items()
        if text
    }
