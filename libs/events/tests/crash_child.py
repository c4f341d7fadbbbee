"""A process of the imaginary service that is killed with SIGKILL when it reaches a given step."""

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry import trace
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.engines import Limits, create_engines
from libs.db.sessions import SessionFactory
from libs.events.connection import NatsConnection
from libs.events.consumer import Consumer
from libs.events.inbox import Inbox
from libs.events.metrics import EventMetrics
from libs.events.relay import Relay
from libs.events.tests.orders import OrderChanged, OrderPlaced
from libs.events.tests.shop import Apply, change_order, handlers, note_effect
from libs.events.tests.streams import SERVICE
from libs.events.worker import RetryPolicy, Worker

CHANGES = 3
"""Changes that a process makes before it begins to relay."""

LEASE_SECONDS = 0.3


class Step(StrEnum):
    """Where the process is killed."""

    AFTER_COMMIT = "after-commit"
    AFTER_PUBLISH = "after-publish"
    AFTER_ACKNOWLEDGEMENT = "after-acknowledgement"
    BEFORE_MARK = "before-mark"
    AFTER_MARK = "after-mark"
    AFTER_DELIVERY = "after-delivery"
    AFTER_EFFECT = "after-effect"
    BEFORE_ACK = "before-ack"
    AFTER_ACK = "after-ack"


Reach = Callable[[Step], None]


def run(database: str, url: str, order: str, step: Step) -> None:
    """Change an order, then relay and consume until the process is killed at the step."""
    reached = itertools.count()

    def reach(found: Step) -> None:
        # The second time, so that there is work before the kill and after it.
        if found == step and next(reached) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(_run(database, url, order, reach))


async def _run(database: str, url: str, order: str, reach: Reach) -> None:
    for _ in range(CHANGES):
        await change_order(_sessions(database), order)
        reach(Step.AFTER_COMMIT)
    client = await nats.connect(url)
    connection = NatsConnection(client)
    metrics = EventMetrics(CollectorRegistry())
    relaying = _sessions(database, reach, before=Step.BEFORE_MARK, after=Step.AFTER_MARK)
    relay = Relay(relaying, _Publisher(client, reach), metrics, lease_seconds=LEASE_SECONDS)
    worker = _Worker(
        Consumer(SERVICE, SERVICE, handlers(_effect(reach))),
        connection,
        Inbox(_sessions(database, reach, after=Step.BEFORE_ACK), SERVICE, seconds=5),
        metrics=metrics,
        tracer=trace.get_tracer(__name__),
        retries=RetryPolicy(max_deliveries=1000),
    )
    worker.reach = reach
    stopping = asyncio.Event()
    await asyncio.gather(relay.run(stopping), worker.run(stopping))


class _Sessions(SessionFactory):
    """Sessions that report each transaction, before and after it."""

    reach: Reach | None = None
    before: Step | None = None
    after: Step | None = None

    @contextlib.asynccontextmanager
    async def begin(self, *, read_committed: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a session, see `SessionFactory`."""
        self._tell(self.before)
        async with super().begin(read_committed=read_committed) as session:
            yield session
        self._tell(self.after)

    def _tell(self, step: Step | None) -> None:
        if self.reach is not None and step is not None:
            self.reach(step)


class _Publisher:
    """Publishes, and reports each message when it is sent and when it is acknowledged."""

    def __init__(self, client: Client, reach: Reach) -> None:
        self._client = client
        self._connection = NatsConnection(client)
        self._reach = reach

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        # A second copy, whose acknowledgement is not awaited.
        await self._client.publish(subject, payload, headers=dict(headers))
        await self._client.flush()
        self._reach(Step.AFTER_PUBLISH)
        await self._connection.publish(subject, payload, headers)
        self._reach(Step.AFTER_ACKNOWLEDGEMENT)


class _Worker(Worker):
    """Reports each message when it arrives and when it is acknowledged."""

    reach: Reach

    async def handle(self, message: Msg, stopping: asyncio.Event) -> None:
        """Apply a message, see `Worker`."""
        self.reach(Step.AFTER_DELIVERY)
        await super().handle(message, stopping)
        self.reach(Step.AFTER_ACK)


def _sessions(
    database: str, reach: Reach | None = None, *, before: Step | None = None, after: Step | None = None
) -> SessionFactory:
    limits = Limits()
    sessions = _Sessions(create_engines(database, limits), limits)
    sessions.reach, sessions.before, sessions.after = reach, before, after
    return sessions


def _effect(reach: Reach) -> Apply:
    async def apply(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
        await note_effect(event, session)
        await session.flush()
        reach(Step.AFTER_EFFECT)

    return apply
