"""A broker with users and permissions: `shop` publishes, `post` and `audit` consume."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import nats
from nats.aio.client import Client

from libs.events.broker.connection import BrokerUser
from libs.events.broker.names import ADMINISTRATOR, inbox_prefix
from libs.events.broker.topology import ServiceEvents, Topology
from libs.events.nats_testing import NatsServer, nats_server, users_of

TOPOLOGY = Topology(
    (
        ServiceEvents("audit", consumes={"shop": ("order.placed",)}),
        ServiceEvents("post", publishes=("parcel.sent",), consumes={"shop": ("order.placed",)}),
        ServiceEvents("shop", publishes=("order.placed", "order.changed")),
    )
)


@contextmanager
def broker() -> Iterator[NatsServer]:
    """Run an empty broker with the users of the topology."""
    with tempfile.TemporaryDirectory() as folder, nats_server(Path(folder), users_of(TOPOLOGY)) as server:
        yield server


def administrator(server: NatsServer) -> BrokerUser:
    """Return the administrator of a broker of these tests."""
    return BrokerUser(server.url, ADMINISTRATOR, ADMINISTRATOR)


@asynccontextmanager
async def client_of(server: NatsServer, user: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """Connect as a user; yield the client and the errors that the server reports to it, such as denied subjects."""
    errors: list[str] = []

    async def note(error: Exception) -> None:
        errors.append(str(error))

    client = await nats.connect(
        server.url, user=user, password=user, inbox_prefix=inbox_prefix(user), error_cb=note, allow_reconnect=False
    )
    try:
        yield client, errors
    finally:
        await client.close()
