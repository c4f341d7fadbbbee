"""Recorded events are published and applied once and in order, even if the broker stops meanwhile."""

import asyncio
import contextlib

from prometheus_client import CollectorRegistry

from libs.db.sessions import SessionFactory
from libs.events.nats_testing import NatsServer
from libs.events.outbox import record
from libs.events.tests.orders import OrderData, OrderPlaced
from libs.events.tests.shop import (
    change_order,
    effects,
    recorded,
    replica,
    running,
    wait_for_effects,
)
from libs.events.tests.streams import create_streams


async def test_committed_events_are_applied_once_and_in_order(sessions: SessionFactory, nats_url: str) -> None:
    """Three orders, ten changes each; metrics count them."""
    registry = CollectorRegistry()
    async with running(sessions, nats_url, registry=registry):
        for _ in range(10):
            for order in ("a", "b", "c"):
                await change_order(sessions, order)
        found = await wait_for_effects(sessions, 30)
    for order in ("a", "b", "c"):
        assert [effect.version for effect in found if effect.order_id == order] == list(range(1, 11))
    assert {effect.event_id for effect in found} == await recorded(sessions)
    assert registry.get_sample_value("events_published_total") == 30
    labels = {"source": "shop", "result": "applied"}
    assert registry.get_sample_value("events_consumed_total", labels) == 30


async def test_a_rolled_back_event_is_never_published(sessions: SessionFactory, nats_url: str) -> None:
    """The row belongs to the transaction of the change."""
    with contextlib.suppress(ZeroDivisionError):
        async with sessions.begin() as session:
            await record(session, OrderPlaced(subject="a", aggregateversion=1, data=OrderData()))
            raise ZeroDivisionError
    async with running(sessions, nats_url):
        await change_order(sessions, "b")
        found = await wait_for_effects(sessions, 1)
    assert [effect.order_id for effect in found] == ["b"]


async def test_the_service_runs_while_the_broker_is_away(sessions: SessionFactory, own_server: NatsServer) -> None:
    """While the broker is down, before the start or later, events wait in the outbox; then all arrive."""
    await create_streams(own_server.url)
    own_server.stop()
    async with running(sessions, own_server.url):
        await change_order(sessions, "a")
        own_server.start()
        await wait_for_effects(sessions, 1)
        own_server.kill()
        for _ in range(5):
            await change_order(sessions, "a")
        await asyncio.sleep(0.5)
        own_server.start()
        found = await wait_for_effects(sessions, 6)
    assert [effect.version for effect in found] == [1, 2, 3, 4, 5, 6]


async def test_two_replicas_apply_once_and_in_order(sessions: SessionFactory, url: str, nats_url: str) -> None:
    """Two relays and two workers on one database."""
    async with (
        replica(url) as second,
        running(sessions, nats_url),
        running(second, nats_url),
    ):
        for number in range(40):
            await change_order(second if number % 2 else sessions, "a")
        await wait_for_effects(sessions, 40)
        await asyncio.sleep(1.5)
        found = await effects(sessions)
    assert [effect.version for effect in found] == list(range(1, 41))
