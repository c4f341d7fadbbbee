"""`//:dev` starts a NATS server whose users, passwords and data stay in one folder."""

import asyncio
import os
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.errors import BrokerError
from libs.events.broker.topology import ServiceEvents
from tools.dev.broker import check_unused, start
from tools.dev.process_group import ChildEnded, ProcessGroup

SERVICES = (
    ServiceEvents("shop", publishes=("order.placed",)),
    ServiceEvents("post", consumes={"shop": ("order.placed",)}),
    ServiceEvents("site"),
)
SECONDS = 30


@pytest.fixture
def processes() -> Iterator[ProcessGroup]:
    """Return a group that is stopped in the end."""
    running = ProcessGroup()
    yield running
    running.stop()


def _user(settings: dict[str, str]) -> BrokerUser:
    return BrokerUser(settings["EVENTS_URL"], settings["EVENTS_USER"], settings["EVENTS_PASSWORD"])


def _publish(settings: dict[str, str]) -> int:
    async def publish() -> int:
        async with connected(_user(settings)) as jetstream:
            return (await jetstream.publish("events.shop.order.placed", b"1")).seq

    return asyncio.run(publish())


def test_services_with_events_get_settings(processes: ProcessGroup, tmp_path: Path) -> None:
    """They connect with them at once; only the owner can read the passwords."""
    folder = tmp_path / "nats"
    settings = start(processes, folder, SERVICES)
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
        processes = ProcessGroup()
        try:
            settings = start(processes, tmp_path, SERVICES)
            passwords.add(settings["shop"]["EVENTS_PASSWORD"])
            assert _publish(settings["shop"]) == number
        finally:
            processes.stop()
    assert len(passwords) == 1


def test_without_events_nothing_is_started(processes: ProcessGroup, tmp_path: Path) -> None:
    """No service has settings then."""
    assert start(processes, tmp_path / "nats", [ServiceEvents("site")]) == {}
    assert not (tmp_path / "nats").exists()


def test_a_second_server_on_the_same_folder_is_refused(processes: ProcessGroup, tmp_path: Path) -> None:
    """Both would write the same streams; the first is not disturbed, and names itself."""
    settings = start(processes, tmp_path, SERVICES)
    for use in (lambda: start(ProcessGroup(), tmp_path, SERVICES), lambda: check_unused(tmp_path)):
        with pytest.raises(BrokerError, match=rf"^nats-server with process id {_process(tmp_path)} uses {tmp_path}: "):
            use()
    assert _publish(settings["shop"]) == 1
    processes.stop()
    check_unused(tmp_path)


def test_a_server_that_is_killed_is_one_sentence(processes: ProcessGroup, tmp_path: Path) -> None:
    """It names the log of the server."""
    start(processes, tmp_path, SERVICES)
    os.kill(_process(tmp_path), signal.SIGKILL)
    with pytest.raises(ChildEnded, match=rf"^nats-server ended with exit code -9; {tmp_path}/log has the reason$"):
        processes.wait_until(lambda: False, SECONDS)
    assert "Server is ready" in (tmp_path / "log").read_text()


def test_streams_follow_the_services(processes: ProcessGroup, tmp_path: Path) -> None:
    """A start with other services deletes the streams of the old ones, with their messages."""
    first = ProcessGroup()
    try:
        start(first, tmp_path, SERVICES)
    finally:
        first.stop()
    settings = start(processes, tmp_path, [ServiceEvents("post", publishes=("letter.sent",))])

    async def streams() -> list[str | None]:
        administrator = BrokerUser(
            settings["post"]["EVENTS_URL"], "administrator", (tmp_path / "administrator.password").read_text()
        )
        async with connected(administrator) as jetstream:
            return [each.config.name for each in await jetstream.streams_info()]

    assert asyncio.run(streams()) == ["EVENTS_post"]


def test_a_folder_that_cannot_be_used_is_one_sentence(processes: ProcessGroup, tmp_path: Path) -> None:
    """And so is one in which the server cannot keep its streams."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match=r"file cannot hold the data of nats-server: File exists$"):
        start(processes, tmp_path / "file", SERVICES)
    (tmp_path / "jetstream").write_text("")
    with pytest.raises(ChildEnded, match=rf"^nats-server ended with exit code 1; {tmp_path}/log has the reason$"):
        start(processes, tmp_path, SERVICES)


def test_an_empty_password_is_made_again(processes: ProcessGroup, tmp_path: Path) -> None:
    """As a process leaves it that was killed while it wrote the file."""
    (tmp_path / "shop.password").touch()
    settings = start(processes, tmp_path, SERVICES)
    assert re.fullmatch(r"[-_A-Za-z0-9]{32}", settings["shop"]["EVENTS_PASSWORD"])


def _process(folder: Path) -> int:
    return int((folder / "lock").read_text())
