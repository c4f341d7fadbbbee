"""Calls of operations: what is sent, what is returned, and which errors are raised."""

import gzip
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any

import httpx2
import pytest
from pydantic import BaseModel, Field

from libs.api_client.caller import Arguments, Caller, Operation
from libs.api_client.contents import FORM, Content
from libs.api_client.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    NoResponseError,
    NotFoundError,
    ServerError,
    ServiceUnavailableError,
    StatusError,
    TooManyRequestsError,
    UnexpectedResponseError,
    UnprocessableContentError,
)


class Item(BaseModel):
    """A model as the generator writes it."""

    id: int
    name: str | None = None
    in_: Annotated[str | None, Field(alias="in")] = None


class Colour(StrEnum):
    """An enum as the generator writes it."""

    RED = "red"


_JSON = "application/json"
_PROBLEM = "application/problem+json"
_READ = Operation[Item](name="read", method="GET", path="/items/{id}", responses={"200": Content(_JSON, Item)})
_CREATE = Operation[Item | None](
    name="create",
    method="POST",
    path="/items",
    request=Content(_JSON, Item),
    responses={"200": Content(_JSON, Item), "202": None, "409": Content(_JSON, dict[str, str])},
)
Handler = Callable[[httpx2.Request], httpx2.Response]


async def _call(
    handler: Handler, operation: Operation[Any] | None = None, arguments: Arguments | None = None
) -> object:
    transport = httpx2.MockTransport(handler)
    async with httpx2.AsyncClient(transport=transport, base_url="http://items/v1") as http:
        caller = Caller(http, max_response_bytes=1000)
        if operation is None:
            return (await caller.call(_READ, arguments or Arguments(path={"id": 1}))).body
        return (await caller.call(operation, arguments or Arguments())).body


async def _sent(operation: Operation[Any], arguments: Arguments) -> httpx2.Request:
    sent: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(204)

    await _call(handle, operation, arguments)
    return sent[0]


def _sending(method: str, path: str = "/x", content: Content | None = None) -> Operation[Any]:
    return Operation(name="send", method=method, path=path, request=content, responses={"204": None})


async def test_a_response_is_read_as_the_model() -> None:
    """Fields that the contract does not have are omitted."""
    answer = httpx2.Response(200, json={"id": 1, "name": "Tea", "later": True})
    assert await _call(lambda _: answer) == Item(id=1, name="Tea")


async def test_parameters_are_sent_as_the_contract_says() -> None:
    """Path values are percent-encoded, lists are repeated, and parameters that are None are not sent."""
    arguments = Arguments(
        path={"a-b": "x/y ?#ü%2F", "n": 3},
        query={
            "on": True,
            "at": datetime(2026, 1, 2, tzinfo=UTC),
            "day": date(2026, 1, 2),
            "colour": Colour.RED,
            "ids": [1, 2],
            "none": None,
            "empty": "",
        },
        headers={"X-Number": 5, "X-None": None},
    )
    request = await _sent(_sending("GET", "/a b/{a-b}:go/{n}"), arguments)
    assert request.url.raw_path.partition(b"?")[0] == b"/v1/a%20b/x%2Fy%20%3F%23%C3%BC%252F:go/3"
    assert request.url.params.multi_items() == [
        ("on", "true"),
        ("at", "2026-01-02T00:00:00+00:00"),
        ("day", "2026-01-02"),
        ("colour", "red"),
        ("ids", "1"),
        ("ids", "2"),
        ("empty", ""),
    ]
    assert (request.headers["X-Number"], "X-None" in request.headers) == ("5", False)


@pytest.mark.parametrize("value", ["", ".", ".."])
async def test_a_path_cannot_be_left(value: str) -> None:
    """Values that would name another resource are rejected before anything is sent."""
    with pytest.raises(ValueError, match="path parameter id"):
        await _sent(_sending("DELETE", "/items/{id}"), Arguments(path={"id": value}))


@pytest.mark.parametrize(
    ("content", "body", "sent"),
    [
        (Content(_JSON, Item), Item(id=1), b'{"id":1}'),
        (
            Content(_JSON, Item),
            Item.model_validate({"id": 1, "name": None, "in": "x"}),
            b'{"id":1,"name":null,"in":"x"}',
        ),
        (Content(_JSON, list[Item]), [Item(id=1)], b'[{"id":1}]'),
        (Content(FORM, Item), Item.model_validate({"id": 1, "in": "a&b"}), b"id=1&in=a%26b"),
        (Content("text/csv", str), "ü\r\n", b"\xc3\xbc\r\n"),
        (Content("image/png", bytes), b"\x00\xff", b"\x00\xff"),
    ],
)
async def test_bodies_are_encoded_by_their_media_type(content: Content, body: object, sent: bytes) -> None:
    """Fields that were not set are left out; null is sent where it was set."""
    request = await _sent(_sending("POST", content=content), Arguments(body=body))
    assert (request.content, request.headers["Content-Type"]) == (sent, content.media_type)


async def test_without_a_body_no_content_type_is_sent() -> None:
    """An optional body may be left out."""
    request = await _sent(_sending("POST", content=Content(_JSON, Item)), Arguments())
    assert (request.content, "Content-Type" in request.headers) == (b"", False)


async def test_bytes_are_needed_where_the_contract_has_bytes() -> None:
    """A body other than bytes raises an error before anything is sent."""
    with pytest.raises(TypeError, match="a body of image/png is bytes, not int"):
        await _sent(_sending("POST", content=Content("image/png", bytes)), Arguments(body=1))


@pytest.mark.parametrize(
    ("method", "headers", "is_idempotent"),
    [
        ("GET", {}, True),
        ("PUT", {}, True),
        ("DELETE", {}, True),
        ("POST", {}, False),
        ("PATCH", {}, False),
        ("POST", {"Idempotency-Key": None}, False),
        ("POST", {"Idempotency-Key": "k"}, True),
    ],
)
async def test_the_transport_knows_operation_and_idempotency(
    method: str, headers: dict[str, object], *, is_idempotent: bool
) -> None:
    """A request with an idempotency key is retried with any method."""
    request = await _sent(_sending(method), Arguments(headers=headers))
    assert (request.extensions["operation"], request.extensions["idempotent"]) == ("send", is_idempotent)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, ForbiddenError),
        (404, NotFoundError),
        (418, StatusError),
        (422, UnprocessableContentError),
        (500, ServerError),
        (503, ServiceUnavailableError),
    ],
)
async def test_a_problem_is_raised_by_its_status(status: int, kind: type[StatusError]) -> None:
    """The error has the members of the problem document, including extension members."""
    document = {"type": "urn:problem:x", "title": "X", "status": status, "detail": "why", "rows": [1]}
    headers = {"Content-Type": f"{_PROBLEM}; charset=utf-8", "X-Request-Id": "r"}
    with pytest.raises(kind) as raised:
        await _call(lambda _: httpx2.Response(status, json=document, headers=headers))
    error = raised.value
    assert type(error) is kind
    assert (error.operation, error.status, error.headers["x-request-id"]) == ("read", status, "r")
    assert (error.problem.type, error.problem.detail, error.problem.model_extra) == (
        "urn:problem:x",
        "why",
        {"rows": [1]},
    )
    assert str(error) == f"read: status {status}, urn:problem:x, X: why"


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("x", None), ("-1", None), ("nan", None), ("inf", None)])
async def test_retry_after_is_in_seconds(header: str, seconds: float | None) -> None:
    """`Retry-After` with a date or other text gives None."""
    headers = {"Content-Type": _PROBLEM, "Retry-After": header}
    with pytest.raises(TooManyRequestsError) as raised:
        await _call(lambda _: httpx2.Response(429, content=b"{}", headers=headers))
    assert raised.value.retry_after == seconds
    assert (raised.value.problem.type, raised.value.problem.status) == ("about:blank", 429)


async def test_an_error_of_another_form_has_its_body() -> None:
    """Errors that the contract describes with another form, such as those of OAuth, have their body."""
    with pytest.raises(ConflictError) as raised:
        await _call(lambda _: httpx2.Response(409, json={"error": "busy"}), _CREATE)
    assert (raised.value.body, raised.value.problem.status) == ({"error": "busy"}, 409)


async def test_a_status_without_content_gives_none() -> None:
    """An operation may have several successful statuses."""
    assert await _call(lambda _: httpx2.Response(202), _CREATE) is None


_ITEM = {"id": 1}


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (httpx2.Response(201, json=_ITEM), "status 201: the contract does not describe this status"),
        (httpx2.Response(302, headers={"Location": "/"}), "status 302: the contract does not describe"),
        (httpx2.Response(200, text="<html>"), "the content type is text/plain, not application/json"),
        (httpx2.Response(200, content=b"{}"), "the content type is missing"),
        (httpx2.Response(200, content=b"{", headers={"Content-Type": _JSON}), "does not match the contract: the whole"),
        (httpx2.Response(200, content=b"\xff", headers={"Content-Type": _JSON}), "does not match the contract"),
        (httpx2.Response(200, json={"id": "1"}), "does not match the contract: id: Input should be a valid integer"),
        (httpx2.Response(200, json={}), "does not match the contract: id: Field required"),
        (httpx2.Response(200, json=_ITEM | {"name": "x" * 1000}), "the content has more than 1000 bytes"),
        (httpx2.Response(502, text="<html>"), "status 502: an error of content type text/plain holds no problem"),
        (httpx2.Response(500), "an error of content type none holds no problem details"),
        (httpx2.Response(500, content=b"[]", headers={"Content-Type": _PROBLEM}), "no problem details document"),
        (httpx2.Response(500, content=b"{", headers={"Content-Type": _PROBLEM}), "no problem details document"),
        (httpx2.Response(500, json={"title": 1}, headers={"Content-Type": _PROBLEM}), "no problem details document"),
    ],
)
async def test_what_the_contract_does_not_describe_is_one_error(response: httpx2.Response, reason: str) -> None:
    """Its message has the operation, the status and the reason, and no value of the content."""
    with pytest.raises(UnexpectedResponseError) as raised:
        await _call(lambda _: response)
    assert str(raised.value).startswith(f"read: unexpected response with status {response.status_code}: ")
    assert reason in str(raised.value)
    assert raised.value.status == response.status_code


async def test_text_must_be_utf_8() -> None:
    """A text response that is not UTF-8 is an unexpected response."""
    operation = Operation[Any](name="read", method="GET", path="/", responses={"200": Content("text/csv", str)})
    headers = {"Content-Type": "text/csv"}
    assert await _call(lambda _: httpx2.Response(200, content=b"\xc3\xbc", headers=headers), operation) == "ü"
    with pytest.raises(UnexpectedResponseError, match="the content is no text/csv"):
        await _call(lambda _: httpx2.Response(200, content=b"\xff", headers=headers), operation)


class _Stream(httpx2.AsyncByteStream):
    def __init__(self) -> None:
        self.chunks = 0
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.chunks += 1
            yield b" " * 400

    async def aclose(self) -> None:
        self.is_closed = True


async def test_an_endless_response_is_not_read_to_its_end() -> None:
    """Reading stops at the limit, and the connection is closed."""
    stream = _Stream()
    with pytest.raises(UnexpectedResponseError, match="more than 1000 bytes"):
        await _call(lambda _: httpx2.Response(200, stream=stream))
    assert (stream.chunks, stream.is_closed) == (3, True)


async def test_a_compressed_response_is_limited_by_its_content() -> None:
    """The limit counts the bytes after decoding, and invalid ones are an unexpected response."""
    headers = {"Content-Type": _JSON, "Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * 100_000)
    with pytest.raises(UnexpectedResponseError, match="more than 1000 bytes"):
        await _call(lambda _: httpx2.Response(200, stream=httpx2.ByteStream(bomb), headers=headers))
    with pytest.raises(UnexpectedResponseError, match="status 200"):
        await _call(lambda _: httpx2.Response(200, stream=httpx2.ByteStream(b"no gzip"), headers=headers))


@pytest.mark.parametrize("cause", [httpx2.ConnectError("refused"), httpx2.ReadTimeout("late"), httpx2.ReadError("")])
async def test_no_response_is_an_error_with_its_cause(cause: httpx2.TransportError) -> None:
    """Transports raise errors of httpx2; callers catch `ApiError`."""

    def fail(_: httpx2.Request) -> httpx2.Response:
        raise cause

    with pytest.raises(ApiError) as raised:
        await _call(fail)
    assert type(raised.value) is NoResponseError
    assert raised.value.__cause__ is cause


async def test_headers_have_the_types_of_the_contract() -> None:
    """A missing or unreadable header is an unexpected response."""
    response = httpx2.Response(200, json=_ITEM, headers={"X-Count": "3", "ETag": '"1"'})
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: response), base_url="http://x") as http:
        read = await Caller(http).call(_READ, Arguments(path={"id": 1}))
    assert (read.status, read.header("X-Count", int), read.header("ETag", str)) == (200, 3, '"1"')
    assert read.optional_header("Location", str) is None
    with pytest.raises(UnexpectedResponseError, match="the header Location is missing"):
        read.header("Location", str)
    with pytest.raises(UnexpectedResponseError, match="the header ETag is no int"):
        read.optional_header("ETag", int)
