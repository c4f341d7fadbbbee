"""Many clients at once on services that keep their rows in SQLite, and services that are stopped under them."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.house import prepare
from tests.faults.town import ANN, TEA, Ann, Town, client, settle
from tests.program import Program

_CROWD = 16
_PATIENCE_SECONDS = 60
# Longer than a busy machine stands still.
_DRAIN_SECONDS = "3"

Ask = Callable[[Town, Ann, httpx2.Client, str], httpx2.Response]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Both services, at work; they drain as they ship, only quicker."""
    users = Program("user_service", tmp_path, DRAIN_SECONDS=_DRAIN_SECONDS)
    jwks = f"{users.url}/.well-known/jwks.json"
    products = Program("product_service", tmp_path, DRAIN_SECONDS=_DRAIN_SECONDS, JWKS_URL=jwks)
    prepare(users, products)
    users.start()
    products.start()
    yield Town(users, products)
    for program in (users, products):
        if program.process is not None and program.process.poll() is None:
            program.kill()


@pytest.fixture
def ann(town: Town) -> Ann:
    """A user who is logged in, and her product."""
    with client() as http:
        return settle(town, http)


def _register(town: Town, _: Ann, http: httpx2.Client, key: str) -> httpx2.Response:
    body = ANN | {"email": f"{key}@example.com", "name": key}
    return http.post(f"{town.users.url}/users", json=body)


def _rename(town: Town, ann: Ann, http: httpx2.Client, key: str) -> httpx2.Response:
    return http.patch(f"{town.users.url}/me", json={"name": key}, headers=dict(ann.headers))


def _create(town: Town, ann: Ann, http: httpx2.Client, key: str) -> httpx2.Response:
    headers = {**ann.headers, "Idempotency-Key": key}
    return http.post(f"{town.products.url}/products", json=TEA | {"name": key}, headers=headers)


def _import(town: Town, ann: Ann, http: httpx2.Client, key: str) -> httpx2.Response:
    rows = "".join(f"{key} {number},,1,1\n" for number in range(50))
    headers = {**ann.headers, "Content-Type": "text/csv"}
    return http.post(
        f"{town.products.url}/products/imports", content=f"name,description,price_cents,stock\n{rows}", headers=headers
    )


_REQUESTS: Mapping[str, tuple[Ask, ...]] = {
    "user_service": (_register, _rename, _rename, _rename),
    "product_service": (_create, _import, _create, _create),
}


@pytest.mark.parametrize("service", _REQUESTS)
def test_sixteen_writers(town: Town, ann: Ann, service: str) -> None:
    """None of them is refused, and nobody is told of a lock."""
    with ThreadPoolExecutor(_CROWD) as threads:
        done = [threads.submit(_write, town, ann, service, writer) for writer in range(_CROWD)]
        answers = [answer for each in done for answer in each.result()]
    refused = {(answer.status_code, answer.text) for answer in answers if not answer.is_success}
    assert len(answers) == _CROWD * 3 * len(_REQUESTS[service])
    assert refused == set()
    assert "locked" not in town.users.said() + town.products.said()


def _write(town: Town, ann: Ann, service: str, writer: int) -> list[httpx2.Response]:
    """Ask for each thing three times. Writers begin with different things: there is room for four imports at a time."""
    asks = _REQUESTS[service]
    first = writer % len(asks)
    with client() as http:
        return [
            ask(town, ann, http, f"{service}-{writer}-{number}")
            for number, ask in enumerate((asks[first:] + asks[:first]) * 3)
        ]


@dataclass(slots=True)
class Customer:
    """Somebody who asks until told that the connection ends, as a balancer does who then takes another replica."""

    answered: int = 0
    told: bool = False
    failed: list[str] = field(default_factory=list)

    def ask(self, once: Callable[[httpx2.Client, str], httpx2.Response], name: str) -> None:
        """Be that somebody."""
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
def test_a_stop_under_load(town: Town, ann: Ann, service: str, ask: Ask) -> None:
    """SIGTERM fails no request: everybody is answered, told to go elsewhere, and the service ends with 0."""
    program = town.users if service == "user_service" else town.products
    customers = [Customer() for _ in range(_CROWD)]
    with ThreadPoolExecutor(_CROWD) as threads:
        for number, customer in enumerate(customers):
            threads.submit(customer.ask, partial(ask, town, ann), f"{number}")
        _wait_until_served(customers)
        status = program.stop()
    assert [failure for customer in customers for failure in customer.failed] == []
    assert all(customer.told and customer.answered > 1 for customer in customers)
    assert status == 0


def _wait_until_served(customers: list[Customer]) -> None:
    """Until all have been answered twice; it does not fail, as they go on until somebody stops the service."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while any(customer.answered < 2 and not customer.failed for customer in customers) and time.monotonic() < end:
        time.sleep(0.05)
