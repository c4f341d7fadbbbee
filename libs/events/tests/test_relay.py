"""The relay keeps the order of each aggregate and stops as soon as it may have lost its lease."""

import asyncio
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from libs.db.sessions import SessionFactory
from libs.events.errors import BrokerUnavailable, LeaseLost
from libs.events.event import Attributes
from libs.events.lease import Lease
from libs.events.metrics import EventMetrics
from libs.events.outbox import lag
from libs.events.relay import Relay
from libs.events.tests.shop import change_order

_SHORT = 0.2


class _Publisher:
    """Records the published messages, and fails for the order `away` while `is_failing`."""

    def __init__(self) -> None:
        self.is_failing = True
        self.published: list[tuple[str, int]] = []

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """Publish, see `libs.events.relay.Publisher`."""
        event = Attributes.model_validate_json(payload)
        assert (event.nats_subject, event.id) == (subject, headers["Nats-Msg-Id"])
        if self.is_failing and event.subject == "away":
            raise BrokerUnavailable("no acknowledgement")
        self.published.append((event.subject, event.aggregateversion))


async def _run_for(seconds: float, relay: Relay) -> None:
    stopping = asyncio.Event()
    task = asyncio.create_task(relay.run(stopping))
    await asyncio.sleep(seconds)
    stopping.set()
    await task


async def _unpublished(sessions: SessionFactory) -> int:
    async with sessions.read() as session:
        return (await lag(session)).rows


async def test_an_event_waits_for_the_one_before_it(sessions: SessionFactory) -> None:
    """Until an event is acknowledged, later ones of its aggregate are not published; other aggregates are."""
    publisher, registry = _Publisher(), CollectorRegistry()
    for order in ("away", "away", "here", "here"):
        await change_order(sessions, order)
    relay = Relay(sessions, publisher, EventMetrics(registry))
    await _run_for(0.5, relay)
    assert publisher.published == [("here", 1), ("here", 2)]
    assert await _unpublished(sessions) == 2
    assert (registry.get_sample_value("events_publish_errors_total") or 0) >= 1
    publisher.is_failing = False
    await _run_for(0.5, relay)
    assert publisher.published[2:] == [("away", 1), ("away", 2)]
    assert await _unpublished(sessions) == 0


async def test_without_the_lease_nothing_is_published(sessions: SessionFactory) -> None:
    """Nothing is published if another process holds the lease or it was not renewed in time."""
    publisher = _Publisher()
    await change_order(sessions, "here")
    other = Lease(sessions, "relay", seconds=60)
    assert await other.acquire()
    relay = Relay(sessions, publisher, EventMetrics(CollectorRegistry()), lease_seconds=_SHORT)
    await _run_for(2 * _SHORT, relay)
    with pytest.raises(LeaseLost):
        await relay.relay_batch()
    assert publisher.published == []
    await other.release()
    await _run_for(2 * _SHORT, relay)
    assert publisher.published == [("here", 1)]


async def test_a_stopped_relay_leaves_the_lease_to_the_next(sessions: SessionFactory) -> None:
    """A stopped relay releases the lease, so the next one does not wait for its expiry."""
    await _run_for(_SHORT, Relay(sessions, _Publisher(), EventMetrics(CollectorRegistry())))
    assert await Lease(sessions, "relay", seconds=60).acquire()
