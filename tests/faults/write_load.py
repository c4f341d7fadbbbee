"""Clients that write to a product service while its database fails, and a record of what it acknowledged."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2

from tests.service_stack import client

CLIENTS = 8
STOCK = 1_000_000
_ALLOWED = {200, 201, 503}


class WriteLoad:
    """Eight clients. Each creates products, replaces one of them, and makes reservations of a shared one.

    Attributes:
        product: the path of the product that all of them reserve.
        statuses: how often each status was answered.
        unexpected: answers other than success and 503 with Retry-After.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """Send requests with `headers` to the service at `url`."""
        self._url = url
        self._headers = headers
        self._stop = threading.Event()
        self._names: dict[str, str] = {}
        self._prices: dict[str, list[int]] = {}
        self._reservations: set[str] = set()
        self._in_doubt = 0
        self.statuses: Counter[int] = Counter()
        self.unexpected: list[str] = []
        with self._client() as http:
            self.product = str(self._send(http, "POST", "/products", _tea("hot", stock=STOCK)).headers["location"])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let all clients write during the block."""
        self._stop.clear()
        with ThreadPoolExecutor(CLIENTS) as threads:
            done = [threads.submit(self._work) for _ in range(CLIENTS)]
            try:
                yield
            finally:
                self._stop.set()
            for each in done:
                each.result()

    def reserve(self) -> int:
        """Reserve a piece, and return the status."""
        with self._client() as http:
            return self._reserve(http)

    def lost(self) -> list[str]:
        """Return the acknowledged writes that are not stored, or stored in part."""
        with self._client() as http:
            lost = [path for path, name in self._names.items() if _read(http, path).get("name") != name]
            lost += [
                path for path, prices in self._prices.items() if _read(http, path).get("price_cents") not in prices
            ]
            lost += [path for path in self._reservations if not _read(http, path)]
            taken = STOCK - int(str(_read(http, self.product)["stock"]))
        if not 0 <= taken - len(self._reservations) <= self._in_doubt:
            lost.append(f"{taken} pieces are taken, {len(self._reservations)} are reserved, {self._in_doubt} in doubt")
        return lost

    def _work(self) -> None:
        with self._client() as http:
            mine = str(self._first(http).headers["location"])
            self._prices[mine] = [450]
            price = 450
            while not self._stop.is_set():
                price += 1
                self._create(http, str(price))
                self._prices[mine].append(price)
                if self._send(http, "PUT", mine, _tea("mine", price=price)).status_code == 200:
                    self._prices[mine] = [price]
                if self._reserve(http) == 503:
                    time.sleep(0.01)

    def _first(self, http: httpx2.Client) -> httpx2.Response:
        while True:
            answer = self._send(http, "POST", "/products", _tea("mine"))
            if answer.status_code == 201:
                return answer
            time.sleep(0.01)

    def _create(self, http: httpx2.Client, name: str) -> None:
        answer = self._send(http, "POST", "/products", _tea(name))
        if answer.status_code == 201:
            self._names[answer.headers["location"]] = name

    def _reserve(self, http: httpx2.Client) -> int:
        answer = self._send(http, "POST", f"{self.product}/reservations", {"quantity": 1})
        if answer.status_code == 201:
            self._reservations.add(answer.headers["location"])
        else:
            self._in_doubt += 1
        return answer.status_code

    def _send(self, http: httpx2.Client, method: str, path: str, body: Mapping[str, object]) -> httpx2.Response:
        answer = http.request(method, path, json=body)
        self.statuses[answer.status_code] += 1
        says_when = answer.status_code != 503 or "retry-after" in answer.headers
        if answer.status_code not in _ALLOWED or not says_when:
            self.unexpected.append(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    @contextmanager
    def _client(self) -> Iterator[httpx2.Client]:
        with client(base_url=self._url, headers=self._headers) as http:
            yield http


def _tea(name: str, *, price: int = 450, stock: int = 1) -> Mapping[str, object]:
    return {"name": name, "price_cents": price, "stock": stock}


def _read(http: httpx2.Client, path: str) -> Mapping[str, object]:
    answer = http.get(path)
    assert answer.status_code in (200, 404), answer.text
    return dict(answer.json()) if answer.status_code == 200 else {}
