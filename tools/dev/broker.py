"""The NATS server of `//:dev`: started with the services, with its data and a password for each user in one folder."""

import asyncio
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nats.errors import Error as NatsError

from libs.events.broker.configuration import User
from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.errors import BrokerError
from libs.events.broker.names import ADMINISTRATOR
from libs.events.broker.process import ServerFiles, write_secret
from libs.events.broker.reconcile import apply, plan
from libs.events.broker.topology import ServiceEvents, Topology
from tools.dev.process_group import ProcessGroup

_NAME = "nats-server"
_READY_SECONDS = 30


def start(processes: ProcessGroup, folder: Path, services: Iterable[ServiceEvents]) -> dict[str, dict[str, str]]:
    """Start the server, reconcile its streams and consumers, and return the settings of each service that needs it.

    Args:
        processes: starts the server and stops it after the services.
        folder: what the server keeps; it is made.
        services: what each service publishes and consumes.

    Returns:
        `EVENTS_URL`, `EVENTS_USER` and `EVENTS_PASSWORD` by the name of the service, without its prefix. Empty when no
        service has events, or when a signal came first.

    Raises:
        BrokerError: nats-server is missing or not ready in time, the folder cannot be used, or the services do not fit
            together.
        ChildEnded: the server ended; the file `log` has the reason.
    """
    topology = Topology(tuple(services))
    if not topology.streams():
        return {}
    try:
        users = _start(processes, folder, topology)
    except OSError as error:
        raise BrokerError(f"{folder} cannot hold the data of {_NAME}: {error.strerror or error}") from error
    files = ServerFiles(folder)
    if not processes.wait_until(lambda: files.ready_port() is not None, _READY_SECONDS):
        if processes.stopping:
            return {}
        raise BrokerError(f"{_NAME} is not ready after {_READY_SECONDS} s; {_log(folder)} has the reason")
    url = f"nats://127.0.0.1:{files.ready_port()}"
    _reconcile(BrokerUser(url, ADMINISTRATOR, str(users[ADMINISTRATOR].password)), topology)
    return {
        name: {"EVENTS_URL": url, "EVENTS_USER": name, "EVENTS_PASSWORD": str(user.password)}
        for name, user in users.items()
        if name != ADMINISTRATOR
    }


def check_unused(folder: Path) -> None:
    """Check that no server runs in the folder.

    Raises:
        BrokerError: one does.
    """
    if (folder / "lock").exists():
        with _locked(folder):
            pass


def _start(processes: ProcessGroup, folder: Path, topology: Topology) -> dict[str, User]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with _locked(folder) as lock:
        users = {
            name: User(name, _password(folder / f"{name}.password"), permissions)
            for name, permissions in topology.permissions().items()
        }
        _log(folder).unlink(missing_ok=True)
        command = [*ServerFiles(folder).prepare(users), "--log", str(_log(folder))]
        process = processes.start_needed(_NAME, command, log=_log(folder), lock=lock)
        os.pwrite(lock, b"%d\n" % process, 0)
    return users


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Lock the folder and yield the descriptor: nats-server itself would use the data of another one.

    The lock holds until this process and those that inherited the descriptor have closed it.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(lock, folder)
        yield lock
    finally:
        os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        process = os.pread(lock, 20, 0).decode().strip()
        raise BrokerError(
            f"{_NAME} with process id {process} uses {folder}: stop the //:dev that started it, or name another folder "
            "with --data"
        ) from error


def _reconcile(user: BrokerUser, topology: Topology) -> None:
    async def reconcile() -> None:
        async with connected(user) as jetstream:
            # This is development data: a change of the topology may lose it.
            await apply(jetstream, await plan(jetstream, topology))

    try:
        asyncio.run(reconcile())
    except (NatsError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise BrokerError(f"{_NAME} refuses its streams: {reason}; --fresh deletes the existing ones") from error


def _log(folder: Path) -> Path:
    return folder / "log"


def _password(file: Path) -> str:
    """Return the password in a file, made at the first start."""
    password = file.read_text(encoding="utf-8") if file.exists() else ""
    if not password:
        password = secrets.token_urlsafe(24)
        write_secret(file, password)
    return password
