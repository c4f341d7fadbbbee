"""The worker fetches the messages of one consumer, one at a time, and applies them.

One message at a time keeps the order, makes the server's count of deliveries a count of attempts, and leaves little to
finish when the process stops. Order holds for several replicas too, since the consumer's `max_ack_pending` is 1: the
server hands out no other message before this one is acknowledged or its delay is over.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.errors import ServiceUnavailableError
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from libs.db.errors import DatabaseUnavailable, MissingTable, SerializationFailure
from libs.events.connection import ACK_SECONDS, NatsConnection, describe
from libs.events.consumer import Consumer, Handler
from libs.events.dead_letters import move
from libs.events.errors import BrokerUnavailable, MissingStream, Reason, Rejected
from libs.events.event import Attributes, Event
from libs.events.inbox import Inbox, Result
from libs.events.metrics import EventMetrics
from libs.events.reading import read_event
from libs.events.waiting import wait_for_any

FETCH_SECONDS = 0.5
_PAUSE_SECONDS = 1.0
_FIRST_DELAY_SECONDS = 0.5
_MAX_DELAY_SECONDS = 30.0
_DATABASE_ERRORS = (DatabaseUnavailable, MissingTable, SerializationFailure)
_log = logging.getLogger(__name__)
_propagator = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often an event is delivered, and how long the delay before the second delivery is. It doubles each time."""

    max_deliveries: int = 5
    first_delay_seconds: float = _FIRST_DELAY_SECONDS

    def delay(self, deliveries: int) -> float:
        """Return the seconds until the next delivery."""
        return float(min(self.first_delay_seconds * 2 ** (deliveries - 1), _MAX_DELAY_SECONDS))


class Worker:
    """Applies the messages of one consumer while `run` runs."""

    def __init__(
        self,
        consumer: Consumer,
        connection: NatsConnection,
        inbox: Inbox,
        *,
        metrics: EventMetrics,
        tracer: trace.Tracer,
        retries: RetryPolicy,
    ) -> None:
        self._consumer = consumer
        self._connection = connection
        self._inbox = inbox
        self._metrics = metrics
        self._tracer = tracer
        self._retries = retries

    async def run(self, stopping: asyncio.Event) -> None:
        """Apply messages until `stopping` is set; the current one is finished and acknowledged."""
        logged = ""
        while not stopping.is_set():
            try:
                await self._consume(stopping)
            except (NatsError, BrokerUnavailable, OSError, TimeoutError) as error:
                if logged != (logged := await self._reason(error)):
                    _log.warning("events of %s wait for NATS: %s", self._consumer.source, logged)
                await wait_for_any(_PAUSE_SECONDS, stopping)
            except Exception:  # noqa: BLE001  # one that is a fault of ours must not end the consumer
                _log.exception("events of %s were not consumed", self._consumer.source)
                await wait_for_any(_PAUSE_SECONDS, stopping)

    async def _reason(self, error: Exception) -> str:
        """Return why nothing can be fetched; JetStream answers alike if the stream or the consumer is missing."""
        if isinstance(error, ServiceUnavailableError):
            try:
                await self._connection.check_consumer(self._consumer.stream, self._consumer.service)
            except MissingStream as missing:
                return describe(missing)
            except (NatsError, OSError, TimeoutError):
                pass
        return describe(error)

    async def _consume(self, stopping: asyncio.Event) -> None:
        subscription = await self._connection.jetstream.pull_subscribe_bind(
            consumer=self._consumer.service, stream=self._consumer.stream
        )
        try:
            while not stopping.is_set():
                message = await _fetch(subscription, stopping)
                if message is not None:
                    await self.handle(message, stopping)
        finally:
            with suppress(NatsError, OSError):
                await subscription.unsubscribe()

    async def handle(self, message: Msg, stopping: asyncio.Event) -> None:
        """Apply one message and acknowledge it, or have it delivered again, or move it to the dead letters.

        Raises:
            NatsError: the acknowledgement did not reach the server, which will deliver the message again.
            BrokerUnavailable: a dead letter was not stored; likewise.
        """
        try:
            handler, event = read_event(message.data, self._consumer.handlers)
            await self._check_deliveries(message, event)
            result = await self._apply(handler, event, message, stopping)
        except Rejected as rejected:
            await self._reject(message, rejected)
            return
        if result is not None:
            await message.ack_sync(ACK_SECONDS)
            self._metrics.consumed.labels(self._consumer.source, result).inc()

    async def _check_deliveries(self, message: Msg, event: Attributes) -> None:
        """Reject a message whose deliveries all ended without an answer, such as one that ends the process."""
        deliveries = message.metadata.num_delivered
        if deliveries > self._retries.max_deliveries and not await self._inbox.has(event.id):
            raise Rejected(Reason.UNACKNOWLEDGED, f"{deliveries - 1} deliveries without an acknowledgement")

    async def _apply(
        self, handler: Handler[Any], event: Event[Any], message: Msg, stopping: asyncio.Event
    ) -> Result | None:
        """Return what became of the event; None when it will be delivered again."""
        carrier = {"traceparent": event.traceparent} if event.traceparent else {}
        with self._tracer.start_as_current_span(
            f"process {event.type}", context=_propagator.extract(carrier), kind=trace.SpanKind.CONSUMER
        ):
            while True:
                try:
                    return await self._inbox.apply(handler, event)
                except _DATABASE_ERRORS as error:
                    # No fault of the event: retry it here until the database answers.
                    _log.warning("events of %s wait for the database: %s", self._consumer.source, error)
                    await message.in_progress()
                    await wait_for_any(_PAUSE_SECONDS, stopping)
                    if stopping.is_set():
                        await message.nak()
                        return None
                except Exception as error:  # noqa: BLE001  # whatever a handler raises is a failed attempt
                    await self._retry(message, event, error)
                    return None

    async def _retry(self, message: Msg, event: Attributes, error: Exception) -> None:
        deliveries = message.metadata.num_delivered
        trace.get_current_span().record_exception(error)
        _log.warning(
            "events of %s: attempt %d of %s %s failed",
            self._consumer.source,
            deliveries,
            event.type,
            event.id,
            exc_info=error,
        )
        if deliveries >= self._retries.max_deliveries:
            raise Rejected(Reason.FAILED, describe(error)) from error
        self._metrics.retries.labels(self._consumer.source).inc()
        await message.nak(self._retries.delay(deliveries))

    async def _reject(self, message: Msg, rejected: Rejected) -> None:
        reason = rejected.reason
        await move(
            self._connection,
            message,
            service=self._consumer.service,
            reason=reason,
            detail=rejected.detail,
            now=datetime.now(UTC),
        )
        await message.ack_sync(ACK_SECONDS)
        self._metrics.dead_letters.labels(self._consumer.source, reason).inc()
        _log.error(
            "events of %s: message %d is a dead letter: %s",
            self._consumer.source,
            message.metadata.sequence.stream,
            reason,
        )


async def _fetch(subscription: JetStreamContext.PullSubscription, stopping: asyncio.Event) -> Msg | None:
    """Return the next message; None when there is none within half a second."""
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        [message] = await subscription.fetch(1, timeout=FETCH_SECONDS)
    except TimeoutError:
        # The server refuses at once where the connection or another request is in the way.
        await wait_for_any(FETCH_SECONDS / 10 if clock() - began < FETCH_SECONDS / 2 else 0, stopping)
        return None
    return message
