"""Reconciling makes streams and consumers match the declaration, and its plan says which data that loses."""

import gc
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from nats.js.api import ConsumerConfig, DeliverPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext

from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.errors import UnreachableBrokerError
from libs.events.broker.reconcile import Action, Change, apply, as_table, plan
from libs.events.broker.tests.brokers import TOPOLOGY, administrator, broker


@pytest.fixture
async def jetstream() -> AsyncIterator[JetStreamContext]:
    """Connect to a broker with the streams and consumers of the topology."""
    with broker() as server:
        async with connected(administrator(server)) as connection:
            await apply(connection, await plan(connection, TOPOLOGY))
            yield connection


def _changed(changes: Sequence[Change]) -> dict[str, tuple[Action, bool]]:
    return {each.name: (each.action, each.loses_data) for each in changes if each.action is not Action.NONE}


async def test_an_empty_broker_gets_everything() -> None:
    """Planning alone changes nothing; once applied, nothing differs."""
    with broker() as server:
        async with connected(administrator(server)) as jetstream:
            changes = await plan(jetstream, TOPOLOGY)
            assert list(_changed(changes)) == [
                "EVENTS_post",
                "EVENTS_shop",
                "DEAD_LETTERS_audit",
                "DEAD_LETTERS_post",
                "EVENTS_shop/audit",
                "EVENTS_shop/post",
            ]
            assert await jetstream.streams_info() == []
            await apply(jetstream, changes)
            assert _changed(await plan(jetstream, TOPOLOGY)) == {}


async def test_settings_are_updated(jetstream: JetStreamContext) -> None:
    """A changed one is shown with both values; one that is not declared stays."""
    info = await jetstream.stream_info("EVENTS_shop")
    await jetstream.update_stream(info.config.evolve(duplicate_window=60.0, description="by hand", max_age=3600.0))
    changes = await plan(jetstream, TOPOLOGY)
    assert _changed(changes) == {"EVENTS_shop": (Action.UPDATE, False)}
    assert (
        "EVENTS_shop         update\n    max_age: 3600.0 -> 604800.0\n    duplicate_window: 60.0 -> 600.0\n"
        in as_table(changes)
    )
    await apply(jetstream, changes)
    assert _changed(await plan(jetstream, TOPOLOGY)) == {}
    assert (await jetstream.stream_info("EVENTS_shop")).config.description == "by hand"


async def test_a_shorter_retention_loses_data(jetstream: JetStreamContext) -> None:
    """The plan marks a shorter retention as a loss of data."""
    info = await jetstream.stream_info("EVENTS_shop")
    await jetstream.update_stream(info.config.evolve(max_age=0))
    assert _changed(await plan(jetstream, TOPOLOGY)) == {"EVENTS_shop": (Action.UPDATE, True)}


async def test_a_consumer_keeps_its_position(jetstream: JetStreamContext) -> None:
    """Another filter is an update, and messages that were acknowledged are not delivered again."""
    services = [
        replace(each, consumes={"shop": ("order.placed", "order.changed")}) if each.name == "post" else each
        for each in TOPOLOGY.services
    ]
    changes = await plan(jetstream, replace(TOPOLOGY, services=services))
    assert _changed(changes) == {"EVENTS_shop/post": (Action.UPDATE, False)}
    created = (await jetstream.consumer_info("EVENTS_shop", "post")).created
    await apply(jetstream, changes)
    info = await jetstream.consumer_info("EVENTS_shop", "post")
    assert info.created == created
    assert info.config.filter_subjects == ["events.shop.order.changed", "events.shop.order.placed"]


async def test_what_cannot_be_changed_is_replaced(jetstream: JetStreamContext) -> None:
    """A new start position of a consumer, or a new storage of a stream, needs a replacement, which loses data."""
    await jetstream.delete_consumer("EVENTS_shop", "post")
    await jetstream.add_consumer(
        "EVENTS_shop", ConsumerConfig(durable_name="post", deliver_policy=DeliverPolicy.NEW, max_ack_pending=1)
    )
    await jetstream.delete_stream("EVENTS_post")
    await jetstream.add_stream(StreamConfig(name="EVENTS_post", subjects=["events.post.>"], storage=StorageType.MEMORY))
    changes = await plan(jetstream, TOPOLOGY)
    assert _changed(changes) == {"EVENTS_post": (Action.REPLACE, True), "EVENTS_shop/post": (Action.REPLACE, True)}
    await apply(jetstream, changes)
    assert _changed(await plan(jetstream, TOPOLOGY)) == {}


async def test_a_replaced_stream_gets_its_consumers_back(jetstream: JetStreamContext) -> None:
    """They are deleted with the old stream."""
    await jetstream.delete_stream("EVENTS_shop")
    await jetstream.add_stream(StreamConfig(name="EVENTS_shop", subjects=["events.shop.>"], storage=StorageType.MEMORY))
    await apply(jetstream, await plan(jetstream, TOPOLOGY))
    assert _changed(await plan(jetstream, TOPOLOGY)) == {}


async def test_what_is_not_declared_is_deleted(jetstream: JetStreamContext) -> None:
    """Streams with our prefixes and consumers of our streams; other streams stay."""
    await jetstream.add_stream(StreamConfig(name="EVENTS_gone", subjects=["events.gone.>"]))
    await jetstream.add_stream(StreamConfig(name="OTHER", subjects=["other.>"]))
    await jetstream.add_consumer("EVENTS_shop", ConsumerConfig(durable_name="gone"))
    changes = await plan(jetstream, TOPOLOGY)
    assert _changed(changes) == {"EVENTS_gone": (Action.DELETE, True), "EVENTS_shop/gone": (Action.DELETE, True)}
    await apply(jetstream, changes)
    assert _changed(await plan(jetstream, TOPOLOGY)) == {}
    assert "OTHER" in [each.config.name for each in await jetstream.streams_info()]


# nats-py does not close the socket of a connection that failed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_broker_that_refuses_the_user_is_one_sentence() -> None:
    """A broker that does not answer is reported in one sentence too."""
    with broker() as server:
        user = BrokerUser(server.url, "administrator", "wrong")
        with pytest.raises(UnreachableBrokerError, match=r"^administrator cannot connect to nats://.*Authorization"):
            await _connect(user)
    with pytest.raises(UnreachableBrokerError, match=r"^administrator cannot connect to nats://127"):
        await _connect(user)
    gc.collect()


async def _connect(user: BrokerUser) -> None:
    async with connected(user):
        """Not reached."""
