"""The outbox belongs to the caller's transaction, works without a broker and is pruned."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_current_span
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.sessions import SessionFactory
from libs.events.errors import EventTooLarge
from libs.events.outbox import MAX_BYTES, lag, record
from libs.events.runtime import EventRuntime
from libs.events.settings import EventSettings
from libs.events.tables import INBOX, OUTBOX
from libs.events.tests.orders import OrderChanged, OrderData, OrderPlaced
from libs.events.tests.shop import WAIT_SECONDS, change_order, effects, handlers, recorded, running, wait_for_effects


async def test_without_a_broker_events_are_recorded(sessions: SessionFactory, caplog: pytest.LogCaptureFixture) -> None:
    """Without a broker, one warning is logged and the metrics show the lag."""
    registry = CollectorRegistry()
    await change_order(sessions, "a")
    async with running(sessions, "", registry=registry), asyncio.timeout(WAIT_SECONDS):
        while registry.get_sample_value("events_outbox_unpublished") != 1:  # noqa: ASYNC110  # a metric
            await asyncio.sleep(0.01)
    assert [entry.message for entry in caplog.records if entry.levelno >= logging.WARNING] == [
        "EVENTS_URL is empty: events are recorded and stay in the outbox"
    ]
    assert (registry.get_sample_value("events_outbox_lag_seconds") or 0) > 0


async def test_an_unknown_broker_delays_neither_start_nor_end(sessions: SessionFactory) -> None:
    """With a broker URL on which nothing listens, start and stop are not delayed."""
    async with asyncio.timeout(5):
        async with running(sessions, "nats://127.0.0.1:9"):
            await change_order(sessions, "a")
            await asyncio.sleep(0.3)
    async with sessions.read() as session:
        assert (await lag(session)).rows == 1


async def test_an_event_larger_than_a_message_is_rejected(sessions: SessionFactory) -> None:
    """The event is rejected before it is stored, since the relay could never publish it."""
    event = OrderPlaced(subject="a", aggregateversion=1, data=OrderData(note="x" * MAX_BYTES))
    async with sessions.begin() as session:
        with pytest.raises(EventTooLarge):
            await record(session, event)
    assert await recorded(sessions) == set()


async def test_old_rows_are_pruned(sessions: SessionFactory, nats_url: str) -> None:
    """Published events are deleted after 7 days, inbox rows after 14; unpublished events stay."""
    async with running(sessions, nats_url) as runtime:
        for _ in range(2):
            await change_order(sessions, "a")
        await wait_for_effects(sessions, 2)
    kept = await change_order(sessions, "b")
    for days, left in ((6.9, (3, 2)), (13.9, (1, 2)), (14.1, (1, 0))):
        await _age(sessions, timedelta(days=days))
        assert await _prune(sessions, runtime) == left
    assert await recorded(sessions) == {kept}


async def test_the_trace_goes_from_the_request_to_the_effect(sessions: SessionFactory, nats_url: str) -> None:
    """The span of the consumer has the trace id of the span in which the event was recorded."""
    traces: list[int] = []

    async def note_trace(_: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
        assert session.in_transaction()
        traces.append(get_current_span().get_span_context().trace_id)

    provider = TracerProvider(shutdown_on_exit=False)
    with provider.get_tracer("test").start_as_current_span("request") as span:
        await change_order(sessions, "a")
    async with sessions.read() as session:
        payload = json.loads((await session.scalars(sa.select(OUTBOX.c.payload))).one())
    trace_id = span.get_span_context().trace_id
    assert payload["traceparent"].split("-")[1] == f"{trace_id:032x}"
    runtime = EventRuntime(
        EventSettings(events_url=nats_url),
        sessions,
        service="shop",
        handlers=handlers(note_trace),
        registry=CollectorRegistry(),
        tracer_provider=provider,
    )
    async with runtime.running(), asyncio.timeout(WAIT_SECONDS):
        while not traces:  # noqa: ASYNC110  # set by the handler
            await asyncio.sleep(0.01)
    assert traces == [trace_id]
    assert await effects(sessions) == []


async def _age(sessions: SessionFactory, age: timedelta) -> None:
    async with sessions.begin() as session:
        await session.execute(sa.update(OUTBOX).values(recorded_at=datetime.now(UTC) - age))
        await session.execute(sa.update(INBOX).values(applied_at=datetime.now(UTC) - age))


async def _prune(sessions: SessionFactory, runtime: EventRuntime) -> tuple[int, int]:
    """Prune and return how many rows the outbox and the inbox have."""
    async with sessions.begin() as session:
        for batch in runtime.prune_batches.values():
            await batch(session, 500)
        counts = [await session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (OUTBOX, INBOX)]
    return counts[0] or 0, counts[1] or 0
