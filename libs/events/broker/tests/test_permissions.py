"""The server enforces the permissions: a service publishes its own events and reads by its own consumers."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext

from libs.events.broker.connection import connected
from libs.events.broker.reconcile import apply, plan
from libs.events.broker.tests.brokers import TOPOLOGY, administrator, broker, client_of
from libs.events.nats_testing import NatsServer

SECONDS = 0.3
"""A denied request is never answered; how long the tests wait for that."""


@pytest.fixture
async def server() -> AsyncIterator[NatsServer]:
    """Run a broker with the streams and consumers of the topology."""
    with broker() as running:
        async with connected(administrator(running)) as jetstream:
            await apply(jetstream, await plan(jetstream, TOPOLOGY))
        yield running


async def _stored(server: NatsServer, stream: str) -> int:
    async with connected(administrator(server)) as jetstream:
        return (await jetstream.stream_info(stream)).state.messages


async def _next(client: Client, consumer: str) -> bytes:
    """Return the next message of `STREAM.CONSUMER`, by the request that the client library sends for it."""
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    await client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{consumer}", b'{"batch": 1}', reply=inbox)
    return (await subscription.next_msg(timeout=SECONDS)).data


async def _errors(errors: Sequence[str], count: int) -> Sequence[str]:
    """Wait for reports of the server, which arrive after the call that caused them."""
    async with asyncio.timeout(5):
        while len(errors) < count:  # noqa: ASYNC110  # the client has no event for it
            await asyncio.sleep(0.01)
    assert len(errors) == count
    return errors


async def test_a_service_publishes_its_events(server: NatsServer) -> None:
    """Its events are acknowledged and stored."""
    async with client_of(server, "shop") as (client, _):
        assert (await client.jetstream().publish("events.shop.order.placed", b"1")).stream == "EVENTS_shop"
    assert await _stored(server, "EVENTS_shop") == 1


@pytest.mark.parametrize(
    "subject",
    ["events.shop.order.placed", "dead_letters.audit.x", "_INBOX_shop.x", "$JS.ACK.x"],
)
async def test_a_service_publishes_no_subject_of_another(server: NatsServer, subject: str) -> None:
    """The server reports a violation and stores nothing."""
    async with client_of(server, "post") as (client, errors):
        await client.publish(subject, b"forged")
        assert subject.lower() in (await _errors(errors, 1))[0]
    assert await _stored(server, "EVENTS_shop") == 0
    assert await _stored(server, "DEAD_LETTERS_audit") == 0


async def test_a_consumer_reads_and_acknowledges(server: NatsServer) -> None:
    """A pull request for its own durable consumer returns the messages."""
    async with client_of(server, "shop") as (shop, _), client_of(server, "post") as (post, errors):
        await shop.jetstream().publish("events.shop.order.placed", b"1")
        await shop.jetstream().publish("events.shop.order.changed", b"not consumed")
        await shop.jetstream().publish("events.shop.order.placed", b"2")
        subscription = await post.jetstream().pull_subscribe_bind("post", "EVENTS_shop")
        for content in (b"1", b"2"):
            [message] = await subscription.fetch(1, timeout=5)
            assert message.data == content
            await message.ack_sync()
        assert (await subscription.consumer_info()).num_ack_pending == 0
    assert errors == []


async def test_a_service_reads_no_consumer_of_another(server: NatsServer) -> None:
    """A pull request for it is not answered, and the message stays for the owner of the consumer."""
    async with client_of(server, "shop") as (shop, _), client_of(server, "post") as (post, errors):
        await shop.jetstream().publish("events.shop.order.placed", b"1")
        with pytest.raises(nats.errors.TimeoutError):
            await _next(post, "EVENTS_shop.audit")
        assert "events_shop.audit" in (await _errors(errors, 1))[0]
        assert await _next(post, "EVENTS_shop.post") == b"1"


async def test_a_service_subscribes_to_its_inbox_alone(server: NatsServer) -> None:
    """Neither events nor replies for another service are delivered to it."""
    async with client_of(server, "shop") as (shop, _), client_of(server, "post") as (post, errors):
        received: list[bytes] = []

        async def note(message: Msg) -> None:
            received.append(message.data)

        for subject in ("events.>", "_INBOX_shop.>", "_INBOX.>", ">"):
            await post.subscribe(subject, cb=note)
        await post.flush()
        await shop.jetstream().publish("events.shop.order.placed", b"1")
        await _errors(errors, 4)
    assert received == []


@pytest.mark.parametrize("user", ["shop", "post"])
async def test_a_service_administers_nothing(server: NatsServer, user: str) -> None:
    """It creates, changes, purges and deletes no stream and no consumer, its own included."""
    async with client_of(server, user) as (client, errors):
        jetstream: JetStreamContext = client.jetstream(timeout=SECONDS)
        for attempt in (
            lambda: jetstream.add_stream(StreamConfig(name="OTHER", subjects=["other.>"])),
            lambda: jetstream.update_stream(StreamConfig(name="EVENTS_shop", subjects=["events.shop.>"], max_msgs=1)),
            lambda: jetstream.purge_stream("EVENTS_shop"),
            lambda: jetstream.delete_stream("EVENTS_shop"),
            lambda: jetstream.get_msg("EVENTS_shop", 1),
            lambda: jetstream.add_consumer("EVENTS_shop", ConsumerConfig(durable_name="other"), timeout=SECONDS),
            lambda: jetstream.delete_consumer("EVENTS_shop", "post"),
        ):
            with pytest.raises(nats.errors.TimeoutError):
                await attempt()
        await _errors(errors, 7)


async def test_a_service_manages_its_dead_letters(server: NatsServer) -> None:
    """It publishes, reads and deletes them."""
    async with client_of(server, "post") as (client, errors):
        jetstream = client.jetstream(timeout=5)
        await jetstream.publish("dead_letters.post.events.shop.order.placed", b"1")
        assert (await jetstream.get_msg("DEAD_LETTERS_post", 1)).data == b"1"
        assert await jetstream.delete_msg("DEAD_LETTERS_post", 1)
    assert errors == []


async def test_the_administrator_publishes_no_events(server: NatsServer) -> None:
    """The administrator's user may only manage streams and consumers."""
    async with client_of(server, "administrator") as (client, errors):
        await client.publish("events.shop.order.placed", b"forged")
        await _errors(errors, 1)
    assert await _stored(server, "EVENTS_shop") == 0


# nats-py does not close the socket of a connection that failed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_wrong_password_is_refused(server: NatsServer) -> None:
    """So is a client without one."""
    for credentials in ({}, {"user": "shop", "password": "post"}):
        with pytest.raises(nats.errors.Error, match="Authorization"):
            await nats.connect(server.url, allow_reconnect=False, error_cb=_ignore, **credentials)
    gc.collect()


async def _ignore(_: Exception) -> None:
    """The error is raised as well."""
