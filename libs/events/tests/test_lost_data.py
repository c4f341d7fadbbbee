"""Events that the broker lost are published again; events that it delivers late are applied once."""

import asyncio
from datetime import UTC, datetime, timedelta

from libs.db.sessions import SessionFactory
from libs.events.nats_testing import NatsServer
from libs.events.outbox import lag, replay
from libs.events.tests.shop import change_order, effects, running, wait_for_effects
from libs.events.tests.streams import ACK_WAIT_SECONDS, DUPLICATE_WINDOW_SECONDS, create_streams


async def test_replay_restores_what_an_emptied_broker_lost(sessions: SessionFactory, own_server: NatsServer) -> None:
    """Events lost before they were consumed are each applied once; events already applied are not applied again."""
    began = datetime.now(UTC)
    await create_streams(own_server.url)
    async with running(sessions, own_server.url):
        await change_order(sessions, "a")
        await wait_for_effects(sessions, 1)
    async with running(sessions, own_server.url, []):
        for _ in range(3):
            await change_order(sessions, "a")
        await _wait_until_published(sessions)
    own_server.kill()
    own_server.empty()
    own_server.start()
    await create_streams(own_server.url)
    async with running(sessions, own_server.url):
        await asyncio.sleep(0.5)
        assert len(await effects(sessions)) == 1
        assert await replay(sessions, began - timedelta(seconds=1)) == 4
        found = await wait_for_effects(sessions, 4)
    assert [effect.version for effect in found] == [1, 2, 3, 4]


async def test_replay_takes_only_what_is_recorded_since(sessions: SessionFactory) -> None:
    """Rows are counted, published or not."""
    await change_order(sessions, "a")
    middle = datetime.now(UTC)
    await change_order(sessions, "a")
    assert await replay(sessions, middle) == 1


async def test_a_consumer_may_be_away_longer_than_all_windows(sessions: SessionFactory, nats_url: str) -> None:
    """The pause is longer than the acknowledgement timeout and than JetStream's window for duplicates."""
    async with running(sessions, nats_url, []):
        began = datetime.now(UTC)
        for _ in range(3):
            await change_order(sessions, "a")
        await _wait_until_published(sessions)
        await asyncio.sleep(max(ACK_WAIT_SECONDS, DUPLICATE_WINDOW_SECONDS) + 0.5)
        # JetStream stores each a second time.
        assert await replay(sessions, began) == 3
        await _wait_until_published(sessions)
    async with running(sessions, nats_url):
        await wait_for_effects(sessions, 3)
        await change_order(sessions, "b")
        found = await wait_for_effects(sessions, 4)
    assert [(effect.order_id, effect.version) for effect in found] == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]


async def _wait_until_published(sessions: SessionFactory) -> None:
    async with asyncio.timeout(60):
        while True:
            async with sessions.read() as session:
                if (await lag(session)).rows == 0:
                    return
            await asyncio.sleep(0.02)
