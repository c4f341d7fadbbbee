"""A process is killed with SIGKILL at each step: every committed event is applied exactly once, in order.

EVENTS_CRASH_ROUNDS sets how many processes are killed at each step; 2 unless it is set.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from libs.db.testing import Databases
from libs.events.nats_testing import nats_server
from libs.events.tests.crash_child import CHANGES, LEASE_SECONDS, Step, run
from libs.events.tests.models import Effect
from libs.events.tests.shop import effects, recorded, replica, running, wait_for_effects
from libs.events.tests.streams import create_streams

_ROUNDS = int(os.environ.get("EVENTS_CRASH_ROUNDS", "2"))
_SIGKILLED = -9
_ACK_WAIT_SECONDS = 0.3
_CHILD_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Shop:
    """A database and a NATS, where processes are killed at one step."""

    step: Step
    url: str
    nats_url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is there after the last process, which is not killed, has finished the work of all.

    Attributes:
        recorded: ids of the committed events.
        applied: their effects, in the order of the applications.
    """

    recorded: set[str]
    applied: Sequence[Effect]


@pytest.fixture(scope="module")
def outcomes(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[Step, Outcome | BaseException]]:
    """The outcome of each step. The steps take their time beside each other, since they mostly wait."""
    with ExitStack() as stack:
        shops = []
        for step in Step:
            server = stack.enter_context(nats_server(tmp_path_factory.mktemp(step)))
            asyncio.run(create_streams(server.url, ack_wait=_ACK_WAIT_SECONDS))
            shops.append(_Shop(step, databases.fresh(), server.url))
        for number in range(_ROUNDS):
            _kill(shops, f"order-{number}")
        yield asyncio.run(_finish(shops))


@pytest.mark.parametrize("step", list(Step))
def test_a_killed_process_loses_nothing_and_repeats_nothing(
    outcomes: Mapping[Step, Outcome | BaseException], step: Step
) -> None:
    """Each round kills a process; the next one has to finish its work beside its own."""
    outcome = outcomes[step]
    if isinstance(outcome, BaseException):
        raise outcome
    changes = _changes(step)
    assert len(outcome.recorded) == changes * _ROUNDS
    assert sorted(effect.event_id for effect in outcome.applied) == sorted(outcome.recorded)
    for number in range(_ROUNDS):
        versions = [effect.version for effect in outcome.applied if effect.order_id == f"order-{number}"]
        assert versions == list(range(1, changes + 1))


def _changes(step: Step) -> int:
    """Return how many changes a process commits."""
    return 2 if step == Step.AFTER_COMMIT else CHANGES


def _kill(shops: Sequence[_Shop], order: str) -> None:
    """Run a process in each shop until it is killed."""
    # The lease of the process before must be over, so that this one takes it at its first attempt.
    time.sleep(LEASE_SECONDS)
    # A fork has the modules loaded.
    processes = multiprocessing.get_context("fork")
    arguments = [(shop.url, shop.nats_url, order, shop.step) for shop in shops]
    children = [processes.Process(target=run, args=each, daemon=True) for each in arguments]
    for child in children:
        child.start()
    for child in children:
        child.join(_CHILD_SECONDS)
    assert {child.exitcode for child in children} == {_SIGKILLED}


async def _finish(shops: Sequence[_Shop]) -> Mapping[Step, Outcome | BaseException]:
    await asyncio.sleep(LEASE_SECONDS)
    found = await asyncio.gather(*map(_outcome, shops), return_exceptions=True)
    return dict(zip([shop.step for shop in shops], found, strict=True))


async def _outcome(shop: _Shop) -> Outcome:
    async with replica(shop.url) as sessions:
        events = await recorded(sessions)
        async with running(sessions, shop.nats_url, events_max_deliveries=1000):
            await wait_for_effects(sessions, len(events))
            # A message that is delivered again would come within this time.
            await asyncio.sleep(2 * _ACK_WAIT_SECONDS)
        return Outcome(events, await effects(sessions))
