"""A fake of a service for tests of its consumers, which answers only what the service's contract allows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from pydantic_core import to_jsonable_python

from libs.api_client.contents import is_json, media_type_of
from libs.api_client.contract_checks import Contract, ContractOperation


class ContractViolationError(AssertionError):
    """A request or an answer of the test that the contract does not allow."""


@dataclass(frozen=True, slots=True)
class FakeRequest:
    """A request that the fake received. `body` is parsed where it is JSON, otherwise bytes; None without a body."""

    operation: str
    path: Mapping[str, str]
    query: httpx2.QueryParams
    headers: httpx2.Headers
    body: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response of the fake.

    `body` is a model, JSON, or what other content types need: `str` or `bytes`. Without a `status` it is the lowest
    successful one of the contract.
    """

    body: object = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeService(httpx2.AsyncBaseTransport):
    """The transport of an HTTP client, with responses that the test sets.

    Use it as a context manager: at its end it fails the test if a request or an answer violated the contract, even if
    the code under test caught the error.

    Attributes:
        requests: the requests, oldest first.
    """

    def __init__(self, contract: Path) -> None:
        self.requests: list[FakeRequest] = []
        self._contract = Contract.read(contract)
        self._answers: dict[str, Callable[[FakeRequest], Answer]] = {}
        self._violations: list[ContractViolationError] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.verify()

    def verify(self) -> None:
        """Raise the first violation of the contract; the end of the context manager does it.

        Raises:
            ContractViolationError: a request or an answer violated the contract.
        """
        if self._violations:
            raise self._violations[0]

    def http_client(self) -> httpx2.AsyncClient:
        """Return an HTTP client of the fake. The caller closes it."""
        return httpx2.AsyncClient(transport=self, base_url="http://fake")

    def answer(
        self,
        operation: str,
        body: object = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer each request of an operation in this way, until another answer is set.

        Raises:
            ContractViolationError: the contract has no such operation or does not allow this answer.
        """
        answer = Answer(body=body, status=status, headers=headers or {})
        self._response(self._operation(operation), answer)
        self._answers[operation] = lambda _: answer

    def answer_problem(
        self,
        operation: str,
        status: int,
        *,
        type: str = "about:blank",  # noqa: A002  # the name of RFC 9457
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer each request of an operation with this problem.

        Raises:
            ContractViolationError: the contract has no such operation or does not allow this answer.
        """
        problem = {"type": type, "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        self.answer(operation, problem, status=status, headers=headers)

    def answer_by(self, operation: str, handler: Callable[[FakeRequest], Answer]) -> None:
        """Answer each request of an operation with what `handler` returns or raises, such as `httpx2.ConnectError`.

        Raises:
            ContractViolationError: the contract has no such operation.
        """
        self._operation(operation)
        self._answers[operation] = handler

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer to a request.

        Raises:
            ContractViolationError: the contract does not allow the request or the answer, or no answer is set.
        """
        await request.aread()
        try:
            operation, received = self._received(request)
            return self._response(operation, self._answers[operation.id](received))
        except ContractViolationError as violation:
            self._violations.append(violation)
            raise

    def _operation(self, name: str) -> ContractOperation:
        if name not in self._contract.operations:
            raise ContractViolationError(
                f"the contract has no operation {name}, only {', '.join(sorted(self._contract.operations))}"
            )
        return self._contract.operations[name]

    def _received(self, request: httpx2.Request) -> tuple[ContractOperation, FakeRequest]:
        found = self._contract.find(request)
        if found is None:
            raise ContractViolationError(f"the contract has no {request.method} {request.url.path}")
        operation, path = found
        _fail(f"request {operation.id}", self._contract.request_faults(operation, request, path))
        content_type = request.headers.get("Content-Type", "")
        body = json.loads(request.content) if is_json(media_type_of(content_type)) else request.content or None
        received = FakeRequest(operation.id, path, request.url.params, request.headers, body)
        self.requests.append(received)
        if operation.id not in self._answers:
            raise ContractViolationError(f"request {operation.id}: the test has set no answer")
        return operation, received

    def _response(self, operation: ContractOperation, answer: Answer) -> httpx2.Response:
        statuses = sorted(status for status in operation.definition["responses"] if status.startswith("2"))
        status = answer.status or int(statuses[0].replace("X", "0"))
        described = self._contract.response(operation, status)
        media_types = list((described or {}).get("content", {}))
        headers = dict(answer.headers) | ({"Content-Type": media_types[0]} if media_types else {})
        is_document = bool(media_types) and is_json(media_type_of(media_types[0]))
        content = _content(answer.body, is_document=is_document)
        response = httpx2.Response(status, headers=headers, content=content)
        _fail(f"answer {status} of {operation.id}", self._contract.response_faults(operation, response))
        return response


def _content(body: object, *, is_document: bool) -> bytes:
    if is_document:
        return json.dumps(to_jsonable_python(body, by_alias=True)).encode()
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    # The check against the contract has found that it has no content.
    return body if isinstance(body, bytes) else repr(body).encode()


def _fail(what: str, faults: list[str]) -> None:
    if faults:
        raise ContractViolationError(f"{what}: {'; '.join(faults)}")
