"""Connect to the broker from a command, which ends with one sentence where it cannot."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from libs.events.broker.errors import UnreachableBrokerError
from libs.events.broker.names import inbox_prefix

_CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """Where the broker is, and as whom to connect.

    Attributes:
        url: `nats://HOST:PORT`, or `tls://HOST:PORT`.
        name: name of the user.
        password: password of the user.
        authority: file of the authority that the server's certificate comes from, if not one of the system's.
    """

    url: str
    name: str
    password: str
    authority: Path | None = None


@asynccontextmanager
async def connected(user: BrokerUser) -> AsyncIterator[JetStreamContext]:
    """Connect once, without retries, and yield the JetStream of the connection.

    Raises:
        UnreachableBrokerError: the broker does not answer, refuses the user, or its certificate is not trusted.
    """
    client = Client()
    try:
        await client.connect(
            user.url,
            user=user.name,
            password=user.password,
            inbox_prefix=inbox_prefix(user.name),
            allow_reconnect=False,
            # Or the first connection is tried for two minutes.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=_CONNECT_SECONDS,
            error_cb=_ignore,
            tls=_tls(user),
        )
    except (OSError, NatsError, ValueError) as error:
        raise UnreachableBrokerError(
            f"{user.name} cannot connect to {user.url}: {error or type(error).__name__}"
        ) from error
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def _ignore(_: Exception) -> None:
    """The error is raised as well."""


def _tls(user: BrokerUser) -> ssl.SSLContext | None:
    if user.authority is None and not user.url.startswith("tls://"):
        return None
    return ssl.create_default_context(cafile=user.authority)
