"""Both services as they are shipped, started as programs, each with something to read in it."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.bench.contestant import Contestant, free_port, service
from tools.dev.demo import is_ready, log_in

_SECONDS = 10
# No proxy: everything here is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_DRAFT = {"name": "Tea", "description": "Green.", "price_cents": 450, "stock": 3}


@dataclass(frozen=True, slots=True)
class Issuer:
    """The user service, and where it is."""

    server: Contestant
    url: str


def get(path: str, token: str | None = None) -> bytes:
    """The bytes of a request as a browser-like client sends it."""
    headers = ["Host: 127.0.0.1", "User-Agent: bench", "Accept: */*", "Accept-Encoding: gzip, deflate"]
    if token:
        headers.append(f"Authorization: Bearer {token}")
    return f"GET {path} HTTP/1.1\r\n{_lines(headers)}\r\n".encode("ascii")


def post(path: str, body: object) -> bytes:
    """The bytes of a request that sends JSON."""
    text = json.dumps(body)
    headers = ["Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {len(text)}"]
    return f"POST {path} HTTP/1.1\r\n{_lines(headers)}\r\n{text}".encode("ascii")


@contextmanager
def user_service(folder: Path) -> Iterator[Issuer]:
    """The user service on SQLite, with a signing key."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "USER_SERVICE_PORT": str(port),
        "USER_SERVICE_DATA_DIR": str(_made(folder / "user_service")),
        "USER_SERVICE_ISSUER": url,
    }
    for command in ("migrate", "rotate-keys"):
        _run("user_service", command, settings)
    with service(
        "user_service", [_program("user_service")], settings, port=port, is_ready=lambda: is_ready(url)
    ) as server:
        yield Issuer(server, url)


@contextmanager
def product_service(name: str, folder: Path, issuer: Issuer, *, database: str = "") -> Iterator[Contestant]:
    """The product service on `database`, or on a SQLite file when that is empty."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "PRODUCT_SERVICE_PORT": str(port),
        "PRODUCT_SERVICE_DATA_DIR": str(_made(folder / name)),
        "PRODUCT_SERVICE_DATABASE_URL": database,
        "PRODUCT_SERVICE_ISSUER": issuer.url,
    }
    _run("product_service", "migrate", settings)
    with service(name, [_program("product_service")], settings, port=port, is_ready=lambda: is_ready(url)) as server:
        yield server


def product_read(server: Contestant, token: str) -> bytes:
    """The request that reads a product, which is made first."""
    host, port = server.address
    request = urllib.request.Request(  # an http URL made here
        f"http://{host}:{port}/products",
        json.dumps(_DRAFT).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with _OPENER.open(request, timeout=_SECONDS) as answer:
        return get(str(answer.headers["Location"]), token)


def access_token(issuer: Issuer, folder: Path) -> str:
    """A token of a user made for it."""
    return log_in(issuer.url, folder / "reader.json")[1]


def logins(issuer: Issuer, folder: Path, *, count: int) -> list[bytes]:
    """The requests by which that many users log in."""
    users = [log_in(issuer.url, folder / f"user{number}.json")[0] for number in range(count)]
    return [post("/auth/login", asdict(user)) for user in users]


def _run(name: str, command: str, settings: dict[str, str]) -> None:
    subprocess.run(
        [_program(name), command],
        env=os.environ | settings,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _program(name: str) -> str:
    """The service's binary, which lies beside us in the runfiles."""
    return str(Path(__file__).absolute().parents[2] / "services" / name / name)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _lines(headers: list[str]) -> str:
    return "".join(f"{header}\r\n" for header in headers)
