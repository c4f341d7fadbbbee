"""The relay publishes the outbox: in order per aggregate, one process at a time for a database.

It marks a row after JetStream has acknowledged the message. A process that ends in between publishes it again, with
the same `Nats-Msg-Id`, and the inbox of a consumer ignores it if JetStream does not.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory
from libs.events import outbox
from libs.events.errors import BrokerUnavailable, LeaseLost
from libs.events.event import CONTENT_TYPE
from libs.events.lease import Lease
from libs.events.metrics import EventMetrics
from libs.events.outbox import Message
from libs.events.waiting import wait_for_any

LEASE_SECONDS = 15.0
_LEASE_NAME = "relay"
_BATCH = 100
_POLL_SECONDS = 1.0
_MAX_WAIT_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Publisher(Protocol):
    """Publishes a message and returns when it is stored."""

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """Publish, or raise BrokerUnavailable if there is no acknowledgement."""


class Relay:
    """Publishes the outbox of one database while `run` runs."""

    def __init__(
        self,
        sessions: SessionFactory,
        publisher: Publisher,
        metrics: EventMetrics,
        *,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._sessions = sessions
        self._publisher = publisher
        self._metrics = metrics
        self._lease = Lease(sessions, _LEASE_NAME, seconds=lease_seconds)
        self._lease_seconds = lease_seconds

    async def run(self, stopping: asyncio.Event) -> None:
        """Publish recorded events until `stopping` is set; the current batch is finished and marked."""
        failures = 0
        with outbox.commits() as committed:
            while not stopping.is_set():
                committed.clear()
                try:
                    wait = await self._step()
                    failures = 0
                except (BrokerUnavailable, DatabaseError, LeaseLost) as error:
                    failures += 1
                    self._note(error, failures)
                    wait = min(0.1 * 2**failures, _MAX_WAIT_SECONDS)
                except Exception:  # noqa: BLE001  # one that is a fault of ours must not end the relay
                    _log.exception("events stay in the outbox for now")
                    wait = _MAX_WAIT_SECONDS
                # A commit is no reason for a standby to ask for the lease.
                await wait_for_any(wait, stopping, *([committed] if self._lease.is_held and not failures else []))
        with suppress(DatabaseError):
            await self._lease.release()

    async def relay_batch(self) -> int:
        """Publish and mark up to 100 events, and return how many they were.

        Raises:
            BrokerUnavailable: some were not acknowledged. The others are marked.
            LeaseLost: another process may have taken over.
        """
        async with self._sessions.read() as session:
            messages = await outbox.unpublished(session, _BATCH)
        done, error = await self._publish(messages)
        if done or self._lease.is_ageing:
            async with self._sessions.begin(read_committed=True) as session:
                await self._lease.renew(session)
                if done:
                    await outbox.mark_published(session, done)
            self._metrics.published.inc(len(done))
        if error is not None:
            raise error
        return len(messages)

    async def _step(self) -> float:
        """Publish a batch if this process gets the lease, and return how long to wait afterwards, in seconds."""
        if not self._lease.is_held and not await self._lease.acquire():
            return self._lease_seconds / 3
        published = await self.relay_batch()
        return 0.0 if published == _BATCH else min(_POLL_SECONDS, self._lease_seconds / 6)

    async def _publish(self, messages: Sequence[Message]) -> tuple[list[int], BaseException | None]:
        """Publish aggregates concurrently, and the events of each aggregate in order."""
        chains: dict[tuple[str, str], list[Message]] = {}
        for message in messages:
            chains.setdefault((message.aggregate, message.subject), []).append(message)
        done: list[int] = []
        results = await asyncio.gather(
            *(self._publish_chain(chain, done) for chain in chains.values()), return_exceptions=True
        )
        return done, next((result for result in results if result is not None), None)

    async def _publish_chain(self, chain: Sequence[Message], done: list[int]) -> None:
        for message in chain:
            if not self._lease.is_held:
                raise LeaseLost("the lease of the relay was not renewed in time")
            headers = {"Nats-Msg-Id": message.id, "Content-Type": CONTENT_TYPE}
            await self._publisher.publish(message.nats_subject, message.payload.encode(), headers)
            done.append(message.number)

    def _note(self, error: Exception, failures: int) -> None:
        self._metrics.publish_errors.inc()
        if failures == 1:
            _log.warning("events stay in the outbox for now: %s", error)
