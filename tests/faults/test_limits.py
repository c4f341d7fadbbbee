"""Services whose machine has run out: of disk, of a disk that can be written to, of file descriptors."""

import contextlib
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from tests.faults.town import TEA, Ann, Town, client, settle, sqlite_town

_BACK_SECONDS = 10
_FEW_DESCRIPTORS = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The folder of the product service's database."""
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


@pytest.fixture
def town(tmp_path: Path, disk: Path) -> Town:
    """Both services, ready to start."""
    return sqlite_town(tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{disk / 'products.db'}")


def test_a_full_disk(town: Town, disk: Path) -> None:
    """Writes are 503 and reads go on; once there is room writes work again, and what was acknowledged is there."""
    with town.users.running(), town.products.running(through=_on("small", disk)), client() as http:
        ann = settle(town, http)
        written = _fill(town, http, ann)
        for _ in range(5):
            assert _write(town, http, ann).status_code == 503
            assert http.get(town.products.url + ann.product, headers=dict(ann.headers)).status_code == 200
            assert http.get(f"{town.products.url}/livez").status_code == 200
        assert town.products.process is not None
        Path(f"/proc/{town.products.process.pid}/root{disk}/filler").unlink()
        end = time.monotonic() + _BACK_SECONDS
        while _write(town, http, ann).status_code != 201:
            assert time.monotonic() < end, town.products.said()
            time.sleep(0.1)
        for path in written:
            assert http.get(town.products.url + path, headers=dict(ann.headers)).status_code == 200


def test_a_disk_that_cannot_be_written_to(town: Town, disk: Path) -> None:
    """The service ends with one sentence that says why, instead of serving half of what it should."""
    town.products.launch(through=_on("read-only", disk))
    assert town.products.process is not None
    assert town.products.process.wait(60) == 2
    said = "cannot be written to: Read-only file system"
    assert town.products.said() == f"product_service: {disk / 'products.db'} {said}\n"


def test_sixty_four_descriptors(town: Town) -> None:
    """A flood of connections is refused; who is connected is served, and others are when the flood is over."""
    with town.users.running(), town.products.running(through=_FEW_DESCRIPTORS), client() as http:
        ann = settle(town, http)
        with _connected(town, 200):
            for _ in range(20):
                assert http.get(town.products.url + ann.product, headers=dict(ann.headers)).status_code == 200
                assert _write(town, http, ann).status_code == 201
        with client() as another:
            _wait_until_served(town, another, ann)


def _on(kind: str, disk: Path) -> tuple[str, ...]:
    return (sys.executable, str(Path(__file__).with_name("disk.py")), kind, str(disk))


def _fill(town: Town, http: httpx.Client, ann: Ann) -> list[str]:
    """Write until there is no room; where the products are that were acknowledged."""
    written: list[str] = []
    for _ in range(1000):
        answer = _write(town, http, ann)
        if answer.status_code != 201:
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:problem:database-unavailable"
            return written
        written.append(answer.headers["location"])
    raise AssertionError("the disk does not fill")


def _write(town: Town, http: httpx.Client, ann: Ann) -> httpx.Response:
    body = TEA | {"description": "Leaves. " * 200}
    return http.post(f"{town.products.url}/products", json=body, headers=dict(ann.headers))


@contextlib.contextmanager
def _connected(town: Town, count: int) -> Iterator[None]:
    """Connections that ask for nothing."""
    with contextlib.ExitStack() as held:
        for _ in range(count):
            connection = HTTPConnection("127.0.0.1", town.products.port, timeout=10)
            held.callback(connection.close)
            connection.connect()
        yield


def _wait_until_served(town: Town, http: httpx.Client, ann: Ann) -> None:
    end = time.monotonic() + _BACK_SECONDS
    while True:
        with contextlib.suppress(httpx.TransportError):
            if http.get(town.products.url + ann.product, headers=dict(ann.headers)).status_code == 200:
                return
        assert time.monotonic() < end, town.products.said()
        time.sleep(0.1)
