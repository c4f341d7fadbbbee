"""PgBouncer for tests: a real one, from the graph, in transaction mode before a test's PostgreSQL."""

import contextlib
import platform
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from libs.db.testing import PostgresServer, unprivileged

_ROOT = Path(__file__).parents[3]
_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
_LIBRARIES = f"{platform.machine()}-linux-gnu"
_START_SECONDS = 60

_CONFIGURATION = """
[databases]
* = host={server} user=postgres
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
"""


class PgBouncer:
    """A PgBouncer that may be stopped and started again."""

    def __init__(self, folder: Path, server: PostgresServer, *, pool_size: int) -> None:
        """It has `pool_size` connections to each database of `server`, and a socket in `folder`."""
        self._folder = folder
        self._socket = folder / ".s.PGSQL.6432"
        self._configuration = folder / "pgbouncer.ini"
        self._configuration.write_text(_CONFIGURATION.format(server=server.folder, folder=folder, pool=pool_size))
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Return the URL of a database behind it."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self._folder}&port=6432"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen([*unprivileged(), *_command(), "--quiet", str(self._configuration)])
        end = time.monotonic() + _START_SECONDS
        while not self._socket.exists():
            if time.monotonic() > end:
                raise TimeoutError("PgBouncer did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once, with the transactions of its clients."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None
            self._socket.unlink(missing_ok=True)


@contextlib.contextmanager
def pgbouncer(server: PostgresServer, *, pool_size: int) -> Iterator[PgBouncer]:
    """Run a PgBouncer before `server`."""
    # Not pytest's folder: a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pgb-", dir="/tmp") as folder:
        running = PgBouncer(Path(folder), server, pool_size=pool_size)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def _command() -> Sequence[str]:
    [root] = _ROOT.glob(f"*pgbouncer_{_ARCHITECTURE}/root")
    [loader] = (root / "lib" / _LIBRARIES).glob("ld-linux-*.so.*")
    libraries = ":".join(str(root / part / _LIBRARIES) for part in ("lib", "usr/lib"))
    return [str(loader), "--library-path", libraries, str(root / "usr/sbin/pgbouncer")]
