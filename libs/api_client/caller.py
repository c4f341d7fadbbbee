"""Send the request of an operation and read the response as the contract describes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Generic, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from libs.api_client.contents import Content, fill_path, media_type_of, text, text_pairs
from libs.api_client.errors import NoResponseError, Problem, UnexpectedResponseError, error_class

T = TypeVar("T")
H = TypeVar("H")

PROBLEM = "application/problem+json"
MAX_RESPONSE_BYTES = 8 * 1024 * 1024
IDEMPOTENCY_KEY = "idempotency-key"
_IDEMPOTENT_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"}


# Without slots: Python 3.11 cannot make a frozen `Operation[T](...)` that has them.
@dataclass(frozen=True, kw_only=True)
class Operation(Generic[T]):
    """An operation of a contract, whose successful responses are parsed as T.

    `responses` has the content by status, such as `200`, `4XX` or `default`; None is a response without content. Only
    errors are read as `default`.
    """

    name: str
    method: str
    path: str
    request: Content | None = None
    responses: Mapping[str, Content | None]

    def content(self, status: int) -> tuple[bool, Content | None]:
        """Return whether the contract describes the status, and its content."""
        keys = (str(status), f"{status // 100}XX", "default")
        for key in keys if status >= HTTPStatus.BAD_REQUEST else keys[:2]:
            if key in self.responses:
                return True, self.responses[key]
        return False, None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The values of one call. Parameters that are None are not sent."""

    path: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, object] = field(default_factory=dict)
    body: object = None


@dataclass(frozen=True, kw_only=True)
class Response(Generic[T]):
    """A successful response."""

    operation: str
    status: int
    headers: httpx2.Headers
    body: T

    def header(self, name: str, type_: type[H]) -> H:
        """Return a header that the contract requires.

        Raises:
            UnexpectedResponseError: it is missing or of another type.
        """
        value = self.optional_header(name, type_)
        if value is None:
            raise UnexpectedResponseError(self.operation, self.status, f"the header {name} is missing")
        return value

    def optional_header(self, name: str, type_: type[H]) -> H | None:
        """Return a header, or None without it.

        Raises:
            UnexpectedResponseError: it is of another type.
        """
        if name not in self.headers:
            return None
        try:
            return TypeAdapter(type_).validate_strings(self.headers[name])
        except ValidationError as error:
            reason = f"the header {name} is no {type_.__name__}"
            raise UnexpectedResponseError(self.operation, self.status, reason) from error


class Caller:
    """Calls operations through an HTTP client, whose base URL and transport name the service and how to reach it.

    Each request has the extensions `operation`, the operation id, and `idempotent`, whether the transport may send it
    again.
    """

    def __init__(self, http: httpx2.AsyncClient, *, max_response_bytes: int = MAX_RESPONSE_BYTES) -> None:
        self._http = http
        self._max_response_bytes = max_response_bytes

    async def call(self, operation: Operation[T], arguments: Arguments) -> Response[T]:
        """Call an operation.

        Raises:
            StatusError: the service answered with an error.
            UnexpectedResponseError: the contract does not describe the response.
            NoResponseError: no usable response arrived.
            ValueError: a path parameter cannot be sent.
        """
        response, content = await self._send(operation, self._request(operation, arguments))
        status, headers = response.status_code, response.headers
        if status >= HTTPStatus.BAD_REQUEST:
            raise _error(operation, response, content)
        is_described, described = operation.content(status)
        if not is_described or not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise UnexpectedResponseError(operation.name, status, "the contract does not describe this status")
        body = _decoded(operation, response, content, described=described) if described else None
        return Response(operation=operation.name, status=status, headers=headers, body=body)  # type: ignore[arg-type]

    def _request(self, operation: Operation[T], arguments: Arguments) -> httpx2.Request:
        # Without an encoding, the size of the content is the size that was sent.
        headers = {"Accept-Encoding": "identity"}
        headers |= {name: text(value) for name, value in arguments.headers.items() if value is not None}
        content: bytes | None = None
        if operation.request is not None and arguments.body is not None:
            content = operation.request.encode(arguments.body)
            headers["Content-Type"] = operation.request.media_type
        has_key = any(name.lower() == IDEMPOTENCY_KEY for name in headers)
        return self._http.build_request(
            operation.method,
            fill_path(operation.path, arguments.path),
            params=[pair for name, value in arguments.query.items() for pair in text_pairs(name, value)] or None,
            headers=headers,
            content=content,
            extensions={"operation": operation.name, "idempotent": operation.method in _IDEMPOTENT_METHODS or has_key},
        )

    async def _send(self, operation: Operation[T], request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
        try:
            response = await self._http.send(request, stream=True, follow_redirects=False)
            try:
                return response, await self._read(operation, response)
            finally:
                await response.aclose()
        except httpx2.DecodingError as error:
            raise UnexpectedResponseError(operation.name, response.status_code, str(error)) from error
        except httpx2.RequestError as error:
            raise NoResponseError(operation.name, f"{type(error).__name__}: {error}") from error

    async def _read(self, operation: Operation[T], response: httpx2.Response) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > self._max_response_bytes:
                reason = f"the content has more than {self._max_response_bytes} bytes"
                raise UnexpectedResponseError(operation.name, response.status_code, reason)
        return bytes(content)


def _media_type(response: httpx2.Response) -> str:
    return media_type_of(response.headers.get("Content-Type", ""))


def _decoded(operation: Operation[T], response: httpx2.Response, content: bytes, *, described: Content) -> object:
    found = _media_type(response)
    if found != described.media_type:
        reason = f"the content type is {found or 'missing'}, not {described.media_type}"
        raise UnexpectedResponseError(operation.name, response.status_code, reason)
    try:
        return described.decode(content)
    except ValidationError as error:
        # Without the value, which may be a secret.
        first = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        reason = f"the content does not match the contract: {place or 'the whole'}: {first['msg']}"
        raise UnexpectedResponseError(operation.name, response.status_code, reason) from None
    except ValueError as error:
        reason = f"the content is no {described.media_type}"
        raise UnexpectedResponseError(operation.name, response.status_code, reason) from error


def _error(operation: Operation[T], response: httpx2.Response, content: bytes) -> Exception:
    status, body = response.status_code, None
    _, described = operation.content(status)
    if _media_type(response) == PROBLEM:
        problem = _problem(operation, response, content)
    elif described is not None and described.media_type != PROBLEM:
        body = _decoded(operation, response, content, described=described)
        problem = Problem(title=response.reason_phrase, status=status)
    else:
        reason = f"an error of content type {_media_type(response) or 'none'} holds no problem details"
        return UnexpectedResponseError(operation.name, status, reason)
    return error_class(status)(operation.name, problem, status=status, headers=response.headers, body=body)


def _problem(operation: Operation[T], response: httpx2.Response, content: bytes) -> Problem:
    try:
        members = json.loads(content)
        return Problem.model_validate({"status": response.status_code, "title": response.reason_phrase} | members)
    except (TypeError, ValueError, RecursionError) as error:
        reason = "the content is no problem details document"
        raise UnexpectedResponseError(operation.name, response.status_code, reason) from error
