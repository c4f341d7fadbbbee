"""Redis for tests: a real server from the graph, which a test may kill and start again."""

import contextlib
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
_LIBRARIES = f"{platform.machine()}-linux-gnu"
_START_SECONDS = 60


class RedisServer:
    """A Redis on loopback that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        """It is not started yet."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Return the address of the server."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server, empty, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        # libfaketime (//tools/clock:ahead) would stop the timers of the server.
        environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        self._process = subprocess.Popen([*_command(), *options], env=environment, stdout=subprocess.DEVNULL)
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > end:
                raise TimeoutError("Redis did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill the server without notice to its clients."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop the process, whose sockets stay open and do not answer."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Run a Redis; see `RedisServer`."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _command() -> Sequence[str]:
    roots = list(_ROOT.glob(f"*redis_server_{_ARCHITECTURE}/root"))
    if not roots:
        # Outside Bazel there is no runfiles tree.
        found = shutil.which("redis-server")
        if found is None:
            raise FileNotFoundError("redis-server: run this test with Bazel, or install it")
        return [found]
    [root] = roots
    [loader] = (root / "lib" / _LIBRARIES).glob("ld-linux-*.so.*")
    libraries = ":".join(str(root / part / _LIBRARIES) for part in ("lib", "usr/lib"))
    return [str(loader), "--library-path", libraries, str(root / "usr/bin/redis-server")]
