"""A real PgBouncer for tests, in transaction mode in front of a test's PostgreSQL."""

import contextlib
import platform
import signal
import socket
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
listen_addr = {address}
unix_socket_dir = {folder}
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
"""
_TLS = """
client_tls_sslmode = require
client_tls_cert_file = {0}/server.pem
client_tls_key_file = {0}/server.key
"""


class PgBouncer:
    """A PgBouncer that a test may stop and start again."""

    def __init__(self, folder: Path, server: PostgresServer, *, pool_size: int, tls_folder: Path | None = None) -> None:
        """It has `pool_size` connections to each database of `server`, and a socket in `folder`.

        With `tls_folder`, which holds `server.pem` and `server.key`, it also listens on 127.0.0.1, only with TLS.
        """
        self.port = _free_port() if tls_folder else 6432
        self._folder = folder
        self._socket = folder / f".s.PGSQL.{self.port}"
        self._configuration = folder / "pgbouncer.ini"
        address = "127.0.0.1" if tls_folder else ""
        values = {"server": server.folder, "folder": folder, "pool": pool_size, "port": self.port, "address": address}
        tls = _TLS.format(tls_folder) if tls_folder else ""
        self._configuration.write_text(_CONFIGURATION.format(**values) + tls)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Return the URL of a database behind it."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self._folder}&port={self.port}"

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
def pgbouncer(server: PostgresServer, *, pool_size: int, tls_folder: Path | None = None) -> Iterator[PgBouncer]:
    """Run a PgBouncer before `server`; see `PgBouncer`."""
    # Not pytest's folder: a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pgb-", dir="/tmp") as folder:
        running = PgBouncer(Path(folder), server, pool_size=pool_size, tls_folder=tls_folder)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def _free_port() -> int:
    """Return a port of 127.0.0.1 that no process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _command() -> Sequence[str]:
    [root] = _ROOT.glob(f"*pgbouncer_{_ARCHITECTURE}/root")
    [loader] = (root / "lib" / _LIBRARIES).glob("ld-linux-*.so.*")
    libraries = ":".join(str(root / part / _LIBRARIES) for part in ("lib", "usr/lib"))
    return [str(loader), "--library-path", libraries, str(root / "usr/sbin/pgbouncer")]
