"""Both services and somebody who uses them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from libs.db.testing import PostgresServer
from tests.end_to_end.house import prepare
from tests.program import Program

ANN = {"email": "ann@example.com", "password": "seven green lanterns"}
TEA = {"name": "Tea", "description": "Leaves", "price_cents": 450, "stock": 3}

# Nothing that is asked may take longer, whatever has failed: 3 s for a connection and 5 s for a statement, and room.
BOUND_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Town:
    """Both services; whether they run is up to the test."""

    users: Program
    products: Program


@dataclass(frozen=True, slots=True)
class Ann:
    """A user: her token, and a product of hers."""

    headers: Mapping[str, str]
    product: str


@contextmanager
def client(**options: object) -> Iterator[httpx2.Client]:
    """A client that goes straight to loopback."""
    with httpx2.Client(trust_env=False, timeout=60, **options) as opened:  # type: ignore[arg-type]
        yield opened


def sqlite_town(folder: Path, **settings: str) -> Town:
    """Both services on SQLite files in `folder`, ready to start; `settings` are for the product service."""
    users = Program("user_service", folder)
    products = Program("product_service", folder, JWKS_URL=_jwks(users), **settings)
    prepare(users, products)
    return Town(users, products)


def calling_town(folder: Path, *, user_service_url: str = "", **settings: str) -> Town:
    """Both services on SQLite files, where the product service may call the user service, at another URL if given.

    `settings` are for the product service.
    """
    users = Program("user_service", folder)
    users.run("migrate")
    users.run("rotate-keys")
    secret = folder / "client_secret"
    users.run("ensure-client", "product_service", "directory:read", str(secret))
    products = Program(
        "product_service",
        folder,
        JWKS_URL=_jwks(users),
        OAUTH_URL=users.url,
        USER_SERVICE_URL=user_service_url or users.url,
        CLIENT_SECRET=secret.read_text().strip(),
        **settings,
    )
    products.run("migrate")
    return Town(users, products)


def postgres_town(server: PostgresServer, folder: Path, name: str, **settings: str) -> Town:
    """Both services on databases of `server`, whose names begin with `name`, ready to start.

    `settings` are for the product service.
    """
    urls = []
    for database in (f"{name}_users", f"{name}_products"):
        server.execute(f"CREATE DATABASE {database}")
        urls.append(server.url(database))
    users = Program("user_service", folder, DATABASE_URL=urls[0])
    products = Program("product_service", folder, **{"DATABASE_URL": urls[1], "JWKS_URL": _jwks(users)} | settings)
    prepare(users, products)
    return Town(users, products)


def settle(town: Town, http: httpx2.Client) -> Ann:
    """Let Ann register, log in and add a product."""
    assert http.post(f"{town.users.url}/users", json=ANN | {"name": "Ann"}).status_code == httpx2.codes.CREATED
    headers = {"Authorization": f"Bearer {log_in(town, http)}"}
    created = http.post(f"{town.products.url}/products", json=TEA, headers=headers)
    assert created.status_code == httpx2.codes.CREATED, created.text
    return Ann(headers, created.headers["location"])


def log_in(town: Town, http: httpx2.Client) -> str:
    """A new access token of Ann's."""
    answer = http.post(f"{town.users.url}/auth/login", json=ANN)
    assert answer.status_code == httpx2.codes.OK, answer.text
    return str(answer.json()["access_token"])


def _jwks(users: Program) -> str:
    return f"{users.url}/.well-known/jwks.json"
