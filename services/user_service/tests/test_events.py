"""Events of users are recorded without personal data; events of products are in the audit log."""

import httpx2
import sqlalchemy as sa

from libs.clock.testing import FakeClock
from libs.db.sessions import SessionFactory
from libs.events.event import Attributes
from libs.events.inbox import Inbox
from libs.events.tables import OUTBOX
from services.product_service.events import ProductArchived, ProductArchivedData
from services.user_service.handlers import event_handlers
from services.user_service.settings import UserSettings
from services.user_service.tests.user_fixtures import ANN, BOB, administrator, logged_in


async def _payloads(sessions: SessionFactory) -> list[str]:
    async with sessions.read() as session:
        return list(await session.scalars(sa.select(OUTBOX.c.payload).order_by(OUTBOX.c.number)))


async def test_a_change_of_name_and_a_deletion_are_recorded(
    client: httpx2.AsyncClient, sessions: SessionFactory
) -> None:
    """Events have increasing versions, and neither name nor address. A refused change is not recorded."""
    login = await logged_in(client, BOB)
    user_id = (await client.get("/me", headers=login.headers)).json()["id"]
    for body in ({"name": "Bobby"}, {"name": ""}):
        await client.patch("/me", json=body, headers=login.headers)
    for password in ("wrong wrong wrong", BOB["password"]):
        await client.post("/me/deletion", json={"password": password}, headers=login.headers)

    payloads = await _payloads(sessions)

    events = [Attributes.model_validate_json(payload) for payload in payloads]
    assert [(each.type, each.subject, each.aggregateversion) for each in events] == [
        ("user.renamed", user_id, 2),
        ("user.deleted", user_id, 3),
    ]
    assert not any(text in "".join(payloads) for text in (BOB["email"], "Bob"))


async def test_an_archived_product_is_in_the_audit_log(
    client: httpx2.AsyncClient, settings: UserSettings, sessions: SessionFactory
) -> None:
    """An archived product has one entry, also if the version of its event is older than that of another one."""
    root = await administrator(client, settings, ANN)
    [handler] = event_handlers(FakeClock())
    inbox = Inbox(sessions, "user_service", seconds=10)
    product = "11111111-1111-4111-8111-111111111111"
    for version in (3, 2):
        event = ProductArchived(subject=product, aggregateversion=version, data=ProductArchivedData(owner_id="a"))
        for _ in range(2):
            await inbox.apply(handler, event)
    entries = (await client.get("/admin/audit", headers=root.headers)).json()["items"]
    found = [(each["actor"], each["action"]) for each in entries if each["target"] == f"product {product}"]
    assert found == [("product_service", "deleted")] * 2


async def test_without_a_broker_the_service_is_ready(client: httpx2.AsyncClient) -> None:
    """Without a broker the service is ready, and metrics show the unpublished events."""
    await client.patch("/me", json={"name": "Anna"}, headers=(await logged_in(client, ANN)).headers)
    assert (await client.get("/readyz")).status_code == 200
    assert "events_outbox_unpublished" in (await client.get("/metrics")).text
