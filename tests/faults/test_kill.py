"""A service is killed while it writes, 50 times: acknowledged writes are kept, and no write is stored in part."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from libs.db.testing import PostgresServer, postgres_server
from tests.faults.crash_writes import kill_repeatedly
from tests.service_stack import (
    ANN,
    TEA,
    ServiceStack,
    client,
    log_in,
    postgres_stack,
    seed_user_and_product,
    sqlite_stack,
)


class ProductWorkload:
    """Creates products, each with the key of its write as its name."""

    def __init__(self, stack: ServiceStack, headers: Mapping[str, str]) -> None:
        self._stack = stack
        self._url = f"{stack.products.url}/products"
        self._headers = headers

    def write(self, key: str, http: httpx2.Client) -> None:
        """Create a product; a repeated write returns the product of the first."""
        answer = http.post(self._url, json=_product(key), headers={**self._headers, "Idempotency-Key": key})
        assert answer.status_code == httpx2.codes.CREATED, answer.text

    def stored(self, http: httpx2.Client) -> set[str]:
        """See `Workload`."""
        # Fifty rounds may take longer than the lifetime of a token.
        self._headers = {"Authorization": f"Bearer {log_in(self._stack, http)}"}
        names = set()
        for product in _all(http, self._url, self._headers):
            name = str(product["name"])
            if name != TEA["name"]:
                assert name not in names, "it is there twice"
                assert {**product, **_product(name)} == product
                names.add(name)
        return names


class AccountWorkload:
    """Registers accounts, each with a login whose refresh token was used once."""

    def __init__(self, stack: ServiceStack) -> None:
        self._stack = stack
        self._tried: set[str] = set()
        self._tokens: dict[str, tuple[str, str]] = {}
        """Of logins since the last kill: the used token and its successor."""

    def write(self, key: str, http: httpx2.Client) -> None:
        """Register, log in, refresh; in a repeated write the account may exist already."""
        again = key in self._tried
        self._tried.add(key)
        body = {"email": f"{key}@example.com", "password": ANN["password"]}
        registered = http.post(f"{self._stack.users.url}/users", json=body | {"name": key})
        taken = registered.status_code == httpx2.codes.CONFLICT and again
        assert taken or registered.status_code == httpx2.codes.CREATED, registered.text
        first = self._token(http.post(f"{self._stack.users.url}/auth/login", json=body))
        self._tokens[key] = (first, self._token(self._refresh(http, first)))

    def stored(self, http: httpx2.Client) -> set[str]:
        """See `Workload`. Of the tokens since the last kill, the newest are valid and the used ones stay used."""
        for used, newest in self._tokens.values():
            self._token(self._refresh(http, newest))
            assert self._refresh(http, used).status_code == httpx2.codes.UNAUTHORIZED
        self._tokens.clear()
        headers = {"Authorization": f"Bearer {log_in(self._stack, http)}"}
        found = [str(each["name"]) for each in _all(http, f"{self._stack.users.url}/admin/users", headers)]
        assert len(found) == len(set(found)), "some are there twice"
        return set(found) - {"Ann"}

    def _refresh(self, http: httpx2.Client, token: str) -> httpx2.Response:
        return http.post(f"{self._stack.users.url}/auth/refresh", json={"refresh_token": token})

    def _token(self, answer: httpx2.Response) -> str:
        assert answer.status_code == httpx2.codes.OK, answer.text
        return str(answer.json()["refresh_token"])


@pytest.fixture(params=["sqlite", "postgresql"])
def stack_and_server(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[ServiceStack, PostgresServer | None]]:
    """Yield both services, not started, and the database server, if there is one."""
    if request.param == "sqlite":
        yield sqlite_stack(tmp_path), None
    else:
        with postgres_server(durable=True) as server:
            yield postgres_stack(server, tmp_path, "killed"), server


def test_no_product_is_lost(stack_and_server: tuple[ServiceStack, PostgresServer | None]) -> None:
    """The service is killed 50 times, and on PostgreSQL the database server in ten of them."""
    stack, server = stack_and_server
    with stack.users.running():
        stack.products.start()
        with client() as http:
            products = ProductWorkload(stack, seed_user_and_product(stack, http).headers)
        kill_repeatedly(stack.products, products, server=server)


def test_no_account_and_no_login_is_lost(stack_and_server: tuple[ServiceStack, PostgresServer | None]) -> None:
    """The service is killed 50 times, and on PostgreSQL the database server in ten of them."""
    stack, server = stack_and_server
    stack.users.start()
    with client() as http:
        assert http.post(f"{stack.users.url}/users", json=ANN | {"name": "Ann"}).status_code == httpx2.codes.CREATED
    stack.users.run("grant-admin", ANN["email"])
    kill_repeatedly(stack.users, AccountWorkload(stack), server=server)


def _product(key: str) -> Mapping[str, object]:
    return TEA | {"name": key, "description": f"{key} " * 100 + "."}


def _all(http: httpx2.Client, url: str, headers: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    """Return every item of a list, page after page."""
    cursor: dict[str, str] = {}
    while True:
        answer = http.get(url, params={"limit": "100", **cursor}, headers=dict(headers))
        assert answer.status_code == httpx2.codes.OK, answer.text
        yield from answer.json()["items"]
        if not answer.json()["next"]:
            return
        cursor = {"cursor": answer.json()["next"]}
