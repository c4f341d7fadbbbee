"""The commands of a service for replay and dead letters, as an operator runs them."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from pydantic_settings import SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory
from libs.events.broker.names import dead_letter_stream
from libs.events.commands import event_commands
from libs.events.consumer import Handler
from libs.events.errors import EventError
from libs.events.service_settings import EventServiceSettings
from libs.events.tests.orders import OrderChanged, OrderPlaced
from libs.events.tests.shop import change_order, effects, handlers, note_effect, replica, running
from libs.events.tests.streams import jetstream
from libs.web.command import Service, run

_FAILING = {"is": True}


class _Settings(EventServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")
    sqlite_name: ClassVar[str] = "shop.db"


async def _apply(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
    if _FAILING["is"]:
        raise ValueError("not now")
    await note_effect(event, session)


def _handlers(_: _Settings, __: SessionFactory) -> Sequence[Handler[Any]]:
    return handlers(_apply)


_SERVICE = Service(
    "shop",
    _Settings,
    event_commands("shop", handlers=_handlers),
    prepare=lambda _: None,
    startup_errors=(EventError, DatabaseError),
)


@pytest.fixture
def shop(url: str, nats_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A service with one dead letter; its database."""
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    monkeypatch.setenv("SHOP_EVENTS_URL", nats_url)
    monkeypatch.setitem(_FAILING, "is", True)
    asyncio.run(_make_dead_letter(url, nats_url))
    return url


async def _make_dead_letter(url: str, nats_url: str) -> None:
    async with (
        replica(url) as sessions,
        jetstream(nats_url) as admin,
        running(sessions, nats_url, handlers(_apply), events_max_deliveries=1),
        asyncio.timeout(60),
    ):
        await change_order(sessions, "a")
        while (await admin.stream_info(dead_letter_stream("shop"))).state.messages == 0:  # noqa: ASYNC110  # a stream
            await asyncio.sleep(0.02)


async def _effects(url: str) -> list[str]:
    async with replica(url) as sessions:
        return [effect.order_id for effect in await effects(sessions)]


def test_a_dead_letter_is_retried_once_it_can_be_applied(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A dead letter is kept while the retry fails; once it is applied, it is deleted."""
    assert run(_SERVICE, ["dead-letters"]) == 0
    output = capsys.readouterr()
    assert "events.shop.order.placed failed: ValueError: not now" in output.out
    assert output.err == "dead-letters: 1\n"
    assert run(_SERVICE, ["dead-letter-show", "1"]) == 0
    assert '"subject":"a"' in capsys.readouterr().out
    assert run(_SERVICE, ["dead-letter-retry", "1"]) == 2
    assert capsys.readouterr().err == "shop: dead letter 1 failed again: ValueError: not now\n"
    _FAILING["is"] = False
    assert run(_SERVICE, ["dead-letter-retry", "1"]) == 0
    assert capsys.readouterr().err == "dead-letter-retry: 1 is applied\n"
    assert asyncio.run(_effects(shop)) == ["a"]
    assert run(_SERVICE, ["dead-letters"]) == 0
    assert capsys.readouterr().err == "dead-letters: 0\n"


def test_a_dropped_dead_letter_is_gone(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A dropped dead letter is deleted and has no effect."""
    assert run(_SERVICE, ["dead-letter-drop", "1"]) == 0
    assert run(_SERVICE, ["dead-letter-drop", "1"]) == 2
    assert "there is no dead letter 1" in capsys.readouterr().err
    assert asyncio.run(_effects(shop)) == []


def test_replay_says_how_many_events_it_takes(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the number of events recorded since the time."""
    assert shop
    assert run(_SERVICE, ["replay", "2020-01-01"]) == 0
    assert capsys.readouterr().err.startswith("replay: 1 events")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["replay", "yesterday"], "shop: 'yesterday' is no time; expected ISO 8601 such as 2026-11-29T13:00Z\n"),
        (["dead-letter-drop", "-"], "shop: '-' is no number of a dead letter; `dead-letters` prints them\n"),
        (["dead-letters"], "shop: EVENTS_URL is empty: set it to the address of NATS\n"),
    ],
)
def test_wrong_operands_get_a_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong operand is one sentence and exit code 2."""
    assert run(_SERVICE, arguments) == 2
    assert capsys.readouterr().err == sentence


def test_a_broker_that_does_not_answer_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is one sentence without a traceback."""
    monkeypatch.setenv("SHOP_EVENTS_URL", "nats://127.0.0.1:9")
    assert run(_SERVICE, ["dead-letters"]) == 2
    assert capsys.readouterr().err.startswith("shop: NATS does not answer: ")
