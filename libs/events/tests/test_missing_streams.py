"""A service whose stream or consumer is missing says which, and which command creates it."""

import asyncio
import logging

import pytest

from libs.db.sessions import SessionFactory
from libs.events.broker.names import dead_letter_stream, event_stream
from libs.events.errors import BrokerUnavailable
from libs.events.nats_testing import NatsServer
from libs.events.settings import EventSettings
from libs.events.tests.letters import open_dead_letters
from libs.events.tests.shop import WAIT_SECONDS, change_order, running, wait_for_effects
from libs.events.tests.streams import SERVICE, create_streams, jetstream

_CREATE = "`bazel run //tools/events:reconcile -- --url URL` creates what is missing"
_RELAY = f"events stay in the outbox for now: the stream EVENTS_shop is missing or has no leader; {_CREATE}"
_WORKER = f"events of shop wait for NATS: the stream EVENTS_shop is missing; {_CREATE}"
_CONSUMER = f"events of shop wait for NATS: the consumer shop of the stream EVENTS_shop is missing; {_CREATE}"


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING]


async def _wait_for_warnings(caplog: pytest.LogCaptureFixture, count: int) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while len(_warnings(caplog)) < count:  # noqa: ASYNC110  # lines of a log
            await asyncio.sleep(0.05)


async def test_a_missing_stream_is_named_by_relay_and_consumer(
    sessions: SessionFactory, own_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each logs one sentence, and both continue once the stream was created."""
    await change_order(sessions, "a")
    async with running(sessions, own_server.url):
        await _wait_for_warnings(caplog, 2)
        await asyncio.sleep(1.5)
        assert sorted(_warnings(caplog)) == sorted([_RELAY, _WORKER])
        await create_streams(own_server.url)
        await wait_for_effects(sessions, 1)


async def test_a_missing_consumer_is_named(
    sessions: SessionFactory, own_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The stream is there, so the sentence names the consumer."""
    await create_streams(own_server.url)
    async with jetstream(own_server.url) as admin:
        await admin.delete_consumer(event_stream(SERVICE), SERVICE)
    async with running(sessions, own_server.url):
        await _wait_for_warnings(caplog, 1)
        assert _warnings(caplog) == [_CONSUMER]


async def test_a_missing_stream_of_dead_letters_is_named(own_server: NatsServer) -> None:
    """The command `dead-letters` ends with the same sentence."""
    await create_streams(own_server.url)
    async with jetstream(own_server.url) as admin:
        await admin.delete_stream(dead_letter_stream(SERVICE))
    async with open_dead_letters(EventSettings(events_url=own_server.url)) as letters:
        with pytest.raises(BrokerUnavailable) as raised:
            [each async for each in letters.all()]
    assert str(raised.value) == f"the stream DEAD_LETTERS_shop is missing; {_CREATE}"
