"""Streams and consumers of these tests, with windows of seconds instead of minutes."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import nats
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from libs.events.consumer import DEAD_LETTER_STREAM, EVENT_STREAM

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


async def create_streams(url: str, consumers: Sequence[str]) -> None:
    """Create both streams, without a message, and a durable consumer of each name."""
    async with jetstream(url) as admin:
        for name in (EVENT_STREAM, DEAD_LETTER_STREAM):
            with contextlib.suppress(NotFoundError):
                await admin.delete_stream(name)
            await admin.add_stream(
                StreamConfig(name=name, subjects=[f"{name}.>"], duplicate_window=DUPLICATE_WINDOW_SECONDS)
            )
        for name in consumers:
            await admin.add_consumer(
                EVENT_STREAM,
                ConsumerConfig(
                    durable_name=name,
                    ack_policy=AckPolicy.EXPLICIT,
                    ack_wait=ACK_WAIT_SECONDS,
                    max_ack_pending=1,
                    filter_subjects=["events.shop.>"],
                ),
            )
