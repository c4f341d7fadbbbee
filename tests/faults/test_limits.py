"""Services whose machine has run out: of a disk that can be written to, of file descriptors."""

import contextlib
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest

from tests.faults.disk import small_disk
from tests.faults.town import TEA, Ann, Town, client, settle, sqlite_town

_BACK_SECONDS = 60
_FEW_DESCRIPTORS = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Both services, ready to start."""
    (tmp_path / "disk").mkdir()
    return sqlite_town(tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path / 'disk' / 'products.db'}")


def test_a_disk_that_cannot_be_written_to(town: Town, tmp_path: Path) -> None:
    """The service ends with one sentence that says why, instead of serving half of what it should."""
    folder = tmp_path / "disk"
    with small_disk(folder, kib=700, kind="read-only") as disk:
        town.products.launch(through=disk.through)
        assert town.products.process is not None
        assert town.products.process.wait(60) == 2
    said = "cannot be written to: Read-only file system"
    assert town.products.said() == f"product_service: {folder / 'products.db'} {said}\n"


def test_sixty_four_descriptors(town: Town) -> None:
    """A flood of connections is refused; who is connected is served, and others are when the flood is over."""
    # Who is connected stays so however long the next request takes to come.
    lasting = httpx2.Limits(keepalive_expiry=None)
    with town.users.running(), town.products.running(through=_FEW_DESCRIPTORS), client(limits=lasting) as http:
        ann = settle(town, http)
        with _connected(town, 200):
            for _ in range(20):
                assert http.get(town.products.url + ann.product, headers=dict(ann.headers)).status_code == 200
                assert _write(town, http, ann).status_code == 201
        with client() as another:
            _wait_until_served(town, another, ann)


def _write(town: Town, http: httpx2.Client, ann: Ann) -> httpx2.Response:
    return http.post(f"{town.products.url}/products", json=TEA, headers=dict(ann.headers))


@contextlib.contextmanager
def _connected(town: Town, count: int) -> Iterator[None]:
    """Connections that ask for nothing."""
    with contextlib.ExitStack() as held:
        for _ in range(count):
            connection = HTTPConnection("127.0.0.1", town.products.port, timeout=_BACK_SECONDS)
            held.callback(connection.close)
            connection.connect()
        yield


def _wait_until_served(town: Town, http: httpx2.Client, ann: Ann) -> None:
    end = time.monotonic() + _BACK_SECONDS
    while True:
        with contextlib.suppress(httpx2.TransportError):
            if http.get(town.products.url + ann.product, headers=dict(ann.headers)).status_code == 200:
                return
        assert time.monotonic() < end, town.products.said()
        time.sleep(0.1)
