"""Events that cannot be applied are retried and become dead letters; they never block others and are never lost."""

import asyncio
import json

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.errors import DatabaseUnavailable
from libs.db.sessions import SessionFactory
from libs.events.errors import UnknownDeadLetter
from libs.events.event import Event
from libs.events.outbox import record
from libs.events.settings import EventSettings
from libs.events.tests.letters import fail_on_poison, open_dead_letters, wait_for_dead_letters
from libs.events.tests.orders import OrderChanged, OrderData, OrderPlaced
from libs.events.tests.shop import (
    WAIT_SECONDS,
    change_order,
    effects,
    handlers,
    note_effect,
    running,
    wait_for_effects,
)
from libs.events.tests.streams import SERVICE, jetstream


async def _publish(url: str, payload: bytes, message_id: str = "") -> None:
    headers = {"Nats-Msg-Id": message_id} if message_id else None
    async with jetstream(url) as admin:
        await admin.publish("events.shop.order.placed", payload, headers=headers)


def _payload(event: Event[OrderData], **changed: object) -> bytes:
    return json.dumps(event.model_dump(mode="json", exclude_none=True) | changed).encode()


def _placed(subject: str = "a") -> OrderPlaced:
    return OrderPlaced(subject=subject, aggregateversion=1, data=OrderData())


async def test_a_failing_event_is_retried_and_then_a_dead_letter(sessions: SessionFactory, nats_url: str) -> None:
    """After three failed deliveries the event is a dead letter without effect; then the next event is applied."""
    registry = CollectorRegistry()
    async with running(sessions, nats_url, handlers(fail_on_poison), registry=registry):
        poison = await change_order(sessions, "a", "poison")
        good = await change_order(sessions, "a")
        [letter] = await wait_for_dead_letters(EventSettings(events_url=nats_url), 1)
        found = await wait_for_effects(sessions, 1)
    assert [effect.event_id for effect in found] == [good]
    assert (letter.subject, letter.reason) == ("events.shop.order.placed", "failed")
    assert letter.detail == "ValueError: not a price"
    assert OrderPlaced.model_validate_json(letter.payload).id == poison
    assert registry.get_sample_value("events_retries_total", {"source": "shop"}) == 2
    labels = {"source": "shop", "reason": "failed"}
    assert registry.get_sample_value("events_dead_letters_total", labels) == 1


async def test_an_error_that_passes_costs_one_retry(sessions: SessionFactory, nats_url: str) -> None:
    """A temporary error costs one retry, and the order of events is kept."""
    errors = iter([RuntimeError()])

    async def fail_once(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
        for error in errors:
            raise error
        await note_effect(event, session)

    async with running(sessions, nats_url, handlers(fail_once)):
        for _ in range(3):
            await change_order(sessions, "a")
        found = await wait_for_effects(sessions, 3)
    assert [effect.version for effect in found] == [1, 2, 3]


async def test_a_handler_that_hangs_is_a_failed_attempt(sessions: SessionFactory, nats_url: str) -> None:
    """A handler over its time limit is cancelled, and nothing of it is committed."""

    async def hang(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
        await note_effect(event, session)
        await asyncio.sleep(WAIT_SECONDS)

    async with running(sessions, nats_url, handlers(hang), events_handler_seconds=0.05, events_max_deliveries=1):
        await change_order(sessions, "a")
        [letter] = await wait_for_dead_letters(EventSettings(events_url=nats_url), 1)
    assert letter.detail.startswith("TimeoutError")
    assert await effects(sessions) == []


async def test_an_absent_database_is_no_failed_attempt(sessions: SessionFactory, nats_url: str) -> None:
    """While the database is unavailable, the event is attempted more often than the maximum of deliveries."""
    errors = iter([DatabaseUnavailable("away"), DatabaseUnavailable("away")])

    async def unavailable_at_first(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
        for error in errors:
            raise error
        await note_effect(event, session)

    registry = CollectorRegistry()
    async with running(sessions, nats_url, handlers(unavailable_at_first), registry=registry, events_max_deliveries=1):
        await change_order(sessions, "a")
        await wait_for_effects(sessions, 1)
    assert registry.get_sample_value("events_retries_total", {"source": "shop"}) is None


_UNREADABLE = [
    ("malformed", "message: json_invalid", b"{"),
    ("malformed", "subject: string_too_short", _payload(_placed(), subject="")),
    ("malformed", "data.note: string_type", _payload(_placed(), data={"note": 7})),
    ("unknown-type", "no handler for shop order.lost", _payload(_placed(), type="order.lost")),
    ("newer-version", "order.placed has version 2; this consumer reads 1", _payload(_placed(), dataversion=2)),
]


async def test_messages_that_cannot_be_read_are_parked(sessions: SessionFactory, nats_url: str) -> None:
    """Unreadable messages become dead letters at once, with payload and reason; the next event is applied."""
    for _, _, payload in _UNREADABLE:
        await _publish(nats_url, payload)
    async with running(sessions, nats_url):
        letters = await wait_for_dead_letters(EventSettings(events_url=nats_url), len(_UNREADABLE))
        await change_order(sessions, "b")
        await wait_for_effects(sessions, 1)
    assert [(letter.reason, letter.detail, letter.payload) for letter in letters] == _UNREADABLE


async def test_a_duplicate_has_no_second_effect(sessions: SessionFactory, nats_url: str) -> None:
    """An event that is published three times, without an id for JetStream, is applied once."""
    registry, event = CollectorRegistry(), _placed()
    for _ in range(3):
        await _publish(nats_url, _payload(event))
    async with running(sessions, nats_url, registry=registry):
        await change_order(sessions, "b")
        found = await wait_for_effects(sessions, 2)
    assert [effect.order_id for effect in found] == ["a", "b"]
    labels = {"source": "shop", "result": "duplicate"}
    assert registry.get_sample_value("events_consumed_total", labels) == 2


@pytest.mark.parametrize("accepts_stale", [False, True])
async def test_a_stale_event_is_skipped_unless_the_handler_accepts_it(
    sessions: SessionFactory,
    nats_url: str,
    accepts_stale: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """If version 2 arrives before version 1, version 1 is skipped, unless the handler accepts stale events."""
    for version in (2, 1):
        event = OrderPlaced(subject="a", aggregateversion=version, data=OrderData())
        await _publish(nats_url, _payload(event))
    async with running(sessions, nats_url, handlers(accepts_stale=accepts_stale)):
        await change_order(sessions, "b")
        found = await wait_for_effects(sessions, 3 if accepts_stale else 2)
    versions = [effect.version for effect in found if effect.order_id == "a"]
    assert versions == ([2, 1] if accepts_stale else [2])


async def test_a_message_that_ends_its_processes_becomes_a_dead_letter(sessions: SessionFactory, nats_url: str) -> None:
    """After three deliveries without an acknowledgement, as with killed processes, it is a dead letter."""
    await _publish(nats_url, _payload(_placed()))
    async with jetstream(nats_url) as admin:
        subscription = await admin.pull_subscribe_bind(consumer=SERVICE, stream="EVENTS_shop")
        for _ in range(3):
            [message] = await subscription.fetch(1, timeout=WAIT_SECONDS)
            await message.nak()
    async with running(sessions, nats_url):
        [letter] = await wait_for_dead_letters(EventSettings(events_url=nats_url), 1)
    assert (letter.reason, letter.detail) == ("unacknowledged", "3 deliveries without an acknowledgement")
    assert await effects(sessions) == []


async def test_dead_letters_are_listed_shown_and_dropped(sessions: SessionFactory, nats_url: str) -> None:
    """Dead letters are shown and dropped by number."""
    async with running(sessions, nats_url):
        for _ in range(2):
            await _publish(nats_url, b"{")
        first, second = await wait_for_dead_letters(EventSettings(events_url=nats_url), 2)
    async with open_dead_letters(EventSettings(events_url=nats_url)) as letters:
        assert await letters.get(first.number) == first
        await letters.drop(first.number)
        assert [letter async for letter in letters.all()] == [second]
        with pytest.raises(UnknownDeadLetter):
            await letters.get(first.number)
        with pytest.raises(UnknownDeadLetter):
            await letters.drop(999)


async def test_drain_finishes_the_event_in_hand(sessions: SessionFactory, nats_url: str) -> None:
    """The current event is applied and acknowledged; the next one is left to another process."""
    began, events = asyncio.Event(), []

    async def slow(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
        began.set()
        await asyncio.sleep(0.5)
        await note_effect(event, session)

    async with sessions.begin() as session:
        for version in (1, 2):
            events.append(OrderPlaced(subject="a", aggregateversion=version, data=OrderData()))
            await record(session, events[-1])
    async with running(sessions, nats_url, handlers(slow)):
        await asyncio.wait_for(began.wait(), WAIT_SECONDS)
    assert [effect.event_id for effect in await effects(sessions)] == [events[0].id]
    async with jetstream(nats_url) as admin:
        info = await admin.consumer_info("EVENTS_shop", SERVICE)
    assert (info.num_ack_pending, info.num_pending) == (0, 1)


async def test_drain_is_bounded(sessions: SessionFactory, nats_url: str) -> None:
    """An event that is not finished in time is cancelled, without effect, and delivered again."""
    began = asyncio.Event()

    async def hang(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
        await note_effect(event, session)
        began.set()
        await asyncio.sleep(WAIT_SECONDS)

    async with asyncio.timeout(WAIT_SECONDS / 2):
        async with running(sessions, nats_url, handlers(hang), events_drain_seconds=0.1):
            await change_order(sessions, "a")
            await began.wait()
        assert await effects(sessions) == []
        async with running(sessions, nats_url):
            await wait_for_effects(sessions, 1)
