"""The circuit breaker opens after failures, and then sends one request to test whether the peer has recovered."""

import asyncio
import contextlib
import time
from collections.abc import Callable

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from libs.clock.testing import FakeClock
from libs.http.breaker import BreakerPolicy, BreakerTransport, CircuitBreaker, CircuitState, Result
from libs.http.errors import (
    BrokenResponse,
    CallError,
    CircuitOpen,
    ConnectionTimeout,
    DeadlineExceeded,
    UnacceptableResponse,
)
from libs.http.tests.clients import NAME, client_of
from libs.http.tests.fake_peer import OK, closed_port, fake_peer, full_listener, status
from libs.http.transports import DEADLINE
from libs.web import context

POLICY = BreakerPolicy()


class Breaker:
    """A breaker with a clock that the test sets."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.changes: list[CircuitState] = []
        self.breaker = CircuitBreaker(POLICY, clock=self.clock, on_change=self.changes.append)

    def send(self, result: Result, times: int = 1) -> int:
        """Let requests end with this result, and return how many were admitted."""
        admitted = 0
        for _ in range(times):
            number = self.breaker.acquire()
            if number is not None:
                admitted += 1
                self.breaker.record(number, result)
        return admitted

    def opened(self) -> "Breaker":
        """Open it."""
        self.send(Result.FAILURE, POLICY.failures)
        assert self.changes[-1] is CircuitState.OPEN
        return self


def test_ten_failures_of_the_last_twenty_open_it() -> None:
    """After ten failures among the last twenty requests, no request is admitted."""
    breaker = Breaker()
    assert breaker.send(Result.FAILURE, 200) == POLICY.failures == 10
    mixed = Breaker()
    for _ in range(9):
        assert mixed.send(Result.FAILURE) + mixed.send(Result.SUCCESS) == 2
    assert not mixed.changes
    mixed.send(Result.FAILURE)
    assert mixed.changes == [CircuitState.OPEN]


def test_fewer_failures_never_open_it() -> None:
    """Nine failures of every twenty requests do not open the breaker."""
    breaker = Breaker()
    for _ in range(50):
        breaker.send(Result.SUCCESS, 11)
        breaker.send(Result.FAILURE, 9)
    assert not breaker.changes


def test_old_failures_do_not_count() -> None:
    """Old failures are not counted: with little traffic, the last twenty requests may span hours."""
    breaker = Breaker()
    for _ in range(30):
        breaker.send(Result.FAILURE)
        breaker.clock.advance(POLICY.window_seconds / 8)
    assert not breaker.changes


def test_half_open_admits_one_of_fifty() -> None:
    """After two seconds, and not before, one of fifty requests is admitted."""
    breaker = Breaker().opened()
    breaker.clock.advance(POLICY.open_seconds - 0.001)
    assert breaker.breaker.acquire() is None
    breaker.clock.advance(0.001)
    admitted = [breaker.breaker.acquire() for _ in range(50)]
    assert sum(number is not None for number in admitted) == 1


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Result.SUCCESS, CircuitState.CLOSED),
        (Result.FAILURE, CircuitState.OPEN),
        (Result.NONE, CircuitState.HALF_OPEN),
    ],
)
def test_the_result_of_the_one_request_decides(result: Result, state: CircuitState) -> None:
    """Its result closes or opens the breaker; if it has no result, another request is admitted."""
    breaker = Breaker().opened()
    breaker.clock.advance(POLICY.open_seconds)
    assert breaker.send(result) == 1
    assert breaker.changes[-1] is state
    assert (breaker.breaker.acquire() is None) is (state is CircuitState.OPEN)


def test_results_from_before_a_change_are_ignored() -> None:
    """A slow request of the closed breaker neither closes nor opens the half-open one."""
    breaker = Breaker()
    slow = [breaker.breaker.acquire() for _ in range(20)]
    breaker.opened()
    breaker.clock.advance(POLICY.open_seconds)
    assert breaker.breaker.acquire() is not None
    for number in slow:
        assert number is not None
        breaker.breaker.record(number, Result.SUCCESS)
    assert breaker.changes == [CircuitState.OPEN, CircuitState.HALF_OPEN]
    assert breaker.breaker.acquire() is None


class Answering(httpx2.AsyncBaseTransport):
    """A transport that the test configures."""

    def __init__(self, answer: Callable[[], httpx2.Response]) -> None:
        self._answer = answer

    async def handle_async_request(self, _: httpx2.Request) -> httpx2.Response:
        """Answer."""
        return self._answer()


def _raise(error: BaseException) -> httpx2.Response:
    raise error


@pytest.mark.parametrize(
    ("answer", "opens"),
    [
        (lambda: httpx2.Response(200), False),
        (lambda: httpx2.Response(404), False),
        (lambda: httpx2.Response(429), False),
        (lambda: httpx2.Response(500), False),
        (lambda: httpx2.Response(502), True),
        (lambda: httpx2.Response(503), True),
        (lambda: httpx2.Response(504), True),
        (lambda: _raise(BrokenResponse(NAME, "reset")), True),
        (lambda: _raise(UnacceptableResponse(NAME, "large")), False),
        (lambda: _raise(DeadlineExceeded(NAME, "no time is left")), False),
        (lambda: _raise(asyncio.CancelledError()), False),
    ],
)
async def test_what_counts_as_a_failure(answer: Callable[[], httpx2.Response], opens: bool) -> None:  # noqa: FBT001
    """A missing or unusable response is a failure; a status 500 is not, since the peer answers."""
    breaker = Breaker()
    transport = BreakerTransport(
        Answering(answer), peer=NAME, breaker=breaker.breaker, clock=breaker.clock, seconds=2.0
    )
    for _ in range(30):
        with contextlib.suppress(CallError, asyncio.CancelledError):
            await transport.handle_async_request(httpx2.Request("GET", "http://users/"))
    assert bool(breaker.changes) is opens


@pytest.mark.parametrize(("took", "opens"), [(0.99, False), (1.0, True)])
async def test_short_deadlines_of_clients_do_not_open_it(took: float, opens: bool) -> None:  # noqa: FBT001
    """A cancelled call is a failure only after half of the service's own limit, so that no client opens the breaker."""
    breaker = Breaker()

    def time_out() -> httpx2.Response:
        breaker.clock.advance(took)
        raise asyncio.CancelledError

    transport = BreakerTransport(
        Answering(time_out), peer=NAME, breaker=breaker.breaker, clock=breaker.clock, seconds=2.0
    )
    for _ in range(POLICY.failures):
        with pytest.raises(asyncio.CancelledError):
            await transport.handle_async_request(httpx2.Request("GET", "http://users/"))
    assert bool(breaker.changes) is opens


@pytest.mark.parametrize(("seconds", "opens"), [(0.5, False), (1.5, True)])
@pytest.mark.parametrize("is_connected", [False, True])
async def test_a_short_deadline_is_no_evidence_against_the_peer(
    seconds: float,
    opens: bool,  # noqa: FBT001
    is_connected: bool,  # noqa: FBT001
) -> None:
    """A short deadline limits the time to connect and the peer's own calls, so its failures are not counted."""
    breaker = Breaker()

    def answer() -> httpx2.Response:
        return httpx2.Response(504) if is_connected else _raise(ConnectionTimeout(NAME, "no connection"))

    transport = BreakerTransport(
        Answering(answer), peer=NAME, breaker=breaker.breaker, clock=breaker.clock, seconds=2.0
    )
    for _ in range(POLICY.failures):
        request = httpx2.Request("GET", "http://users/", extensions={DEADLINE: time.monotonic() + seconds})
        with contextlib.suppress(CallError):
            await transport.handle_async_request(request)
    assert bool(breaker.changes) is opens


async def test_deadlines_too_short_to_connect_do_not_open_it() -> None:
    """With a deadline of 40 ms, 20 ms are left to make a connection."""
    registry = CollectorRegistry()
    async with full_listener() as url, client_of(url, registry=registry) as client:
        for _ in range(POLICY.failures):
            context.enter([(b"x-request-timeout-ms", b"40")])
            assert await _outcome(client, "/users") in {ConnectionTimeout, DeadlineExceeded}
    assert registry.get_sample_value("http_client_circuit_state", {"peer": NAME}) == CircuitState.CLOSED


async def test_ten_of_two_hundred_calls_reach_a_peer_that_fails() -> None:
    """A POST is not retried, so each is one request. The gauge has the state."""
    registry, clock = CollectorRegistry(), FakeClock()
    async with fake_peer() as peer, client_of(peer, registry=registry, clock=clock) as client:
        peer.override["/users"] = lambda: status("503 Service Unavailable")
        outcomes = [await _outcome(client, "/users") for _ in range(200)]
        assert peer.requests["/users"] == 10
    assert outcomes == [503] * 10 + [CircuitOpen] * 190
    assert registry.get_sample_value("http_client_circuit_state", {"peer": NAME}) == CircuitState.OPEN


async def test_a_dead_peer_costs_nothing_after_ten_calls() -> None:
    """After ten failed calls, no connection is attempted."""
    async with client_of(f"http://127.0.0.1:{closed_port()}", clock=FakeClock()) as client:
        outcomes = [await _outcome(client, "/users") for _ in range(50)]
    assert outcomes[10:] == [CircuitOpen] * 40


async def test_recovery_is_found_by_one_of_fifty_concurrent_calls() -> None:
    """The others fail at once; afterwards all calls go through."""
    registry, clock = CollectorRegistry(), FakeClock()
    async with fake_peer() as peer, client_of(peer, registry=registry, clock=clock) as client:
        peer.override["/users"] = lambda: status("503 Service Unavailable")
        for _ in range(10):
            await _outcome(client, "/users")
        clock.advance(POLICY.open_seconds)
        peer.requests.clear()
        peer.override["/users"] = lambda: OK
        outcomes = await asyncio.gather(*(_outcome(client, "/users") for _ in range(50)))
        assert peer.requests["/users"] == 1
        assert sorted(map(str, outcomes)) == sorted(map(str, [200] + [CircuitOpen] * 49))
        assert [await _outcome(client, "/users") for _ in range(5)] == [200] * 5
    assert registry.get_sample_value("http_client_circuit_state", {"peer": NAME}) == CircuitState.CLOSED


async def _outcome(client: httpx2.AsyncClient, path: str) -> object:
    try:
        return (await client.post(path)).status_code
    except CallError as error:
        return type(error)
