"""Invalid input is a 4xx with a problem document, and nothing is stored."""

import httpx2
from fastapi import FastAPI

from libs.web.invalid_requests import accepted
from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import directory_reader
from services.user_service.tests.user_fixtures import ANN, EVE, administrator, register


async def test_every_operation_is_strict(app: FastAPI, client: httpx2.AsyncClient, settings: UserSettings) -> None:
    """Every operation rejects invalid requests, and the response has the place of the error."""
    user_id = await register(client, EVE)
    root = await administrator(client, settings, ANN)
    before = [await client.get(path, headers=root.headers) for path in ("/admin/users", "/admin/audit")]
    service = {"/directory/users": await directory_reader(client, settings)}
    places = {"user_id": user_id, "role": "auditor"}
    assert await accepted(app, client, root.headers, places, headers_by_path=service) == []
    after = [await client.get(path, headers=root.headers) for path in ("/admin/users", "/admin/audit")]
    assert [answer.content for answer in after] == [answer.content for answer in before]
