"""Events of one service have their effect in the other, through a real NATS with production permissions."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import nats
import pytest
import sqlalchemy as sa

from libs.db.sessions import open_sessions
from libs.db.testing import postgres_server
from libs.events.broker import reconcile
from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.names import ADMINISTRATOR, inbox_prefix
from libs.events.broker.topology import Topology, read_topology
from libs.events.nats_testing import NatsServer, nats_server, users_of
from libs.web.tests.collector import Collector, collecting
from tests.service_stack import TEA, ServiceStack, calling_stack, client

_SERVICES = Path(__file__).absolute().parents[2] / "services"
# Shorter than the minute for which the product service caches a name.
_WAIT_SECONDS = 40
_PASSWORD = "seven green lanterns"


@dataclass(frozen=True, slots=True)
class Shop:
    """Both services, their databases and broker, and a client.

    Attributes:
        databases: their URLs by the names of the services.
        broker_files: folder of the streams.
    """

    services: ServiceStack
    broker: NatsServer
    broker_files: Path
    databases: Mapping[str, str]
    collector: Collector
    http: httpx2.Client


@dataclass(frozen=True, slots=True)
class Seller:
    """A user with a product."""

    id: str
    headers: dict[str, str]
    product: str


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Both services, on either kind of database."""
    folder = tmp_path_factory.mktemp(request.param)
    topology = read_topology(_SERVICES)
    with ExitStack() as stack:
        collector = stack.enter_context(collecting())
        databases = stack.enter_context(_databases(request.param, folder))
        broker = stack.enter_context(nats_server(folder / "nats", users_of(topology)))
        asyncio.run(_create_streams(broker.url, topology))
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        settings = {
            name: {"DATABASE_URL": url, "EVENTS_URL": broker.url, "EVENTS_USER": name, "EVENTS_PASSWORD": name}
            for name, url in databases.items()
        }
        services = calling_stack(folder, users_settings=settings["user_service"], **settings["product_service"])
        stack.enter_context(services.users.running())
        stack.enter_context(services.products.running())
        http = stack.enter_context(client())
        yield Shop(services, broker, folder / "nats" / "jetstream", databases, collector, http)


def test_a_renamed_user_has_the_new_name_at_their_products(shop: Shop) -> None:
    """The new name is shown before the cached one would have expired."""
    ann = _seller(shop, "ann@example.com", "Ann")
    assert _owner(shop, ann) == "Ann"
    _rename(shop, ann, "Anna")
    _wait(lambda: _owner(shop, ann) == "Anna")


def test_a_deleted_product_is_in_the_audit_log(shop: Shop) -> None:
    """The audit entry has the service as actor and the id of the product."""
    eve = _seller(shop, "eve@example.com", "Eve")
    assert shop.http.delete(shop.services.products.url + eve.product, headers=eve.headers).status_code == 204
    entry = "SELECT actor FROM audit_entries WHERE target = :value"
    target = f"product {eve.product.rpartition('/')[2]}"
    _wait(lambda: asyncio.run(_stored(shop, entry, target)) == "product_service")


def test_a_deleted_user_leaves_no_personal_data(shop: Shop) -> None:
    """No personal data is left in databases, streams and dead letters, the products are archived, all in one trace."""
    reader = _seller(shop, "reader@example.com", "Reader")
    user = _seller(shop, "quimby@example.com", "Quimby One")
    _rename(shop, user, "Quimby Two")
    _wait(lambda: _owner(shop, user) == "Quimby Two")
    asyncio.run(_publish_as_newer_version(shop, user))
    dead_letters = 'events_dead_letters_total{reason="newer-version",source="user_service"} 1.0'
    _wait(lambda: dead_letters in shop.http.get(f"{shop.services.products.url}/metrics").text)
    assert _places(shop, "quimby") == {"user_service"}

    _delete(shop, user)
    url = shop.services.products.url + user.product
    _wait(lambda: shop.http.get(url, headers=reader.headers).status_code == 404)
    _wait(lambda: len(_spans_of_deletion(shop)) == 3)

    assert _places(shop, "quimby") == set()
    # The ids are found everywhere, so the search covers all places.
    assert _places(shop, user.id) == {"user_service", "product_service", "broker"}
    assert _spans_of_deletion(shop) == {
        ("user_service", "POST /me/deletion"),
        ("product_service", "process user.deleted"),
        ("user_service", "process product.archived"),
    }


def _seller(shop: Shop, email: str, name: str) -> Seller:
    registration = {"email": email, "password": _PASSWORD, "name": name}
    made = shop.http.post(f"{shop.services.users.url}/users", json=registration)
    assert made.status_code == 201, made.text
    headers = _log_in(shop, email)
    product = shop.http.post(f"{shop.services.products.url}/products", json=TEA, headers=headers)
    assert product.status_code == 201, product.text
    return Seller(made.json()["id"], headers, product.headers["location"])


def _log_in(shop: Shop, email: str) -> dict[str, str]:
    answer = shop.http.post(f"{shop.services.users.url}/auth/login", json={"email": email, "password": _PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _rename(shop: Shop, seller: Seller, name: str) -> None:
    answer = shop.http.patch(f"{shop.services.users.url}/me", json={"name": name}, headers=seller.headers)
    assert answer.status_code == 200, answer.text


def _delete(shop: Shop, seller: Seller) -> None:
    url = f"{shop.services.users.url}/me/deletion"
    answer = shop.http.post(url, json={"password": _PASSWORD}, headers=seller.headers)
    assert answer.status_code == 204, answer.text


def _owner(shop: Shop, seller: Seller) -> str | None:
    product = shop.http.get(shop.services.products.url + seller.product, headers=seller.headers).json()
    name: str | None = product["owner_name"]
    return name


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _spans_of_deletion(shop: Shop) -> set[tuple[str, str]]:
    """Return service and name of the spans of the trace in which the user was deleted."""
    spans = shop.collector.spans(0)
    traces = {each.trace_id for each in spans if each.name == "POST /me/deletion"}
    return {(each.service, each.name) for each in spans if each.trace_id in traces}


def _places(shop: Shop, text: str) -> set[str]:
    """Return which databases have the text in any letter case, and whether the files of NATS have it."""
    found = {name for name, url in shop.databases.items() if text in asyncio.run(_content(url)).lower()}
    files = [path.read_bytes() for path in shop.broker_files.rglob("*") if path.is_file()]
    return found | ({"broker"} if any(text.encode() in content.lower() for content in files) else set())


async def _content(url: str) -> str:
    """Return all rows of all tables, as text."""
    sessions = open_sessions(url)
    try:
        async with sessions.read() as session:
            connection = await session.connection()
            tables = await connection.run_sync(lambda each: sa.inspect(each).get_table_names())
            rows = [await session.execute(sa.text(f'SELECT * FROM "{table}"')) for table in tables]
            return "\n".join(str(row) for result in rows for row in result)
    finally:
        await sessions.close()


async def _stored(shop: Shop, statement: str, value: str) -> str:
    """Return a value of the user service's database."""
    sessions = open_sessions(shop.databases["user_service"])
    try:
        async with sessions.read() as session:
            return str(await session.scalar(sa.text(statement), {"value": value}))
    finally:
        await sessions.close()


async def _publish_as_newer_version(shop: Shop, seller: Seller) -> None:
    """Publish the event of the user's new name again, as the user service of a later release would."""
    payload = await _stored(shop, "SELECT payload FROM event_outbox WHERE subject = :value", seller.id)
    changed = json.dumps(json.loads(payload) | {"dataversion": 2, "id": str(uuid.uuid4())})
    name = "user_service"
    connection = await nats.connect(shop.broker.url, user=name, password=name, inbox_prefix=inbox_prefix(name))
    await connection.jetstream().publish("events.user_service.user.renamed", changed.encode())
    await connection.close()


@contextmanager
def _databases(kind: str, folder: Path) -> Iterator[Mapping[str, str]]:
    names = ("user_service", "product_service")
    if kind == "sqlite":
        yield {name: f"sqlite+aiosqlite:///{folder / name}.db" for name in names}
        return
    with postgres_server() as server:
        for name in names:
            server.execute(f"CREATE DATABASE {name}")
        yield {name: server.url(name) for name in names}


async def _create_streams(url: str, topology: Topology) -> None:
    async with connected(BrokerUser(url, ADMINISTRATOR, ADMINISTRATOR)) as jetstream:
        await reconcile.apply(jetstream, await reconcile.plan(jetstream, topology))
