"""A user service and a product service as processes, and a user with a product."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from libs.db.testing import PostgresServer
from tests.program import Program

ANN = {"email": "ann@example.com", "password": "seven green lanterns"}
TEA = {"name": "Tea", "description": "Leaves", "price_cents": 450, "stock": 3}

# No request may take longer, even with a failure: 3 s for a connection, 5 s for a statement, and a margin.
BOUND_SECONDS = 10


@dataclass(frozen=True, slots=True)
class ServiceStack:
    """Both services, which the test starts."""

    users: Program
    products: Program


@dataclass(frozen=True, slots=True)
class SeededUser:
    """A user with a token, and the path of a product of the user."""

    headers: Mapping[str, str]
    product: str


@contextmanager
def client(**options: object) -> Iterator[httpx2.Client]:
    """Yield a client that ignores proxy settings."""
    with httpx2.Client(trust_env=False, timeout=60, **options) as opened:  # type: ignore[arg-type]
        yield opened


@contextmanager
def running_stack(folder: Path, **settings: str) -> Iterator[ServiceStack]:
    """Run both services on SQLite files in `folder`; `settings` are for both."""
    users = Program("user_service", folder, **settings)
    stack = ServiceStack(users, Program("product_service", folder, **{"JWKS_URL": _jwks(users)} | settings))
    prepare(stack)
    with stack.users.running(), stack.products.running():
        yield stack


def prepare(stack: ServiceStack) -> None:
    """Create the tables of both services and the first signing key."""
    stack.users.run("migrate")
    stack.users.run("rotate-keys")
    stack.products.run("migrate")


def sqlite_stack(folder: Path, **settings: str) -> ServiceStack:
    """Both services on SQLite files in `folder`, ready to start; `settings` are for the product service."""
    users = Program("user_service", folder)
    products = Program("product_service", folder, JWKS_URL=_jwks(users), **settings)
    stack = ServiceStack(users, products)
    prepare(stack)
    return stack


def calling_stack(
    folder: Path, *, user_service_url: str = "", users_settings: Mapping[str, str] | None = None, **settings: str
) -> ServiceStack:
    """Both services on SQLite files, where the product service may call the user service, at another URL if given.

    `users_settings` are for the user service, `settings` for the product service.
    """
    users = Program("user_service", folder, **(users_settings or {}))
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
    return ServiceStack(users, products)


def postgres_stack(server: PostgresServer, folder: Path, name: str, **settings: str) -> ServiceStack:
    """Both services on databases of `server`, whose names begin with `name`, ready to start.

    `settings` are for the product service.
    """
    urls = []
    for database in (f"{name}_users", f"{name}_products"):
        server.execute(f"CREATE DATABASE {database}")
        urls.append(server.url(database))
    users = Program("user_service", folder, DATABASE_URL=urls[0])
    products = Program("product_service", folder, **{"DATABASE_URL": urls[1], "JWKS_URL": _jwks(users)} | settings)
    stack = ServiceStack(users, products)
    prepare(stack)
    return stack


def seed_user_and_product(stack: ServiceStack, http: httpx2.Client) -> SeededUser:
    """Register Ann, log in and create a product."""
    assert http.post(f"{stack.users.url}/users", json=ANN | {"name": "Ann"}).status_code == httpx2.codes.CREATED
    headers = {"Authorization": f"Bearer {log_in(stack, http)}"}
    created = http.post(f"{stack.products.url}/products", json=TEA, headers=headers)
    assert created.status_code == httpx2.codes.CREATED, created.text
    return SeededUser(headers, created.headers["location"])


def log_in(stack: ServiceStack, http: httpx2.Client) -> str:
    """Return a new access token for Ann."""
    answer = http.post(f"{stack.users.url}/auth/login", json=ANN)
    assert answer.status_code == httpx2.codes.OK, answer.text
    return str(answer.json()["access_token"])


def _jwks(users: Program) -> str:
    return f"{users.url}/.well-known/jwks.json"
