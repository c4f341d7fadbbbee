"""Calls leave no open connection behind, however they end."""

import asyncio

from libs.clock.testing import FakeClock
from libs.http.tests.clients import client_of
from libs.http.tests.fake_peer import fake_peer
from libs.http.tests.mixed_calls import PATHS, descriptors_come_to, mixed_calls, open_descriptors


async def test_mixed_calls_leave_no_descriptor() -> None:
    """All descriptors are closed after the calls. `test_load_descriptors` makes 10,000 calls."""
    async with fake_peer() as peer:
        before = open_descriptors()
        async with client_of(peer, seconds=0.2, clock=FakeClock()) as client:
            outcomes = await mixed_calls(client, 500)
        assert await descriptors_come_to(before + 1)
    assert outcomes["CircuitOpen"] < 500
    assert outcomes.total() == 500
    assert len(PATHS) > 5


async def test_idle_connections_are_reused() -> None:
    """Fifty sequential calls use one connection."""
    async with fake_peer() as peer, client_of(peer) as client:
        await client.get("/ok")
        before = open_descriptors()
        for _ in range(50):
            await client.get("/ok")
        assert open_descriptors() == before


async def test_no_more_than_a_hundred_connections_are_open() -> None:
    """At most a hundred connections are open; further calls wait."""
    async with fake_peer() as peer, client_of(peer, seconds=60) as client:
        calls = [asyncio.create_task(client.get("/hang")) for _ in range(150)]
        for _ in range(3000):
            await asyncio.sleep(0.01)
            if peer.requests["/hang"] >= 100:
                break
        await asyncio.sleep(0.2)
        assert peer.requests["/hang"] == 100
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
