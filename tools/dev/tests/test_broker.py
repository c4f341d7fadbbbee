"""`//:dev` starts a NATS server whose users, passwords and data stay in one folder."""

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.topology import ServiceEvents
from tools.dev.broker import start
from tools.dev.fleet import Fleet

SERVICES = (
    ServiceEvents("shop", publishes=("order.placed",)),
    ServiceEvents("post", consumes={"shop": ("order.placed",)}),
    ServiceEvents("site"),
)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Return a fleet that is stopped in the end."""
    running = Fleet()
    yield running
    running.stop()


def _user(settings: dict[str, str]) -> BrokerUser:
    return BrokerUser(settings["EVENTS_URL"], settings["EVENTS_USER"], settings["EVENTS_PASSWORD"])


def _publish(settings: dict[str, str]) -> int:
    async def publish() -> int:
        async with connected(_user(settings)) as jetstream:
            return (await jetstream.publish("events.shop.order.placed", b"1")).seq

    return asyncio.run(publish())


def test_services_with_events_get_settings(fleet: Fleet, tmp_path: Path) -> None:
    """They connect with them at once; the passwords are readable by the owner alone."""
    folder = tmp_path / "nats"
    settings = start(fleet, folder, SERVICES)
    assert sorted(settings) == ["post", "shop"]
    assert _publish(settings["shop"]) == 1
    files = sorted(folder.glob("*.password"))
    assert [file.stem for file in files] == ["administrator", "post", "shop"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_data_and_passwords_stay(tmp_path: Path) -> None:
    """The second start finds the messages of the first."""
    passwords = set()
    for number in (1, 2):
        fleet = Fleet()
        try:
            settings = start(fleet, tmp_path, SERVICES)
            passwords.add(settings["shop"]["EVENTS_PASSWORD"])
            assert _publish(settings["shop"]) == number
        finally:
            fleet.stop()
    assert len(passwords) == 1


def test_without_events_nothing_is_started(fleet: Fleet, tmp_path: Path) -> None:
    """No service has settings then."""
    assert start(fleet, tmp_path / "nats", [ServiceEvents("site")]) == {}
    assert not (tmp_path / "nats").exists()
