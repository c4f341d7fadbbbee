"""Run nats-server as a child process."""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from libs.events.broker.configuration import Server, Tls, User, server_configuration
from libs.events.broker.program import server_program

_OPENER = build_opener(ProxyHandler({}))
_HEALTH_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """The files of a server in one folder: its configuration, its streams and the ports that it got."""

    folder: Path

    @property
    def store(self) -> Path:
        """Return the folder of the streams."""
        return self.folder / "jetstream"

    def prepare(self, users: Mapping[str, User] | None, *, port: int = -1, tls: Tls | None = None) -> Sequence[str]:
        """Write the configuration and return the command that starts the server.

        Args:
            users: the users of the server; None lets every client do everything.
            port: port for clients on loopback; -1 is any free one.
            tls: certificate of the server; None for connections without TLS.

        Raises:
            NoServerProgramError: nats-server is not on this machine.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.ports"):
            old.unlink()
        file = self.folder / "nats.conf"
        text = server_configuration(Server(self.store, listen=f"127.0.0.1:{port}", tls=tls), users)
        write_secret(file, text)
        return [str(server_program()), "--config", str(file), "--ports_file_dir", str(self.folder)]

    def ready_port(self) -> int | None:
        """Return the port for clients once the server is healthy, else None."""
        for file in self.folder.glob("*.ports"):
            with contextlib.suppress(OSError, ValueError):
                addresses = json.loads(file.read_text(encoding="utf-8"))
                with _OPENER.open(f"{addresses['monitoring'][0]}/healthz", timeout=_HEALTH_SECONDS) as answer:
                    if answer.status == HTTPStatus.OK:
                        return int(addresses["nats"][0].rpartition(":")[2])
        return None


def write_secret(file: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        # The mode above is for a new file only.
        os.fchmod(descriptor, 0o600)
        opened.write(text)
