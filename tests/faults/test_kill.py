"""The product service killed while it writes, again and again: what it acknowledged stays, nothing is there by half.

On PostgreSQL the server is killed with it in every fifth round.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from libs.db.testing import postgres_server
from tests.faults.town import TEA, Town, client, postgres_town, settle, sqlite_town

_ROUNDS = 50
_WRITERS = 4
_WRITES = 10
"""Acknowledged before the kill comes."""


@dataclass(slots=True)
class Writers:
    """Clients that write until they are cut off; each write has a key of its own, which is the product's name too."""

    url: str
    headers: Mapping[str, str]
    acknowledged: set[str] = field(default_factory=set)
    in_doubt: set[str] = field(default_factory=set)

    def write_until_cut_off(self, name: str) -> None:
        """Be one of them."""
        with client() as http:
            for number in range(10_000):
                key = f"{name}-{number}"
                self.in_doubt.add(key)
                try:
                    self.write(key, http)
                except httpx.TransportError:
                    return

    def write(self, key: str, http: httpx.Client) -> None:
        """Write once; whoever repeats a write gets the product of the first."""
        headers = {**self.headers, "Idempotency-Key": key}
        answer = http.post(f"{self.url}/products", json=_product(key), headers=headers)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        self.acknowledged.add(key)
        self.in_doubt.discard(key)

    def stored(self, http: httpx.Client) -> Iterator[Mapping[str, object]]:
        """Every product that there is."""
        cursor: dict[str, str] = {}
        while True:
            answer = http.get(f"{self.url}/products", params={"limit": "100", **cursor}, headers=self.headers)
            assert answer.status_code == httpx.codes.OK, answer.text
            yield from answer.json()["items"]
            if not answer.json()["next"]:
                return
            cursor = {"cursor": answer.json()["next"]}


def _product(key: str) -> Mapping[str, object]:
    return TEA | {"name": key, "description": f"{key} " * 100 + "."}


def test_nothing_is_lost_on_sqlite(tmp_path: Path) -> None:
    """Of 50 times."""
    town = sqlite_town(tmp_path)
    _kill_again_and_again(town, lambda _: town.products.kill())


def test_nothing_is_lost_on_postgresql(tmp_path: Path) -> None:
    """Of 50 times, ten of them the database's too."""
    with postgres_server(durable=True) as server:
        town = postgres_town(server, tmp_path, "killed")

        def kill(number: int) -> None:
            town.products.kill()
            if number % 5 == 0:
                server.kill()
                server.start()

        _kill_again_and_again(town, kill)


def _kill_again_and_again(town: Town, kill: Callable[[int], None]) -> None:
    with town.users.running(), client() as http:
        town.products.start()
        writers = Writers(town.products.url, settle(town, http).headers)
        for number in range(_ROUNDS):
            _interrupt(writers, f"round-{number}", partial(kill, number))
            town.products.start()
            _repeat_what_is_in_doubt(writers, http)
        assert len(writers.acknowledged) > _ROUNDS * _WRITES
        assert town.products.stop() == 0


def _interrupt(writers: Writers, name: str, kill: Callable[[], None]) -> None:
    """Kill while all are writing."""
    enough = len(writers.acknowledged) + _WRITES
    with ThreadPoolExecutor(_WRITERS) as threads:
        done = [threads.submit(writers.write_until_cut_off, f"{name}-{writer}") for writer in range(_WRITERS)]
        end = time.monotonic() + 60
        while len(writers.acknowledged) < enough:
            assert time.monotonic() < end, "nobody writes"
            time.sleep(0.005)
        kill()
        for each in done:
            each.result()


def _repeat_what_is_in_doubt(writers: Writers, http: httpx.Client) -> None:
    """A write that got no answer is there as a whole or not at all, so repeating it makes one product."""
    _assert_whole(writers, http)
    for key in list(writers.in_doubt):
        writers.write(key, http)
    assert _assert_whole(writers, http) == writers.acknowledged


def _assert_whole(writers: Writers, http: httpx.Client) -> set[str]:
    stored = [product for product in writers.stored(http) if product["name"] != TEA["name"]]
    products = {str(product["name"]): product for product in stored}
    assert len(products) == len(stored), "some are there twice"
    for key, product in products.items():
        assert {**product, **_product(key)} == product
    assert writers.acknowledged <= products.keys() <= writers.acknowledged | writers.in_doubt
    return set(products)
