"""The library works with the streams, consumers and permissions that the topology declares, and needs no other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from libs.db.sessions import SessionFactory
from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.names import ADMINISTRATOR
from libs.events.broker.reconcile import apply, plan
from libs.events.broker.topology import ServiceEvents, Topology
from libs.events.nats_testing import NatsServer, nats_server, users_of
from libs.events.settings import EventSettings
from libs.events.tests.letters import fail_on_poison, open_dead_letters, wait_for_dead_letters
from libs.events.tests.shop import change_order, handlers, running, wait_for_effects

_TYPES = ("order.changed", "order.placed")
_TOPOLOGY = Topology([ServiceEvents("shop", publishes=_TYPES, consumes={"shop": _TYPES})])


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A NATS with users, after the streams were reconciled."""
    with nats_server(tmp_path, users_of(_TOPOLOGY)) as server:
        async with connected(BrokerUser(server.url, ADMINISTRATOR, ADMINISTRATOR)) as jetstream:
            await apply(jetstream, await plan(jetstream, _TOPOLOGY))
        yield server


async def test_a_service_needs_no_further_permission(sessions: SessionFactory, secured: NatsServer) -> None:
    """With these permissions a service can publish, apply, create dead letters, list them and drop one."""
    settings = EventSettings(events_url=secured.url, events_user="shop", events_password=SecretStr("shop"))
    async with running(
        sessions,
        secured.url,
        handlers(fail_on_poison),
        events_max_deliveries=1,
        events_user="shop",
        events_password="shop",
    ):
        await change_order(sessions, "a", "poison")
        await change_order(sessions, "a")
        await wait_for_effects(sessions, 1)
        [letter] = await wait_for_dead_letters(settings, 1)
    async with open_dead_letters(settings) as letters:
        await letters.drop(letter.number)
        assert [each async for each in letters.all()] == []
