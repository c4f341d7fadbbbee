"""A process is killed with SIGKILL at each step: every committed event is applied exactly once, in order.

EVENTS_CRASH_ROUNDS sets how many processes are killed at each step; 2 unless it is set.
"""

import asyncio
import multiprocessing
import os
import time

import pytest

from libs.events.nats_testing import NatsServer
from libs.events.tests.crash_child import CHANGES, LEASE_SECONDS, Step, run
from libs.events.tests.shop import effects, recorded, replica, running, wait_for_effects
from libs.events.tests.streams import create_streams

_ROUNDS = int(os.environ.get("EVENTS_CRASH_ROUNDS", "2"))
_SIGKILLED = -9
_ACK_WAIT_SECONDS = 0.3
_CHILD_SECONDS = 60


@pytest.mark.parametrize("step", list(Step))
def test_a_killed_process_loses_nothing_and_repeats_nothing(url: str, server: NatsServer, step: Step) -> None:
    """Each round kills a process; the next one has to finish its work beside its own."""
    asyncio.run(create_streams(server.url, ack_wait=_ACK_WAIT_SECONDS))
    # A fork has the modules loaded.
    processes = multiprocessing.get_context("fork")
    for number in range(_ROUNDS):
        # The lease of the process before must be over, so that this one takes it at its first attempt.
        time.sleep(LEASE_SECONDS)
        child = processes.Process(target=run, args=(url, server.url, f"order-{number}", step), daemon=True)
        child.start()
        child.join(_CHILD_SECONDS)
        assert child.exitcode == _SIGKILLED
    asyncio.run(_check(url, server.url, step))


async def _check(url: str, nats_url: str, step: Step) -> None:
    expected = 2 if step == Step.AFTER_COMMIT else CHANGES
    async with replica(url) as sessions:
        events = await recorded(sessions)
        assert len(events) == expected * _ROUNDS
        await asyncio.sleep(LEASE_SECONDS)
        async with running(sessions, nats_url, events_max_deliveries=1000):
            await wait_for_effects(sessions, len(events))
            # A message that is delivered again would come within this time.
            await asyncio.sleep(2 * _ACK_WAIT_SECONDS)
        found = await effects(sessions)
    assert sorted(effect.event_id for effect in found) == sorted(events)
    for number in range(_ROUNDS):
        versions = [effect.version for effect in found if effect.order_id == f"order-{number}"]
        assert versions == list(range(1, expected + 1))
