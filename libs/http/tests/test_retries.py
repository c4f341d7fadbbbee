"""Retries: of which requests, after which failures, and how many."""

import time
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from libs.http.errors import BrokenResponse
from libs.http.retries import RetryBudget, RetryEvent, RetryTransport, retry_after
from libs.http.tests.clients import NAME, client_of
from libs.http.tests.fake_peer import OK, fake_peer, status
from libs.http.transports import DEADLINE


class Failing(httpx2.AsyncBaseTransport):
    """A transport that returns the given responses and then repeats the last one."""

    def __init__(self, *responses: httpx2.Response) -> None:
        self.bodies: list[bytes] = []
        self._responses = list(responses)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer."""
        stream = cast("httpx2.AsyncByteStream", request.stream)
        self.bodies.append(b"".join([part async for part in stream]))
        return self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]


NOW = {"Retry-After": "0"}


def budget_of(retries: int) -> RetryBudget:
    """Return a budget that holds so many."""
    budget = RetryBudget()
    for _ in range(retries * 10):
        budget.earn()
    return budget


def request(method: str = "GET", *, seconds: float = 2.0, **arguments: Any) -> httpx2.Request:  # noqa: ANN401
    """Return a request with a deadline."""
    extensions = {DEADLINE: time.monotonic() + seconds, **arguments.pop("extensions", {})}
    return httpx2.Request(method, "http://users/", extensions=extensions, **arguments)


async def attempts(sent: httpx2.Request, *responses: httpx2.Response, retries: int = 10) -> int:
    """Return how many requests one call makes."""
    peer = Failing(*responses)
    await RetryTransport(peer, budget=budget_of(retries), on_retry=lambda _: None).handle_async_request(sent)
    return len(peer.bodies)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"method": "GET"}, 3),
        ({"method": "HEAD"}, 3),
        ({"method": "OPTIONS"}, 3),
        ({"method": "POST"}, 1),
        ({"method": "PUT"}, 1),
        ({"method": "PATCH"}, 1),
        ({"method": "DELETE"}, 1),
        ({"method": "POST", "headers": {"Idempotency-Key": "a"}}, 3),
        ({"method": "POST", "extensions": {"idempotent": True}}, 3),
        ({"method": "GET", "extensions": {"idempotent": False}}, 1),
    ],
)
async def test_only_harmless_requests_are_repeated(sent: dict[str, Any], expected: int) -> None:
    """Safe methods, requests with an idempotency key and operations declared idempotent are retried."""
    assert await attempts(request(**sent), httpx2.Response(503, headers=NOW)) == expected


@pytest.mark.parametrize(
    ("code", "headers", "expected"),
    [
        (200, {}, 1),
        (404, NOW, 1),
        (500, NOW, 1),
        (501, NOW, 1),
        (502, {}, 3),
        (503, {}, 3),
        (504, {}, 3),
        (429, {}, 1),
        (429, NOW, 3),
        (429, {"Retry-After": "120"}, 1),
        (503, {"Retry-After": "120"}, 1),
    ],
)
async def test_statuses_that_are_retried(code: int, headers: dict[str, str], expected: int) -> None:
    """502, 503, 504, and 429 with `Retry-After`, are retried, unless `Retry-After` is past the deadline."""
    assert await attempts(request(), httpx2.Response(code, headers=headers)) == expected


async def test_retry_after_is_honoured() -> None:
    """With `Retry-After: 1` the retry starts a second later."""
    began = time.monotonic()
    again = httpx2.Response(429, headers={"Retry-After": "1"})
    assert await attempts(request(seconds=30), again, httpx2.Response(200)) == 2
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("value", ["", "-1", "1.5", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "²", "9" * 10])
def test_other_forms_of_retry_after_are_ignored(value: str) -> None:
    """A date or other text in `Retry-After` is ignored; services of this repository send seconds."""
    response = httpx2.Response(503, headers=[(b"Retry-After", value.encode("latin-1", "replace"))])
    assert retry_after(response) is None


async def test_no_retry_begins_after_the_deadline() -> None:
    """If the first backoff of 50 ms or more passes the deadline, the response is returned at once."""
    began = time.monotonic()
    assert await attempts(request(seconds=0.09), httpx2.Response(503)) == 1
    assert time.monotonic() - began < 0.05


async def test_a_streamed_body_is_sent_again() -> None:
    """A streamed body is read once and kept, so that it can be sent again."""

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    peer = Failing(httpx2.Response(503, headers=NOW))
    sent = request("POST", content=body(), headers={"Idempotency-Key": "a"})
    await RetryTransport(peer, budget=budget_of(2), on_retry=lambda _: None).handle_async_request(sent)
    assert peer.bodies == [b"ab"] * 3


def test_the_budget_is_a_tenth_of_the_calls_and_at_most_ten() -> None:
    """The budget starts empty, earns a tenth of a retry per call and holds at most ten."""
    budget = RetryBudget()
    assert not budget.spend()
    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert [budget.spend(), budget.spend()] == [True, False]
    full = budget_of(1000)
    assert sum(full.spend() for _ in range(100)) == 10


async def test_no_retry_is_paid_for_after_the_last_attempt() -> None:
    """No retry is taken from the budget after the last attempt: of three, two are used and one is left."""
    budget = budget_of(3)
    transport = RetryTransport(Failing(httpx2.Response(503, headers=NOW)), budget=budget, on_retry=lambda _: None)
    await transport.handle_async_request(request())
    assert [budget.spend(), budget.spend()] == [True, False]


async def test_a_thousand_calls_answered_503_cause_at_most_1100_requests() -> None:
    """Only retries that are made are taken from the budget, so nearly all of it is used."""
    events: list[RetryEvent] = []
    peer = Failing(httpx2.Response(503, headers=NOW))
    transport = RetryTransport(peer, budget=RetryBudget(), on_retry=events.append)
    for _ in range(1000):
        response = await transport.handle_async_request(request())
        assert response.status_code == 503
    assert 1090 <= len(peer.bodies) <= 1100
    assert events.count(RetryEvent.SENT) == len(peer.bodies) - 1000
    assert RetryEvent.DENIED in events


async def test_a_connection_that_fails_is_retried() -> None:
    """A failed connection is retried after ten calls have earned a retry, and the metrics count it."""
    registry = CollectorRegistry()
    async with fake_peer() as peer, client_of(peer, registry=registry) as client:
        for _ in range(9):
            await client.get("/ok")
        answers = iter([status("502 Bad Gateway"), OK])
        peer.override["/flaky"] = lambda: next(answers)
        assert (await client.get("/flaky")).status_code == 200
        for _ in range(9):
            await client.get("/ok")
        with pytest.raises(BrokenResponse):
            await client.get("/close")
        assert peer.requests["/close"] == 2

    def retries(result: str) -> float | None:
        return registry.get_sample_value("http_client_retries_total", {"peer": NAME, "result": result})

    assert (retries("sent"), retries("denied")) == (2, 1)
