"""Display names for other services."""

import httpx2
import pytest

from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import directory_reader
from services.user_service.tests.user_fixtures import ANN, BOB, logged_in, register

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def reader(client: httpx2.AsyncClient, settings: UserSettings) -> dict[str, str]:
    """Return the headers of a service with the scope."""
    return await directory_reader(client, settings)


async def _read(client: httpx2.AsyncClient, headers: dict[str, str], *ids: str) -> httpx2.Response:
    return await client.get("/directory/users", params={"id": list(ids)}, headers=headers)


async def test_a_service_reads_names_and_nothing_else(client: httpx2.AsyncClient, reader: dict[str, str]) -> None:
    """The response has each existing user once, with only id and name; unknown ids are left out."""
    ann, bob = await register(client, ANN), await register(client, BOB)
    answer = await _read(client, reader, ann, UNKNOWN, bob, ann)
    assert answer.status_code == 200, answer.text
    found = sorted(answer.json()["users"], key=lambda user: str(user["name"]))
    assert found == [{"id": ann, "name": ANN["name"]}, {"id": bob, "name": BOB["name"]}]


async def test_a_rename_is_seen_and_a_deleted_user_is_not(client: httpx2.AsyncClient, reader: dict[str, str]) -> None:
    """A renamed user has the new name, and a deleted user is left out."""
    ann = await logged_in(client, ANN)
    user_id = (await client.get("/me", headers=ann.headers)).json()["id"]
    await client.patch("/me", json={"name": "Anna"}, headers=ann.headers)
    assert (await _read(client, reader, user_id)).json() == {"users": [{"id": user_id, "name": "Anna"}]}
    deletion = await client.post("/me/deletion", json={"password": ANN["password"]}, headers=ann.headers)
    assert deletion.status_code == 204
    assert (await _read(client, reader, user_id)).json() == {"users": []}


@pytest.mark.parametrize("ids", [[], ["1"], [UNKNOWN] * 101, [UNKNOWN.upper().replace("0", "A")]])
async def test_other_ids_are_refused(client: httpx2.AsyncClient, reader: dict[str, str], ids: list[str]) -> None:
    """A query has 1 to 100 ids in canonical form; any other query is refused."""
    assert (await _read(client, reader, *ids)).status_code == 422


async def test_a_hundred_ids_fit(client: httpx2.AsyncClient, reader: dict[str, str]) -> None:
    """A query with 100 ids is answered."""
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(100)]
    assert (await _read(client, reader, *ids)).json() == {"users": []}
