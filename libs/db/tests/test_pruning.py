"""Expired rows are removed in batches, by one replica at a time."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.errors import SerializationFailure
from libs.db.pruning import Pruner, delete_batch
from libs.db.sessions import SessionFactory
from libs.db.tests.models import Thing


async def _prune_things(session: AsyncSession, limit: int) -> int:
    return await delete_batch(session, Thing, Thing.amount < 1200, limit)


async def _count(sessions: SessionFactory) -> int:
    async with sessions.read() as session:
        return (await session.execute(select(func.count()).select_from(Thing))).scalar_one()


@pytest.fixture
async def filled(sessions: SessionFactory) -> SessionFactory:
    """1300 rows, of which 1200 are expired."""
    async with sessions.begin() as session:
        await session.execute(insert(Thing), [{"id": str(number), "amount": number} for number in range(1300)])
    return sessions


async def test_all_expired_rows_go_and_no_other(filled: SessionFactory) -> None:
    """All expired rows are deleted in several batches, and the metric counts them."""
    registry = CollectorRegistry()
    await Pruner(filled, {"things": _prune_things}, registry=registry).prune()
    assert await _count(filled) == 100
    assert registry.get_sample_value("db_pruned_rows_total", {"kind": "things"}) == 1200


async def test_replicas_do_not_prune_at_the_same_time(filled: SessionFactory) -> None:
    """While one replica deletes a batch, another skips it. SQLite has no second replica."""
    if filled.is_sqlite:
        pytest.skip("one process serves a SQLite file")
    inside, going = asyncio.Event(), asyncio.Event()

    async def slowly(session: AsyncSession, limit: int) -> int:
        inside.set()
        await going.wait()
        return await _prune_things(session, limit)

    first = asyncio.create_task(Pruner(filled, {"things": slowly}, registry=CollectorRegistry()).prune())
    await inside.wait()
    async with asyncio.timeout(60):
        await Pruner(filled, {"things": _prune_things}, registry=CollectorRegistry()).prune()
    assert await _count(filled) == 1300
    going.set()
    await first
    assert await _count(filled) == 100


async def test_it_goes_on_in_the_background(filled: SessionFactory) -> None:
    """Rows are deleted at every interval, also after a failed one."""
    failures = iter([RuntimeError("a fault of the test")])

    async def first_fails(session: AsyncSession, limit: int) -> int:
        for error in failures:
            raise error
        return await _prune_things(session, limit)

    pruner = Pruner(filled, {"things": first_fails}, registry=CollectorRegistry(), interval_seconds=0.01)
    async with pruner.running(), asyncio.timeout(60):
        while await _count(filled) > 100:  # noqa: ASYNC110  # nothing tells of it but the rows
            await asyncio.sleep(0.01)


async def test_a_batch_that_collides_runs_again(filled: SessionFactory) -> None:
    """Expired rows are removed while other transactions change rows of the same table."""
    collisions = iter([SerializationFailure(), SerializationFailure()])

    async def collide_at_first(session: AsyncSession, limit: int) -> int:
        for error in collisions:
            raise error
        return await _prune_things(session, limit)

    await Pruner(filled, {"things": collide_at_first}, registry=CollectorRegistry()).prune()
    assert await _count(filled) == 100
