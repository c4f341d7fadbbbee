"""The server of tests can be stopped, killed, frozen and emptied; it keeps its address."""

import stat
import tempfile
from pathlib import Path

import nats.errors
import pytest

from libs.events.broker.connection import connected
from libs.events.broker.process import ServerFiles
from libs.events.broker.reconcile import apply, plan
from libs.events.broker.tests.brokers import TOPOLOGY, administrator, broker
from libs.events.nats_testing import NatsServer, users_of


async def _publish(server: NatsServer) -> None:
    async with connected(administrator(server)) as jetstream:
        await apply(jetstream, await plan(jetstream, TOPOLOGY))


async def _streams(server: NatsServer) -> int:
    async with connected(administrator(server)) as jetstream:
        return len(await jetstream.streams_info())


async def test_data_outlives_the_process() -> None:
    """The data is kept after a stop and after a kill, until the test empties the server."""
    with broker() as server:
        await _publish(server)
        url = server.url
        for end in (server.stop, server.kill):
            end()
            server.start()
            assert server.url == url
            assert await _streams(server) == 4
        server.stop()
        server.empty()
        server.start()
        assert await _streams(server) == 0


async def test_a_frozen_server_does_not_answer() -> None:
    """A frozen server answers again once it continues."""
    with broker() as server:
        async with connected(administrator(server)) as jetstream:
            server.freeze()
            with pytest.raises(nats.errors.TimeoutError):
                await jetstream.streams_info()
            server.thaw()
            assert await jetstream.streams_info() == []


def test_only_the_owner_reads_the_configuration() -> None:
    """The configuration has passwords, so it is private, even if the file was readable before."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "nats.conf")
        file.touch(mode=0o644)
        ServerFiles(Path(folder)).prepare(users_of(TOPOLOGY))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert '"password": "shop"' in file.read_text()
