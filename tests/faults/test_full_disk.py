"""With a full disk of the database, reads work, writes are 503, and no acknowledged write is lost.

PostgreSQL treats its two kinds of files differently. Without space for rows a statement fails; without space for the
write-ahead log the whole server ends.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from libs.db.testing import PostgresServer
from tests.faults.disk import Disk, small_disk
from tests.service_stack import (
    BOUND_SECONDS,
    TEA,
    SeededUser,
    ServiceStack,
    client,
    postgres_stack,
    seed_user_and_product,
    sqlite_stack,
)

_BACK_SECONDS = 60
_KIB_OF_POSTGRES = 96 * 1024


def test_under_sqlite(tmp_path: Path) -> None:
    """Writes are 503 and reads work; with free space writes work again, and acknowledged writes are stored."""
    folder = tmp_path / "disk"
    folder.mkdir()
    stack = sqlite_stack(tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{folder / 'products.db'}")
    with (
        small_disk(folder, kib=700) as disk,
        stack.users.running(),
        stack.products.running(through=disk.through),
        client() as http,
    ):
        _assert_reads_outlive(disk, stack, http)


def test_under_the_rows_of_postgresql(tmp_path: Path) -> None:
    """Without space for rows, PostgreSQL behaves like SQLite."""
    with _postgres_on("data", tmp_path) as (disk, _, stack), client() as http:
        _assert_reads_outlive(disk, stack, http)


def test_under_the_log_of_postgresql(tmp_path: Path) -> None:
    """The server ends and all requests are 503; after a start with free space, acknowledged writes are stored."""
    with _postgres_on("wal", tmp_path) as (disk, server, stack), client() as http:
        ann = seed_user_and_product(stack, http)
        disk.fill(leaving=200)
        written = _fill(stack, http, ann)
        server.wait_for_end()
        for _ in range(5):
            _assert_unavailable(_write(stack, http, ann))
            for path in (ann.product, "/products", "/products?q=tea"):
                _assert_unavailable(_read(stack, http, ann, path))
            assert [_read(stack, http, ann, path).status_code for path in ("/livez", "/readyz")] == [200, 503]
        disk.make_room()
        server.start()
        _wait_until_works(stack, http, ann)
        _assert_there(stack, http, ann, written)


def _assert_reads_outlive(disk: Disk, stack: ServiceStack, http: httpx2.Client) -> None:
    ann = seed_user_and_product(stack, http)
    disk.fill(leaving=200)
    written = _fill(stack, http, ann)
    for _ in range(5):
        _assert_unavailable(_write(stack, http, ann))
        # No search: it would first store the words of new products, for which there is no space.
        for path in (ann.product, "/products", "/products?q=tea", "/livez", "/readyz"):
            assert _read(stack, http, ann, path).status_code == 200, path
    disk.make_room()
    _wait_until_works(stack, http, ann)
    _assert_there(stack, http, ann, written)


@contextmanager
def _postgres_on(files: str, folder: Path) -> Iterator[tuple[Disk, PostgresServer, ServiceStack]]:
    """Run both services on a PostgreSQL that has these files on a small disk; no service may end."""
    # Not pytest's folder: a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as place:
        small = Path(place) / files
        small.mkdir()
        with small_disk(small, kib=_KIB_OF_POSTGRES) as disk:
            server = PostgresServer(Path(place), durable=True, through=disk.through)
            server.start()
            try:
                stack = postgres_stack(server, folder, "full")
                with stack.users.running(), stack.products.running():
                    yield disk, server, stack
            finally:
                server.stop()


def _fill(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> list[str]:
    """Write until the disk is full, and return the paths of the acknowledged products."""
    written: list[str] = []
    for _ in range(2000):
        answer = _write(stack, http, ann)
        if answer.status_code != 201:
            _assert_unavailable(answer)
            return written
        written.append(answer.headers["location"])
    raise AssertionError("the disk does not fill")


def _write(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> httpx2.Response:
    body = TEA | {"description": "Leaves. " * 200}
    return http.post(f"{stack.products.url}/products", json=body, headers=dict(ann.headers))


def _read(stack: ServiceStack, http: httpx2.Client, ann: SeededUser, path: str) -> httpx2.Response:
    return http.get(stack.products.url + path, headers=dict(ann.headers))


def _assert_unavailable(answer: httpx2.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "urn:problem:database-unavailable"
    assert answer.elapsed.total_seconds() < BOUND_SECONDS


def _wait_until_works(stack: ServiceStack, http: httpx2.Client, ann: SeededUser) -> None:
    end = time.monotonic() + _BACK_SECONDS
    while _write(stack, http, ann).status_code != 201:
        assert time.monotonic() < end, stack.products.said()
        time.sleep(0.1)


def _assert_there(stack: ServiceStack, http: httpx2.Client, ann: SeededUser, written: list[str]) -> None:
    for path in (*written, "/readyz"):
        assert _read(stack, http, ann, path).status_code == 200, path
    names = [item["id"] for item in _read(stack, http, ann, "/products?q=leaves&limit=100").json()["items"]]
    assert {path.rpartition("/")[2] for path in written[-50:]} <= set(names)
