"""Start the programs of both services, with a user and a product."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.bench.server_process import ServerProcess, free_port, program_server
from tools.bench.wrk.command import Request
from tools.dev.demo import is_ready, log_in

_SECONDS = 10
# All servers are on this machine, so a proxy must not be used.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PRODUCT = {"name": "Tea", "description": "Green.", "price_cents": 450, "stock": 3}
_HEADERS = {"User-Agent": "bench", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class Issuer:
    """The user service and its URL."""

    server: ServerProcess
    url: str


def get(path: str, token: str | None = None) -> Request:
    """Return a GET request with the headers that HTTP clients usually send."""
    return Request(path, _HEADERS | ({"Authorization": f"Bearer {token}"} if token else {}))


@contextmanager
def user_service(folder: Path) -> Iterator[Issuer]:
    """Run the user service on SQLite, with a signing key."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "USER_SERVICE_PORT": str(port),
        "USER_SERVICE_GRANTED_SCOPES": "products:read,products:reserve,products:write",
        "USER_SERVICE_DATA_DIR": str(_made(folder / "user_service")),
        "USER_SERVICE_ISSUER": url,
    }
    for command in ("migrate", "rotate-keys"):
        _run("user_service", command, settings)
    with program_server([_program("user_service")], settings, port=port, is_ready=lambda: is_ready(url)) as server:
        yield Issuer(server, url)


@contextmanager
def product_service(name: str, folder: Path, issuer: Issuer, *, database: str = "") -> Iterator[ServerProcess]:
    """Run the product service on `database`, or on SQLite if that is empty, with its data in `folder/name`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "PRODUCT_SERVICE_PORT": str(port),
        "PRODUCT_SERVICE_DATA_DIR": str(_made(folder / name)),
        "PRODUCT_SERVICE_DATABASE_URL": database,
        "PRODUCT_SERVICE_ISSUER": issuer.url,
    }
    _run("product_service", "migrate", settings)
    with program_server([_program("product_service")], settings, port=port, is_ready=lambda: is_ready(url)) as server:
        yield server


def product_read(server: ServerProcess, token: str) -> Request:
    """Create a product and return the request that reads it."""
    host, port = server.address
    request = urllib.request.Request(  # an http URL made here
        f"http://{host}:{port}/products",
        json.dumps(_PRODUCT).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with _OPENER.open(request, timeout=_SECONDS) as answer:
        return get(str(answer.headers["Location"]), token)


def access_token(issuer: Issuer, folder: Path) -> str:
    """Return an access token of a new user."""
    return log_in(issuer.url, folder / "reader.json")[1]


def logins(issuer: Issuer, folder: Path, *, count: int) -> Request:
    """Create `count` users and return the request by which they log in alternately."""
    users = [log_in(issuer.url, folder / f"user{number}.json")[0] for number in range(count)]
    return Request("/auth/login", _HEADERS, [json.dumps(asdict(user)) for user in users])


def _run(name: str, command: str, settings: dict[str, str]) -> None:
    subprocess.run(
        [_program(name), command],
        env=os.environ | settings,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _program(name: str) -> str:
    """Return the path of the service's binary among the runfiles."""
    return str(Path(__file__).absolute().parents[2] / "services" / name / name)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
