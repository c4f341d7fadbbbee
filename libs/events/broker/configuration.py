"""The configuration of nats-server, for development, tests and production alike.

The format is that of NATS, which accepts JSON and, where a value is `$NAME` without quotes, an environment variable.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from libs.events.broker.topology import Permissions

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of the server, which holds a password or its bcrypt hash in double quotes."""

    name: str


@dataclass(frozen=True, slots=True)
class User:
    """A user of the server. Without permissions it may do everything."""

    name: str
    password: str | Variable
    permissions: Permissions | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of the server's certificate and key, and of the authority that clients' certificates must come from."""

    certificate: Path
    key: Path
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """The addresses and storage limits of a server.

    Attributes:
        store: folder of the streams.
        listen: address for clients; port -1 is any free one.
        monitoring: address of `/healthz` and the metrics, which have no authentication.
        max_memory: bytes for streams in memory.
        max_file: bytes for streams in `store`; then publications are refused.
        tls: certificate; None for loopback only.
    """

    store: Path
    listen: str = "127.0.0.1:-1"
    monitoring: str = "127.0.0.1:-1"
    max_memory: int = 64 * 2**20
    max_file: int = 2**30
    tls: Tls | None = None


def server_configuration(server: Server, users: Mapping[str, User] | None) -> str:
    """Return the text of the configuration. Without `users` every client may do everything."""
    document: Json = {
        "listen": server.listen,
        "http": server.monitoring,
        "jetstream": {
            "store_dir": str(server.store),
            # By default the server acknowledges messages up to two minutes before it syncs them to the disk.
            "sync_interval": "always",
            "max_memory_store": server.max_memory,
            "max_file_store": server.max_file,
        },
    }
    if server.tls is not None:
        document["tls"] = _tls(server.tls)
    variables: dict[str, str] = {}
    if users is not None:
        document["authorization"] = {"users": [_user(each, variables) for each in users.values()]}
    text = json.dumps(document, indent=2)
    for quoted, name in variables.items():
        text = text.replace(quoted, name)
    return text + "\n"


def _tls(tls: Tls) -> Json:
    document: Json = {"cert_file": str(tls.certificate), "key_file": str(tls.key), "min_version": "1.3"}
    if tls.authority is not None:
        document |= {"ca_file": str(tls.authority), "verify": True}
    return document


def _user(user: User, variables: dict[str, str]) -> Json:
    password = user.password
    if isinstance(password, Variable):
        variables[json.dumps(f"${password.name}")] = f"${password.name}"
        password = f"${password.name}"
    document: Json = {"user": user.name, "password": password}
    if user.permissions is not None:
        document["permissions"] = {
            "publish": list(user.permissions.publish),
            "subscribe": list(user.permissions.subscribe),
        }
    return document
