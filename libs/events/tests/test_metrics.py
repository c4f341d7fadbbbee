"""The metrics of lag, while the broker is available and while it is not."""

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from libs.db.sessions import SessionFactory
from libs.events.broker.names import event_stream
from libs.events.nats_testing import NatsServer
from libs.events.tests.shop import WAIT_SECONDS, change_order, running
from libs.events.tests.streams import SERVICE, create_streams, jetstream

UNPUBLISHED = "events_outbox_unpublished"


@pytest.fixture
def metrics() -> CollectorRegistry:
    """The metrics of a process."""
    return CollectorRegistry()


async def _wait(is_reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not is_reached():  # noqa: ASYNC110  # a metric
            await asyncio.sleep(0.05)


def _consumer_lag(metrics: CollectorRegistry) -> float | None:
    return metrics.get_sample_value("events_consumer_lag", {"source": SERVICE})


async def test_consumer_lag_is_absent_while_the_broker_is_away(
    sessions: SessionFactory, own_server: NatsServer, metrics: CollectorRegistry
) -> None:
    """The series is removed while its value is unknown, and returns with the broker."""
    await create_streams(own_server.url)
    async with running(sessions, own_server.url, registry=metrics):
        await _wait(lambda: _consumer_lag(metrics) == 0)
        own_server.stop()
        await _wait(lambda: _consumer_lag(metrics) is None)
        await change_order(sessions, "a")
        await _wait(lambda: metrics.get_sample_value(UNPUBLISHED) == 1)
        own_server.start()
        await _wait(lambda: _consumer_lag(metrics) == 0)


async def test_consumer_lag_is_absent_while_the_consumer_is_missing(
    sessions: SessionFactory, own_server: NatsServer, metrics: CollectorRegistry
) -> None:
    """A consumer that an administrator deleted has no lag."""
    await create_streams(own_server.url)
    async with running(sessions, own_server.url, registry=metrics):
        await _wait(lambda: _consumer_lag(metrics) == 0)
        async with jetstream(own_server.url) as admin:
            await admin.delete_consumer(event_stream(SERVICE), SERVICE)
        await _wait(lambda: _consumer_lag(metrics) is None)


async def test_outbox_lag_is_measured_before_the_first_connection(
    sessions: SessionFactory, metrics: CollectorRegistry
) -> None:
    """A broker that is not there when the service starts does not hide what waits in the outbox."""
    await change_order(sessions, "a")
    async with running(sessions, "nats://127.0.0.1:9", registry=metrics):
        await _wait(lambda: metrics.get_sample_value(UNPUBLISHED) == 1)
    assert _consumer_lag(metrics) is None


async def test_outbox_lag_is_measured_after_delivery_failed(
    sessions: SessionFactory, own_server: NatsServer, metrics: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error ends the delivery of events, and the metrics show it."""
    await create_streams(own_server.url)

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("unexpected")

    monkeypatch.setattr("libs.events.runtime.Relay.run", fail)
    async with running(sessions, own_server.url, registry=metrics):
        await change_order(sessions, "a")
        await _wait(lambda: metrics.get_sample_value(UNPUBLISHED) == 1)
        assert _consumer_lag(metrics) is None
