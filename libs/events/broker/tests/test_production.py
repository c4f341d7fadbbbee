"""The configuration for production: TLS, and passwords that the server reads from its environment."""

import asyncio
import gc
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.events.broker.configuration import Server, User, Variable, server_configuration
from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.errors import UnreachableBrokerError
from libs.events.broker.names import ADMINISTRATOR
from libs.events.broker.process import ServerFiles
from libs.events.broker.program import server_program
from libs.events.broker.tests.brokers import TOPOLOGY
from libs.events.tls_testing import write_certificate

PASSWORD = "shop"  # of this test
BCRYPT_HASH = "$2b$11$abcdefghijklmnopqrstuuVO4Q9SHJXqifQVXaEGYeprLrLzGUWRS"
SECONDS = 30


@pytest.fixture(params=[f'"{BCRYPT_HASH}"', f'"{PASSWORD}"'], ids=["hash", "password"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    """Run a server with TLS; yield its folder and the address for clients."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        users = {
            user: User(user, Variable("SHOP_PASSWORD"), permissions)
            for user, permissions in TOPOLOGY.permissions().items()
        }
        text = server_configuration(Server(folder / "jetstream", tls=write_certificate(folder)), users)
        (folder / "nats.conf").write_text(text)
        environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
        process = subprocess.Popen(
            [server_program(), "--config", folder / "nats.conf", "--ports_file_dir", folder],
            env={**environment, "SHOP_PASSWORD": request.param},
            stderr=subprocess.DEVNULL,
        )
        try:
            end = time.monotonic() + SECONDS
            while (port := ServerFiles(folder).ready_port()) is None:
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.01)
            yield folder, f"127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


# nats-py does not close the socket of a connection that failed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_clients_check_the_certificate_and_the_server_the_password(server: tuple[Path, str]) -> None:
    """A certificate of another authority and a wrong password are refused."""
    folder, address = server
    authority = folder / "tls.crt"

    async def streams(url: str, password: str, trusted: Path | None) -> int:
        async with connected(BrokerUser(url, ADMINISTRATOR, password, trusted)) as jetstream:
            return len(await jetstream.streams_info())

    assert asyncio.run(streams(f"tls://{address}", PASSWORD, authority)) == 0
    with pytest.raises(UnreachableBrokerError, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(streams(f"tls://{address}", PASSWORD, None))
    with pytest.raises(UnreachableBrokerError, match="Authorization"):
        asyncio.run(streams(f"tls://{address}", BCRYPT_HASH, authority))
    gc.collect()
