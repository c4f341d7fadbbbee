"""Concurrent clients of services on SQLite, also while a service is stopped."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.program import Program
from tests.service_stack import ANN, TEA, SeededUser, ServiceStack, client, prepare, seed_user_and_product

_CLIENTS = 16
_PATIENCE_SECONDS = 60
# Longer than a busy machine may stop scheduling a process.
_DRAIN_SECONDS = "3"

Ask = Callable[[ServiceStack, SeededUser, httpx2.Client, str], httpx2.Response]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[ServiceStack]:
    """Both services, running, with a shorter grace period than the default."""
    users = Program("user_service", tmp_path, DRAIN_SECONDS=_DRAIN_SECONDS)
    jwks = f"{users.url}/.well-known/jwks.json"
    products = Program("product_service", tmp_path, DRAIN_SECONDS=_DRAIN_SECONDS, JWKS_URL=jwks)
    stack = ServiceStack(users, products)
    prepare(stack)
    users.start()
    products.start()
    yield stack
    for program in (users, products):
        if program.process is not None and program.process.poll() is None:
            program.kill()


@pytest.fixture
def ann(stack: ServiceStack) -> SeededUser:
    """A logged-in user with a product."""
    with client() as http:
        return seed_user_and_product(stack, http)


def _register(stack: ServiceStack, _: SeededUser, http: httpx2.Client, key: str) -> httpx2.Response:
    body = ANN | {"email": f"{key}@example.com", "name": key}
    return http.post(f"{stack.users.url}/users", json=body)


def _rename(stack: ServiceStack, ann: SeededUser, http: httpx2.Client, key: str) -> httpx2.Response:
    return http.patch(f"{stack.users.url}/me", json={"name": key}, headers=dict(ann.headers))


def _create(stack: ServiceStack, ann: SeededUser, http: httpx2.Client, key: str) -> httpx2.Response:
    headers = {**ann.headers, "Idempotency-Key": key}
    return http.post(f"{stack.products.url}/products", json=TEA | {"name": key}, headers=headers)


def _import(stack: ServiceStack, ann: SeededUser, http: httpx2.Client, key: str) -> httpx2.Response:
    rows = "".join(f"{key} {number},,1,1\n" for number in range(50))
    headers = {**ann.headers, "Content-Type": "text/csv"}
    return http.post(
        f"{stack.products.url}/products/imports", content=f"name,description,price_cents,stock\n{rows}", headers=headers
    )


_REQUESTS: Mapping[str, tuple[Ask, ...]] = {
    "user_service": (_register, _rename, _rename, _rename),
    "product_service": (_create, _import, _create, _create),
}


@pytest.mark.parametrize("service", _REQUESTS)
def test_sixteen_writers(stack: ServiceStack, ann: SeededUser, service: str) -> None:
    """Every request succeeds, and no output of a service mentions a lock."""
    with ThreadPoolExecutor(_CLIENTS) as threads:
        done = [threads.submit(_write, stack, ann, service, writer) for writer in range(_CLIENTS)]
        answers = [answer for each in done for answer in each.result()]
    refused = {(answer.status_code, answer.text) for answer in answers if not answer.is_success}
    assert len(answers) == _CLIENTS * 3 * len(_REQUESTS[service])
    assert refused == set()
    assert "locked" not in stack.users.said() + stack.products.said()


def _write(stack: ServiceStack, ann: SeededUser, service: str, writer: int) -> list[httpx2.Response]:
    """Send each request three times. Writers start with different ones, since only four imports run at a time."""
    asks = _REQUESTS[service]
    first = writer % len(asks)
    with client() as http:
        return [
            ask(stack, ann, http, f"{service}-{writer}-{number}")
            for number, ask in enumerate((asks[first:] + asks[:first]) * 3)
        ]


@dataclass(slots=True)
class Client:
    """A client that sends requests until a response closes the connection, as a load balancer does."""

    answered: int = 0
    told: bool = False
    failed: list[str] = field(default_factory=list)

    def ask(self, once: Callable[[httpx2.Client, str], httpx2.Response], name: str) -> None:
        """Send requests until a response closes the connection."""
        with client() as http:
            while not self.told and not self.failed:
                try:
                    answer = once(http, f"{name}-{self.answered}")
                except httpx2.TransportError as error:
                    self.failed.append(repr(error))
                    return
                if not answer.is_success:
                    self.failed.append(answer.text)
                self.answered += 1
                self.told = answer.headers.get("connection") == "close"


@pytest.mark.parametrize(("service", "ask"), [("user_service", _rename), ("product_service", _create)])
def test_a_stop_under_load(stack: ServiceStack, ann: SeededUser, service: str, ask: Ask) -> None:
    """SIGTERM fails no request: each is answered, the last with `Connection: close`, and the service ends with 0."""
    program = stack.users if service == "user_service" else stack.products
    clients = [Client() for _ in range(_CLIENTS)]
    with ThreadPoolExecutor(_CLIENTS) as threads:
        for number, each in enumerate(clients):
            threads.submit(each.ask, partial(ask, stack, ann), f"{number}")
        _wait_until_served(clients)
        status = program.stop()
    assert [failure for each in clients for failure in each.failed] == []
    assert all(each.told and each.answered > 1 for each in clients)
    assert status == 0


def _wait_until_served(clients: list[Client]) -> None:
    """Wait until each client has two responses. It does not fail: the clients run until the service stops."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while any(each.answered < 2 and not each.failed for each in clients) and time.monotonic() < end:
        time.sleep(0.05)
