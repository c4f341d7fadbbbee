"""Ten thousand calls leave no open connection behind."""

import asyncio
from collections import Counter

from libs.http.tests.clients import client_of
from libs.http.tests.fake_peer import fake_peer
from libs.http.tests.mixed_calls import descriptors_come_to, mixed_calls, open_descriptors


async def test_ten_thousand_mixed_calls_leave_no_descriptor() -> None:
    """The breaker opens for two seconds at times; each phase of calls takes longer than that."""
    async with fake_peer() as peer:
        before = open_descriptors()
        async with client_of(peer, seconds=1.0) as client:
            outcomes: Counter[str] = Counter()
            for _ in range(10):
                outcomes += await mixed_calls(client, 1000)
                await asyncio.sleep(2)
        assert await descriptors_come_to(before + 1)
    assert outcomes.total() == 10_000
    assert outcomes["200"] > 0
    assert peer.requests.total() > 500
