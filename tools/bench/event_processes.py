"""The two processes that `:events` starts: the owner of the events, and their consumer.

The consumer sends the time of each effect that it has committed to the owner. Both read the monotonic clock, which is
one for all processes of the machine.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from libs.db.sessions import SessionFactory, open_sessions
from libs.events.consumer import Handler
from libs.events.runtime import EventRuntime
from libs.events.settings import EventSettings
from tools.bench.event_models import CONSUMER, ITEMS, OWNER, ItemChanged, change_item, note_effect

_WRITERS = 8
_REST_SECONDS = (0.01, 0.05)


@dataclass(frozen=True, slots=True)
class Job:
    """The work of the two processes.

    Attributes:
        databases: URLs by the names of the services.
        broker: URL of NATS.
        backlog: number of events that are in the outbox before the relay starts; without them new ones are written:
        at_rest: number of events one after the other, each recorded after the effect of the one before.
        writing: number of events by 8 writers that do not wait for effects.
    """

    databases: dict[str, str]
    broker: str
    backlog: int = 0
    at_rest: int = 0
    writing: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Peak memory in MB; of the owner also events per second, and the latency of each event at rest in seconds."""

    peak: float
    rate: float = 0.0
    latencies: Sequence[float] = ()


def own(job: Job, effects: Connection, control: Connection) -> None:
    """Write and relay until all events have their effects, and send what was measured."""
    control.send(asyncio.run(_own(job, effects)))


def consume(job: Job, effects: Connection, control: Connection) -> None:
    """Consume until the signal to stop, then send the peak of memory."""
    asyncio.run(_consume(job, effects, control))
    control.send(Measured(_peak()))


async def _own(job: Job, effects: Connection) -> Measured:
    async with _running(job, OWNER) as sessions:
        if job.backlog:
            began = time.monotonic()
            times = await asyncio.to_thread(_times, effects, job.backlog)
            return Measured(_peak(), job.backlog / (times[-1] - began))
        # With the first event both connect.
        await _latency(sessions, effects)
        latencies = [await _latency(sessions, effects) for _ in range(job.at_rest)]
        began = time.monotonic()
        _, times = await asyncio.gather(_write(sessions, job.writing), asyncio.to_thread(_times, effects, job.writing))
        return Measured(_peak(), job.writing / (times[-1] - began), latencies)


async def _consume(job: Job, effects: Connection, control: Connection) -> None:
    def committed(_: Session) -> None:
        effects.send(time.monotonic())

    async def apply(event: ItemChanged, session: AsyncSession) -> None:
        await note_effect(event, session)
        sa.event.listen(session.sync_session, "after_commit", committed, once=True)

    async with _running(job, CONSUMER, Handler(ItemChanged, apply)):
        await asyncio.to_thread(control.recv)


async def _latency(sessions: SessionFactory, effects: Connection) -> float:
    """Return the seconds from the end of a transaction to the end of the transaction with its effect."""
    await asyncio.sleep(random.uniform(*_REST_SECONDS))  # noqa: S311  # it is no secret
    await change_item(sessions, "0")
    committed = time.monotonic()
    [applied] = await asyncio.to_thread(_times, effects, 1)
    return applied - committed


async def _write(sessions: SessionFactory, count: int) -> None:
    numbers = iter(range(count))

    async def write() -> None:
        for number in numbers:
            await change_item(sessions, str(number % ITEMS))

    await asyncio.gather(*(write() for _ in range(_WRITERS)))


@asynccontextmanager
async def _running(job: Job, service: str, *handlers: Handler[ItemChanged]) -> AsyncIterator[SessionFactory]:
    sessions = open_sessions(job.databases[service])
    settings = {"events_url": job.broker, "events_user": service, "events_password": service}
    runtime = EventRuntime(
        EventSettings.model_validate(settings),
        sessions,
        service=service,
        handlers=handlers,
        registry=CollectorRegistry(),
    )
    try:
        async with runtime.running():
            yield sessions
    finally:
        await sessions.close()


def _times(effects: Connection, count: int) -> list[float]:
    return [effects.recv() for _ in range(count)]


def _peak() -> float:
    """Return the peak of resident memory in MB; `getrusage` would count the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak) / 1024
