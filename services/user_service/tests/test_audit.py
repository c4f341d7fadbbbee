"""The audit log is append-only. Each entry has actor, action, target, time and request id."""

import httpx2
import pytest
from sqlalchemy import text

from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory
from services.user_service.settings import UserSettings
from services.user_service.tests.user_fixtures import ANN, BOB, administrator, log_in, logged_in, refresh


async def test_the_log_says_who_did_what_to_whom(client: httpx2.AsyncClient, settings: UserSettings) -> None:
    """Each change has one entry, newest first, with its request id and without email addresses and names."""
    root = await administrator(client, settings, ANN)
    bob = await logged_in(client, BOB)
    ann_id = (await client.get("/me", headers=root.headers)).json()["id"]
    bob_id = (await client.get("/me", headers=bob.headers)).json()["id"]
    headers = root.headers | {"X-Request-ID": "the-lock"}
    await client.patch("/me", json={"name": "Bobby"}, headers=bob.headers)
    for path in ("roles/auditor", "lock", "lock"):
        await client.put(f"/admin/users/{bob_id}/{path}", headers=headers)
    await log_in(client, BOB)

    answer = await client.get("/admin/audit", headers=root.headers)

    entries = [(each["action"], each["actor"], each["target"]) for each in answer.json()["items"]]
    assert sorted(entries) == sorted(
        [
            ("registered", ann_id, ann_id),
            ("role-granted", "command-line", f"{ann_id} admin"),
            ("logged-in", ann_id, ann_id),
            ("registered", bob_id, bob_id),
            ("logged-in", bob_id, bob_id),
            ("renamed", bob_id, bob_id),
            ("role-granted", ann_id, f"{bob_id} auditor"),
            ("locked", ann_id, bob_id),
        ]
    )
    locked = next(each for each in answer.json()["items"] if each["action"] == "locked")
    assert (locked["request_id"], locked["at"]) == ("the-lock", "2026-01-01T12:00:00Z")
    assert not any(text in answer.text for text in (ANN["email"], BOB["email"], "Bobby"))


async def test_a_reused_refresh_token_is_noted(client: httpx2.AsyncClient, settings: UserSettings) -> None:
    """The reuse of a refresh token, a sign of theft, has an entry."""
    root = await administrator(client, settings, ANN)
    bob = await logged_in(client, BOB)
    await refresh(client, bob.refresh_token)
    await refresh(client, bob.refresh_token)
    entries = (await client.get("/admin/audit", headers=root.headers)).json()["items"]
    assert [each["actor"] for each in entries if each["action"] == "refresh-token-reused"] == [""]


async def test_the_log_has_pages(client: httpx2.AsyncClient, settings: UserSettings) -> None:
    """The pages together have every entry once."""
    root = await administrator(client, settings, ANN)
    everything = (await client.get("/admin/audit", headers=root.headers)).json()["items"]
    query, seen = {"limit": "2"}, []
    while True:
        page = (await client.get("/admin/audit", params=query, headers=root.headers)).json()
        seen += page["items"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == everything
    assert len(seen) == 3


@pytest.mark.parametrize("sql", ["UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries"])
async def test_the_database_refuses_to_rewrite_the_log(
    client: httpx2.AsyncClient, settings: UserSettings, sessions: SessionFactory, sql: str
) -> None:
    """The database rejects changes and deletions of entries, also by the service itself."""
    root = await administrator(client, settings, ANN)
    before = (await client.get("/admin/audit", headers=root.headers)).content
    with pytest.raises(DatabaseError, match="append only"):
        async with sessions.begin() as session:
            await session.execute(text(sql))
    assert (await client.get("/admin/audit", headers=root.headers)).content == before
