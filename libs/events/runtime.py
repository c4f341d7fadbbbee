"""The relay and the consumers of a service, run beside its requests.

    events = EventRuntime(settings, sessions, service="product_service", handlers=HANDLERS, registry=metrics)
    async with events.running():
        yield

Without NATS the service starts, is ready and records events. Nothing here is part of readiness.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from nats.errors import Error as NatsError
from opentelemetry import trace
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.errors import DatabaseError
from libs.db.pruning import PruneBatch
from libs.db.sessions import SessionFactory
from libs.events import outbox
from libs.events.connection import NatsConnection, connect
from libs.events.consumer import Consumer, Handler, consumers_of
from libs.events.inbox import Inbox, prune_inbox
from libs.events.metrics import EventMetrics
from libs.events.relay import Relay
from libs.events.settings import EventSettings
from libs.events.waiting import wait_for_any
from libs.events.worker import RetryPolicy, Worker

_MEASURE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class EventRuntime:
    """Publishes the events that the service records, and applies the events that it consumes."""

    def __init__(
        self,
        settings: EventSettings,
        sessions: SessionFactory,
        *,
        service: str,
        handlers: Sequence[Handler[Any]] = (),
        registry: CollectorRegistry,
        tracer_provider: trace.TracerProvider | None = None,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._service = service
        self._consumers = consumers_of(service, handlers)
        self._metrics = EventMetrics(registry)
        self._tracer = trace.get_tracer(__name__, tracer_provider=tracer_provider)

    @property
    def prune_batches(self) -> Mapping[str, PruneBatch]:
        """Return what the service's `Pruner` removes from the tables of events."""

        async def published(session: AsyncSession, limit: int) -> int:
            return await outbox.prune_outbox(session, limit, retention=self._settings.outbox_retention)

        async def applied(session: AsyncSession, limit: int) -> int:
            return await prune_inbox(session, limit, retention=self._settings.inbox_retention)

        return {"event_outbox": published, "event_inbox": applied}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relay and consume while the block runs; then finish the current events within the drain time."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self._run(stopping))
        try:
            yield
        finally:
            stopping.set()
            await _finish(task, self._settings.events_drain_seconds)

    async def _run(self, stopping: asyncio.Event) -> None:
        await asyncio.gather(self._measure(stopping), self._deliver(stopping))

    async def _deliver(self, stopping: asyncio.Event) -> None:
        if not self._settings.events_url:
            _log.warning("EVENTS_URL is empty: events are recorded and stay in the outbox")
            return
        try:
            await self._connected(stopping)
        except Exception:  # noqa: BLE001  # the service goes on without events, and the lag shows it
            _log.exception("events stay in the outbox until the next start")

    async def _connected(self, stopping: asyncio.Event) -> None:
        connecting = asyncio.create_task(connect(self._settings, service=self._service))
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait((connecting, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not connecting.done():
            connecting.cancel()
            return
        connection = await connecting
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(Relay(self._sessions, connection, self._metrics).run(stopping))
                group.create_task(self._measure_consumers(stopping, connection))
                for consumer in self._consumers:
                    group.create_task(self._worker(consumer, connection).run(stopping))
        finally:
            await connection.close()

    def _worker(self, consumer: Consumer, connection: NatsConnection) -> Worker:
        return Worker(
            consumer,
            connection,
            Inbox(self._sessions, consumer.service, seconds=self._settings.events_handler_seconds),
            metrics=self._metrics,
            tracer=self._tracer,
            retries=RetryPolicy(self._settings.events_max_deliveries),
        )

    async def _measure(self, stopping: asyncio.Event) -> None:
        """Keep the gauges of the outbox up to date, without a connection too."""
        while not stopping.is_set():
            try:
                async with self._sessions.read() as session:
                    lag = await outbox.lag(session)
                self._metrics.outbox_rows.set(lag.rows)
                self._metrics.outbox_seconds.set(lag.seconds)
            except (DatabaseError, OSError, TimeoutError) as error:
                _log.debug("the lag of the outbox is unknown: %s", error)
            except Exception:  # noqa: BLE001  # one that is a fault of ours must not end the delivery
                _log.exception("the lag of the outbox is unknown")
            await wait_for_any(_MEASURE_SECONDS, stopping)

    async def _measure_consumers(self, stopping: asyncio.Event, connection: NatsConnection) -> None:
        """Keep the gauge of consumers up to date; a consumer whose lag is unknown has no series."""
        try:
            while not stopping.is_set():
                for consumer in self._consumers:
                    await self._measure_consumer(consumer, connection)
                await wait_for_any(_MEASURE_SECONDS, stopping)
        finally:
            for consumer in self._consumers:
                self._metrics.consumer_lag.remove(consumer.source)

    async def _measure_consumer(self, consumer: Consumer, connection: NatsConnection) -> None:
        try:
            info = await connection.jetstream.consumer_info(consumer.stream, consumer.service)
        except (NatsError, OSError, TimeoutError) as error:
            _log.debug("the lag of events of %s is unknown: %s", consumer.source, error)
            self._metrics.consumer_lag.remove(consumer.source)
            return
        waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
        self._metrics.consumer_lag.labels(consumer.source).set(waiting)


async def _finish(task: asyncio.Task[None], seconds: float) -> None:
    """Wait for a task, and cancel it after some seconds; JetStream redelivers its unacknowledged message."""
    await asyncio.wait((task,), timeout=seconds)
    if not task.done():
        _log.warning("events that were being handled did not finish within %g s", seconds)
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
