"""A bulk import at the shipped server does not use memory in proportion to the file."""

import threading
from collections.abc import Iterator

import httpx2
import pytest

from tests.service_stack import ServiceStack, running_stack

_ANN = {"email": "ann@example.com", "password": "seven green lanterns"}
_MEBIBYTE = 1024 * 1024
_HEADER = b"name,description,price_cents,stock\n"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceStack]:
    """Both services, with time for a large file on a busy machine."""
    with running_stack(tmp_path_factory.mktemp("data"), BODY_SECONDS="600", REQUEST_SECONDS="600") as opened:
        yield opened


@pytest.fixture(scope="module")
def http(stack: ServiceStack) -> Iterator[httpx2.Client]:
    """A client of the product service, with a token."""
    with httpx2.Client(base_url=stack.products.url, trust_env=False, timeout=600) as client:
        assert client.post(f"{stack.users.url}/users", json=_ANN | {"name": "Ann"}).status_code == 201
        token = client.post(f"{stack.users.url}/auth/login", json=_ANN).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def test_a_large_file_grows_nothing(http: httpx2.Client) -> None:
    """A file of 18 MB in chunks takes less than 10 MB of memory, whether it is stored or refused at its end."""
    assert _import(http, 200).json() == {"imported": 200}
    before = _resident(http)
    with _Peak(http) as peak:
        assert _import(http, 12_000, b"Tea,,x,1\n").status_code == 422
        assert _import(http, 12_000).json() == {"imported": 12_000}
    assert peak.bytes - before < 10 * _MEBIBYTE


def test_only_this_path_takes_as_much(http: httpx2.Client) -> None:
    """Other paths, including similar ones, refuse a body of that size."""
    for path, status in (("/products", 413), ("/products/imports/", 404), ("/products/imports%3f", 405)):
        answer = http.post(path, content=_HEADER + bytes(2 * _MEBIBYTE), headers={"Content-Type": "text/csv"})
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"


def _import(http: httpx2.Client, rows: int, last: bytes = b"") -> httpx2.Response:
    return http.post("/products/imports", content=_rows(rows, last), headers={"Content-Type": "text/csv"})


def _rows(number: int, last: bytes = b"") -> Iterator[bytes]:
    yield _HEADER.replace(b"description", b'"description"')
    for start in range(0, number, 100):
        yield b"".join(b'Tea %d,"' % row + b"Leaves, loose. " * 100 + b'",450,3\n' for row in range(start, start + 100))
    yield last


def _resident(http: httpx2.Client) -> int:
    """Return the resident memory of the service's process in bytes."""
    lines = http.get("/metrics").text.splitlines()
    return round(float(next(line for line in lines if line.startswith("process_resident_memory_bytes ")).split()[1]))


class _Peak(threading.Thread):
    """Measures the memory of the service while clients call it."""

    def __init__(self, http: httpx2.Client) -> None:
        super().__init__()
        self.bytes = 0
        self._http = http
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.05):
            self.bytes = max(self.bytes, _resident(self._http))

    def __enter__(self) -> "_Peak":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()
