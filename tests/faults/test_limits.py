"""Services without a writable disk, or with few file descriptors."""

import contextlib
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest

from tests.faults.disk import small_disk
from tests.service_stack import TEA, SeededUser, ServiceStack, client, seed_user_and_product, sqlite_stack

_BACK_SECONDS = 60
_FEW_DESCRIPTORS = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")


@pytest.fixture
def stack(tmp_path: Path) -> ServiceStack:
    """Both services, ready to start."""
    (tmp_path / "disk").mkdir()
    return sqlite_stack(tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path / 'disk' / 'products.db'}")


def test_a_disk_that_cannot_be_written_to(stack: ServiceStack, tmp_path: Path) -> None:
    """The service ends at the start with one sentence that has the reason."""
    folder = tmp_path / "disk"
    with small_disk(folder, kib=700, kind="read-only") as disk:
        stack.products.launch(through=disk.through)
        assert stack.products.process is not None
        assert stack.products.process.wait(60) == 2
    said = "cannot be written to: Read-only file system"
    assert stack.products.said() == f"product_service: {folder / 'products.db'} {said}\n"


def test_sixty_four_descriptors(stack: ServiceStack) -> None:
    """Existing connections are served during a flood of new ones, and new connections again after it."""
    # The client keeps its connection open, however long it is idle.
    lasting = httpx2.Limits(keepalive_expiry=None)
    with stack.users.running(), stack.products.running(through=_FEW_DESCRIPTORS), client(limits=lasting) as http:
        ann = seed_user_and_product(stack, http)
        with _connected(stack, 200):
            for _ in range(20):
                assert http.get(stack.products.url + ann.product, headers=dict(ann.headers)).status_code == 200
                assert _write(stack, http, ann).status_code == 201
        with client() as another:
            _wait_until_served(stack, another, ann)


def _write(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> httpx2.Response:
    return http.post(f"{stack.products.url}/products", json=TEA, headers=dict(ann.headers))


@contextlib.contextmanager
def _connected(stack: ServiceStack, count: int) -> Iterator[None]:
    """Hold connections that send no request."""
    with contextlib.ExitStack() as held:
        for _ in range(count):
            connection = HTTPConnection("127.0.0.1", stack.products.port, timeout=_BACK_SECONDS)
            held.callback(connection.close)
            connection.connect()
        yield


def _wait_until_served(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> None:
    end = time.monotonic() + _BACK_SECONDS
    while True:
        with contextlib.suppress(httpx2.TransportError):
            if http.get(stack.products.url + ann.product, headers=dict(ann.headers)).status_code == 200:
                return
        assert time.monotonic() < end, stack.products.said()
        time.sleep(0.1)
