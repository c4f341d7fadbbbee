"""While PostgreSQL is missing, stopped or hanging, both services answer 503 in time and recover when it is back.

FAULT_SECONDS in the environment sets the duration of the fault.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import pytest

from libs.db.testing import PostgresServer, postgres_server
from tests.program import Program
from tests.service_stack import (
    ANN,
    BOUND_SECONDS,
    TEA,
    SeededUser,
    ServiceStack,
    client,
    postgres_stack,
    seed_user_and_product,
)

_AWAY_SECONDS = float(os.environ.get("FAULT_SECONDS", "1"))
_BACK_SECONDS = 5
# A readiness check waits for 2 s; the rest allows for a busy machine.
_HEALTH_SECONDS = 4
_CLIENTS = 12
# The reason for a database that hangs: readiness waits for less time than the statement timeout.
_SILENT = ["database: no answer within 2 s"]
# A server needs some time to apply new settings in its processes.
_RELOAD_SECONDS = 30
# In the order of `_requests`: /me, a login, a product, a list, a new product, a reservation.
_WHEN_READ_ONLY = [200, 503, 200, 200, 503, 503]

Fault = Callable[[PostgresServer], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that a test may stop, as long as it starts it again."""
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module")
def stack(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceStack]:
    """Both services on that server; no test may end their processes."""
    prepared = postgres_stack(server, tmp_path_factory.mktemp("stack"), "stack")
    with prepared.users.running(), prepared.products.running():
        yield prepared


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    """A client."""
    with client() as opened:
        yield opened


@pytest.fixture(scope="module")
def ann(stack: ServiceStack, http: httpx2.Client) -> SeededUser:
    """A logged-in user."""
    return seed_user_and_product(stack, http)


@contextmanager
def _stopped(server: PostgresServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def _dead(server: PostgresServer) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def _hanging(server: PostgresServer) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def _read_only(server: PostgresServer) -> Iterator[None]:
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    server.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        server.execute("ALTER SYSTEM RESET default_transaction_read_only")
        server.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("away", [_stopped, _dead, _hanging])
def test_a_database_that_goes_and_comes_back(
    server: PostgresServer, stack: ServiceStack, http: httpx2.Client, ann: SeededUser, away: Fault
) -> None:
    """Services are live, not ready, and answer 503 within 10 s; they recover within 5 s, in the same processes."""
    _assert_works(stack, http, ann)
    with away(server):
        end = time.monotonic() + _AWAY_SECONDS
        reasons = _assert_away(stack, http, ann)
        assert away is not _hanging or reasons == [_SILENT, _SILENT]
        while time.monotonic() < end:
            _assert_away(stack, http, ann)
    _wait_until_works(stack, http, ann)
    _assert_works(stack, http, ann)


def test_a_database_that_may_only_be_read(
    server: PostgresServer, stack: ServiceStack, http: httpx2.Client, ann: SeededUser
) -> None:
    """On a read-only database, such as a replica before its promotion, reads and searches work and writes are 503."""
    _assert_works(stack, http, ann)
    search = httpx2.Request("GET", f"{stack.products.url}/products?q=tea", headers=ann.headers)
    with _read_only(server):
        _wait_until(lambda: _statuses(stack, http, ann) == _WHEN_READ_ONLY, seconds=_RELOAD_SECONDS)
        assert http.send(search).status_code == 200
    _wait_until_works(stack, http, ann)
    assert http.send(search).status_code == 200


def test_a_service_starts_before_its_database(server: PostgresServer, tmp_path: Path, http: httpx2.Client) -> None:
    """The service starts, is live and not ready; it becomes ready without a restart when the database is up."""
    early = postgres_stack(server, tmp_path, "early")
    with _stopped(server):
        early.users.start()
        early.products.start()
        for program in (early.users, early.products):
            assert http.get(f"{program.url}/readyz").status_code == 503
    try:
        _wait_until_ready(early, http)
        _assert_works(early, http, seed_user_and_product(early, http))
    finally:
        assert [early.users.stop(), early.products.stop()] == [0, 0]


def _requests(stack: ServiceStack, ann: SeededUser) -> list[httpx2.Request]:
    """Send one request of each kind that needs the database."""
    product = stack.products.url + ann.product
    return [
        httpx2.Request("GET", f"{stack.users.url}/me", headers=ann.headers),
        httpx2.Request("POST", f"{stack.users.url}/auth/login", json=ANN),
        httpx2.Request("GET", product, headers=ann.headers),
        httpx2.Request("GET", f"{stack.products.url}/products", headers=ann.headers),
        httpx2.Request("POST", f"{stack.products.url}/products", json=TEA, headers=ann.headers),
        httpx2.Request("POST", f"{product}/reservations", json={"quantity": 999}, headers=ann.headers),
    ]


def _assert_away(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> list[list[str]]:
    """Check that all requests fail, and return the reasons why the services are not ready."""
    with ThreadPoolExecutor(_CLIENTS) as crowd:
        asked = [crowd.submit(_timed, http, request) for _ in range(2) for request in _requests(stack, ann)]
        reasons = [_assert_alive_but_not_ready(program, http) for program in (stack.users, stack.products)]
        for each in asked:
            answer, seconds = each.result()
            assert answer.status_code == 503, (answer.request.url, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == "urn:problem:database-unavailable"
            assert answer.headers["retry-after"] == "1"
            assert seconds < BOUND_SECONDS, answer.request.url
    return reasons


def _assert_alive_but_not_ready(program: Program, http: httpx2.Client) -> list[str]:
    """Return the reasons that the service gives."""
    answer, seconds = _timed(http, httpx2.Request("GET", f"{program.url}/livez"))
    assert answer.status_code == 200
    assert seconds < _HEALTH_SECONDS
    answer, seconds = _timed(http, httpx2.Request("GET", f"{program.url}/readyz"))
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["type"] == "urn:problem:not-ready"
    assert seconds < _HEALTH_SECONDS
    reasons: list[str] = answer.json()["reasons"]
    return reasons


def _timed(http: httpx2.Client, request: httpx2.Request) -> tuple[httpx2.Response, float]:
    begin = time.monotonic()
    return http.send(request), time.monotonic() - begin


def _wait_until_works(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> None:
    _wait_until(lambda: all(http.send(request).status_code < 500 for request in _requests(stack, ann)))
    _wait_until_ready(stack, http)


def _wait_until(is_so: Callable[[], bool], *, seconds: float = _BACK_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "still not so"
        time.sleep(0.1)


def _wait_until_ready(stack: ServiceStack, http: httpx2.Client) -> None:
    end = time.monotonic() + _BACK_SECONDS
    for program in (stack.users, stack.products):
        while http.get(f"{program.url}/readyz").status_code != 200:
            assert time.monotonic() < end, "not ready"
            time.sleep(0.1)


def _statuses(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> list[int]:
    return [http.send(request).status_code for request in _requests(stack, ann)]


def _assert_works(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> None:
    statuses = _statuses(stack, http, ann)
    assert statuses == [200, 200, 200, 200, 201, 409], statuses
