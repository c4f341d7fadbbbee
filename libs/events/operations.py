"""What the commands of `libs.events.commands` do. Each function returns an exit code.

Raises:
    EventError, DatabaseError: with one sentence for the operator.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory, open_sessions
from libs.events import outbox
from libs.events.connection import connect_once
from libs.events.consumer import Handler
from libs.events.dead_letters import DeadLetter, DeadLetters
from libs.events.errors import BadOperand, EventsNotConfigured, RetryFailed
from libs.events.inbox import Inbox
from libs.events.reading import read_event
from libs.events.service_settings import EventServiceSettings

OpenHandlers: TypeAlias = Callable[[SessionFactory], Sequence[Handler[Any]]]


def replay(settings: EventServiceSettings, since: str) -> int:
    """Have the running service publish again what was recorded since a time."""
    return asyncio.run(_replay(settings, _moment(since)))


def print_all(settings: EventServiceSettings, service: str) -> int:
    """Print a line for each dead letter."""
    return asyncio.run(_with_dead_letters(service, settings, _print_all))


def show(settings: EventServiceSettings, service: str, number: str) -> int:
    """Print a dead letter with its payload, which may hold personal data."""
    chosen = _number(number)
    return asyncio.run(_with_dead_letters(service, settings, lambda letters: _show(letters, chosen)))


def drop(settings: EventServiceSettings, service: str, number: str) -> int:
    """Delete a dead letter."""
    chosen = _number(number)
    return asyncio.run(_with_dead_letters(service, settings, lambda letters: letters.drop(chosen)))


def retry(settings: EventServiceSettings, service: str, number: str, handlers: OpenHandlers) -> int:
    """Apply a dead letter in this process, once, and delete it."""
    chosen = _number(number)

    async def run(letters: DeadLetters) -> None:
        letter = await letters.get(chosen)
        async with _open(settings) as sessions:
            inbox = Inbox(sessions, service, seconds=settings.events_handler_seconds)
            result = await _apply(letter, inbox, handlers(sessions))
        await letters.drop(letter.number)
        sys.stderr.write(f"dead-letter-retry: {letter.number} is {result}\n")

    return asyncio.run(_with_dead_letters(service, settings, run))


async def _apply(letter: DeadLetter, inbox: Inbox, handlers: Sequence[Handler[Any]]) -> str:
    handler, event = read_event(letter.payload, handlers)
    try:
        return await inbox.apply(handler, event)
    except DatabaseError:
        raise
    except Exception as error:
        raise RetryFailed(letter.number, error) from error


async def _replay(settings: EventServiceSettings, since: datetime) -> int:
    async with _open(settings) as sessions:
        count = await outbox.replay(sessions, since)
    sys.stderr.write(f"replay: {count} events will be published again by the relay of the running service\n")
    return 0


async def _print_all(letters: DeadLetters) -> None:
    count = 0
    async for letter in letters.all():
        count += 1
        sys.stdout.write(f"{_summary(letter)}\n")
    sys.stderr.write(f"dead-letters: {count}\n")


async def _show(letters: DeadLetters, number: int) -> None:
    letter = await letters.get(number)
    sys.stdout.write(f"{_summary(letter)}\n{letter.payload.decode(errors='backslashreplace')}\n")


async def _with_dead_letters(
    service: str, settings: EventServiceSettings, work: Callable[[DeadLetters], Awaitable[None]]
) -> int:
    if not settings.events_url:
        raise EventsNotConfigured
    connection = await connect_once(settings, service=service)
    try:
        await work(DeadLetters(connection, service))
    finally:
        await connection.close()
    return 0


@asynccontextmanager
async def _open(settings: EventServiceSettings) -> AsyncIterator[SessionFactory]:
    sessions = open_sessions(settings.database, settings.database_limits)
    try:
        yield sessions
    finally:
        await sessions.close()


def _summary(letter: DeadLetter) -> str:
    return f"{letter.number} {letter.failed_at} {letter.subject} {letter.reason}: {letter.detail}"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadOperand(f"{text!r} is no time; expected ISO 8601 such as 2026-11-29T13:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**63:
        raise BadOperand(f"{text!r} is no number of a dead letter; `dead-letters` prints them")
    return int(text)
