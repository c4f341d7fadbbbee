"""Streams and consumers of these tests, with windows of seconds instead of minutes."""

import contextlib
from collections.abc import AsyncIterator

import nats
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from libs.events.broker.names import dead_letter_stream, event_stream

SERVICE = "shop"
ACK_WAIT_SECONDS = 1.0
DUPLICATE_WINDOW_SECONDS = 1.0


@contextlib.asynccontextmanager
async def jetstream(url: str) -> AsyncIterator[JetStreamContext]:
    """Connect as an administrator."""
    client = await nats.connect(url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def create_streams(url: str, *, ack_wait: float = ACK_WAIT_SECONDS) -> None:
    """Create empty streams for the tests' service, and a durable consumer of its own events."""
    streams = {event_stream(SERVICE): f"events.{SERVICE}.>", dead_letter_stream(SERVICE): f"dead_letters.{SERVICE}.>"}
    async with jetstream(url) as admin:
        for name, subjects in streams.items():
            with contextlib.suppress(NotFoundError):
                await admin.delete_stream(name)
            await admin.add_stream(
                StreamConfig(name=name, subjects=[subjects], duplicate_window=DUPLICATE_WINDOW_SECONDS)
            )
        await admin.add_consumer(
            event_stream(SERVICE),
            ConsumerConfig(durable_name=SERVICE, ack_policy=AckPolicy.EXPLICIT, ack_wait=ack_wait, max_ack_pending=1),
        )
