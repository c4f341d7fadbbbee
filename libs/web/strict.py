"""Strict input: refuse input that `json.loads` and default pydantic models accept.

Refused as malformed (400): duplicate keys, NaN and Infinity, any encoding but UTF-8, a byte order
mark, lone surrogates, NUL. Refused as invalid (422): unknown fields, `true` for 1, numbers as
text, `1.0` and `1_0` for an integer of a query, integers that a database column cannot hold.
"""

import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Annotated, Any, NoReturn, Protocol, runtime_checkable

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from libs.web.content_type import require_json

MAX_INT64 = 2**63 - 1


class StrictModel(BaseModel):
    """Base of every request body and query model."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _storable(text: str) -> str:
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not hold NUL or lone surrogates")
    return text


SafeStr = Annotated[str, AfterValidator(_storable)]
"""Text that every database stores and every client can decode."""

SingleLineStr = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    ),
    AfterValidator(_storable),
]
"""One line of text, 1 to 200 characters. Space at its ends is removed; control characters are refused."""

NonNegativeInt64 = Annotated[int, Field(ge=0, le=MAX_INT64)]
"""How many: 0 to the largest integer of a database column."""


def _in_digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be written in decimal digits")
    return value


DecimalInt = Annotated[int, BeforeValidator(_in_digits)]
"""A non-negative integer of a query string, in digits."""

DecimalInt64 = Annotated[NonNegativeInt64, BeforeValidator(_in_digits)]
"""A `NonNegativeInt64` as a query has it. Unlike limits that follow `DecimalInt`, its limits are in the JSON Schema."""


@runtime_checkable
class PreBodyCheck(Protocol):
    """A dependency that is checked before the body is read, such as the policy of a route."""

    async def check(self, request: Request) -> None:
        """Raise the error response, such as 401, or return."""


class StrictRoute(APIRoute):
    """A route whose policy is checked before its JSON body is read, and whose body is parsed strictly.

    FastAPI itself reads and parses the body first. Give this class to a router as `route_class`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind the checks."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle
        calls: list[object] = [each.call for each in _walk(self.dependant)]
        checks = [call for call in calls if isinstance(call, PreBodyCheck)]

        async def handle_strictly(request: Request) -> Response:
            for each in checks:
                await each.check(request)
            require_json(request)
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly


def _walk(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _walk(each)


class _StrictRequest(Request):
    async def json(self) -> object:
        return parse(await self.body())


def parse(body: bytes) -> object:
    """The value of a JSON document (RFC 8259, with unique names as in RFC 7493, I-JSON).

    Raises:
        json.JSONDecodeError: it is not one, and the message has the reason.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
        if "\\u" in text or "\0" in text:
            # Only an escape can make a surrogate or a NUL out of valid UTF-8.
            _refuse_unstorable(value)
    except UnicodeError as error:
        raise json.JSONDecodeError("text that is not UTF-8", "", 0) from error
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deeply", "", 0) from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise json.JSONDecodeError(str(error), "", 0) from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("the same name twice in one object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_unstorable(value: object) -> None:
    if isinstance(value, str):
        _storable(value)
    elif isinstance(value, dict):
        for name, each in value.items():
            _storable(name)
            _refuse_unstorable(each)
    elif isinstance(value, list):
        for each in value:
            _refuse_unstorable(each)
