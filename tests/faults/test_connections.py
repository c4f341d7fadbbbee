"""PostgreSQL or PgBouncer closes connections while clients write: 503, no write lost, and the pool recovers.

CUT_CONNECTIONS and RESTARTS in the environment set how many.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest

from libs.db.pgbouncer_testing import PgBouncer, pgbouncer
from libs.db.testing import PostgresServer, postgres_server
from tests.faults.write_load import WriteLoad
from tests.program import Program
from tests.service_stack import client, postgres_stack, seed_user_and_product

_CUT = int(os.environ.get("CUT_CONNECTIONS", "60"))
_RESTARTS = int(os.environ.get("RESTARTS", "2"))
_POOL = 8
_SECONDS = 60

_OURS = "datname = current_database() AND pid <> pg_backend_pid()"
_WAITING = f"SELECT count(*) FROM pg_stat_activity WHERE {_OURS} AND wait_event_type = 'Lock'"  # constants
_CUT_WAITING = _WAITING.replace("count(*)", "count(pg_terminate_backend(pid))")
_CUT_ACTIVE = _CUT_WAITING.replace("wait_event_type = 'Lock'", "state <> 'idle' AND application_name <> 'holder'")


@dataclass(frozen=True, slots=True)
class Shop:
    """The product service, its clients, and the servers behind it."""

    program: Program
    load: WriteLoad
    server: PostgresServer
    database: str
    bouncer: PgBouncer | None

    def assert_whole(self) -> None:
        """Check that all responses were success or 503, no write is lost, and all slots of the pool can be used."""
        assert self.load.unexpected == []
        assert asyncio.run(_held_at_once(self)) == ([201] * _POOL, _POOL)
        assert self.load.lost() == []
        assert "Traceback" not in self.program.said()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that a test may stop, as long as it starts it again."""
    with postgres_server(durable=True) as running:
        yield running


@pytest.fixture(scope="module", params=["direct", "pooled"])
def shop(
    request: pytest.FixtureRequest, server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A product service on PostgreSQL, or behind a PgBouncer in transaction mode."""
    name = str(request.param)
    with pgbouncer(server, pool_size=_POOL) as bouncer:
        database = f"{name}_products"
        pooled = {"DATABASE_URL": bouncer.url(database), "DATABASE_TRANSACTION_POOLER": "true"}
        settings = pooled if name == "pooled" else {}
        stack = postgres_stack(server, tmp_path_factory.mktemp(name), name, **settings)
        with stack.users.running(), stack.products.running(), client() as http:
            load = WriteLoad(stack.products.url, seed_user_and_product(stack, http).headers)
            yield Shop(stack.products, load, server, database, bouncer if settings else None)


def test_connections_cut_in_the_middle_of_statements(shop: Shop) -> None:
    """Connections are terminated while they wait for a row lock, and in any other state."""
    with shop.load.running():
        asyncio.run(_cut(shop, _CUT))
    assert shop.load.statuses[503] > 0
    shop.assert_whole()


def test_eight_connections_cut_while_they_wait_for_a_row(shop: Shop) -> None:
    """When all eight connections of the pool are cut, eight requests get 503, and then eight slots work."""
    with ThreadPoolExecutor(_POOL) as threads:
        assert asyncio.run(_cut_all(shop, threads)) == [503] * _POOL
    shop.assert_whole()


def test_fast_stops_and_starts(shop: Shop) -> None:
    """PostgreSQL, or PgBouncer if there is one, is stopped and started repeatedly."""
    with shop.load.running():
        for _ in range(_RESTARTS):
            time.sleep(0.5)
            server = shop.bouncer or shop.server
            server.stop()
            server.start()
        time.sleep(1)
    shop.assert_whole()


async def _connect(shop: Shop, name: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=str(shop.server.folder),
        user="postgres",
        database=shop.database,
        server_settings={"application_name": name},
    )


async def _hold(holder: asyncpg.Connection, shop: Shop) -> None:
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM products WHERE id = $1 FOR UPDATE", shop.load.product.rpartition("/")[2])


async def _cut(shop: Shop, count: int) -> None:
    """Terminate `_CUT` connections that wait for a row lock, then a few rounds of all that are active."""
    holder, cutter = await _connect(shop, "holder"), await _connect(shop, "cutter")
    cut = 0
    async with asyncio.timeout(_SECONDS):
        while cut < count:
            await _hold(holder, shop)
            await asyncio.sleep(0.05)
            cut += await cutter.fetchval(_CUT_WAITING)
            await holder.execute("ROLLBACK")
            for _ in range(5):
                await asyncio.sleep(0.003)
                cut += await cutter.fetchval(_CUT_ACTIVE)
    await holder.close()
    await cutter.close()


async def _held_at_once(shop: Shop) -> tuple[list[int], int]:
    """Send as many reservations as the pool has slots while the row is locked; return statuses and how many waited."""
    holder, watcher = await _connect(shop, "holder"), await _connect(shop, "watcher")
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(_POOL) as threads:
        await _hold(holder, shop)
        answers = [loop.run_in_executor(threads, shop.load.reserve) for _ in range(_POOL)]
        waiting = await _until_all_wait(watcher)
        await holder.execute("ROLLBACK")
        statuses = await asyncio.gather(*answers)
    await holder.close()
    await watcher.close()
    return statuses, waiting


async def _cut_all(shop: Shop, threads: ThreadPoolExecutor) -> list[int]:
    holder, cutter = await _connect(shop, "holder"), await _connect(shop, "cutter")
    loop = asyncio.get_running_loop()
    await _hold(holder, shop)
    answers = [loop.run_in_executor(threads, shop.load.reserve) for _ in range(_POOL)]
    assert await _until_all_wait(cutter) == _POOL
    assert await cutter.fetchval(_CUT_WAITING) == _POOL
    statuses = await asyncio.gather(*answers)
    await holder.close()
    await cutter.close()
    return statuses


async def _until_all_wait(watcher: asyncpg.Connection) -> int:
    """Return how many wait for a lock, once the whole pool waits, or before the statement timeout."""
    end = time.monotonic() + 4
    while (waiting := int(await watcher.fetchval(_WAITING))) < _POOL and time.monotonic() < end:  # noqa: ASYNC110  # the server tells nobody
        await asyncio.sleep(0.02)
    return waiting
