"""Calls leave no open connection behind, however they end."""

import asyncio

import httpx2

from libs.clock.testing import FakeClock
from libs.http.errors import CallError
from libs.http.tests.clients import client_of
from libs.http.tests.fake_peer import fake_peer
from libs.http.tests.mixed_calls import PATHS, descriptors_come_to, mixed_calls, open_descriptors


async def test_mixed_calls_leave_no_descriptor() -> None:
    """`test_load_descriptors` makes 10,000."""
    async with fake_peer() as peer:
        before = open_descriptors()
        async with client_of(peer, seconds=0.2, clock=FakeClock()) as client:
            outcomes = await mixed_calls(client, 500)
        assert await descriptors_come_to(before + 1)
    assert outcomes["CircuitOpen"] < 500
    assert outcomes.total() == 500
    assert len(PATHS) > 5


async def test_idle_connections_are_reused() -> None:
    """Fifty calls in turn need one connection."""
    async with fake_peer() as peer, client_of(peer) as client:
        await client.get("/ok")
        before = open_descriptors()
        for _ in range(50):
            await client.get("/ok")
        assert open_descriptors() == before


async def test_no_more_than_a_hundred_connections_are_open() -> None:
    """Further calls wait, to their deadline at most."""
    async with fake_peer() as peer, client_of(peer, seconds=0.5) as client:
        results = await asyncio.gather(*(_hang(client) for _ in range(150)))
        # On a busy machine, connecting takes half of the deadline, and the first failures open the circuit.
        assert set(results) <= {"CircuitOpen", "ConnectionTimeout", "DeadlineExceeded", "PeerUnreachable"}
        assert peer.requests["/hang"] <= 100


async def _hang(client: httpx2.AsyncClient) -> str:
    try:
        await client.get("/hang")
    except CallError as error:
        return type(error).__name__
    return ""
