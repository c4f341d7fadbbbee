"""The NATS server of `//:dev`: started with the services, with its data and a password for each user in one folder."""

import asyncio
import secrets
from collections.abc import Iterable
from pathlib import Path

from libs.events.broker.configuration import User
from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.errors import BrokerError
from libs.events.broker.names import ADMINISTRATOR
from libs.events.broker.process import ServerFiles, write_secret
from libs.events.broker.reconcile import apply, plan
from libs.events.broker.topology import ServiceEvents, Topology
from tools.dev.fleet import Fleet

_NAME = "nats-server"
_READY_SECONDS = 30


def start(fleet: Fleet, folder: Path, services: Iterable[ServiceEvents]) -> dict[str, dict[str, str]]:
    """Start the server, reconcile its streams and consumers, and return the settings of each service that needs it.

    Args:
        fleet: starts the server and stops it with the services.
        folder: what the server keeps; it is made.
        services: what each service publishes and consumes.

    Returns:
        `EVENTS_URL`, `EVENTS_USER` and `EVENTS_PASSWORD` by the name of the service, without its prefix. Empty when no
        service has events, or when a signal came first.

    Raises:
        BrokerError: nats-server is missing or not ready in time, or the services do not fit together.
        ChildEnded: the server ended; the file `log` says why.
    """
    topology = Topology(tuple(services))
    if not topology.streams():
        return {}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    users = {
        name: User(name, _password(folder / f"{name}.password"), permissions)
        for name, permissions in topology.permissions().items()
    }
    files = ServerFiles(folder)
    fleet.start(_NAME, [*files.prepare(users), "--log", str(folder / "log")], {})
    if not fleet.wait_until(lambda: files.ready_port() is not None, _READY_SECONDS):
        if fleet.stopping:
            return {}
        raise BrokerError(f"{_NAME} is not ready after {_READY_SECONDS} s; {folder / 'log'} says why")
    url = f"nats://127.0.0.1:{files.ready_port()}"
    # This is development data: a change of the topology may lose it.
    asyncio.run(_reconcile(BrokerUser(url, ADMINISTRATOR, str(users[ADMINISTRATOR].password)), topology))
    return {
        name: {"EVENTS_URL": url, "EVENTS_USER": name, "EVENTS_PASSWORD": str(user.password)}
        for name, user in users.items()
        if name != ADMINISTRATOR
    }


async def _reconcile(user: BrokerUser, topology: Topology) -> None:
    async with connected(user) as jetstream:
        await apply(jetstream, await plan(jetstream, topology))


def _password(file: Path) -> str:
    """Return the password in a file, made at the first start."""
    if not file.exists():
        write_secret(file, secrets.token_urlsafe(24))
    return file.read_text(encoding="utf-8")
