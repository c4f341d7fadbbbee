"""What must not get in: wherever it is sent, it is a 4xx with a problem document, and nothing is stored."""

import httpx
from fastapi import FastAPI

from libs.web.hostile import hostile_requests
from services.user_service.settings import UserSettings
from services.user_service.tests.people import ANN, EVE, administrator, register

_JSON = {"Content-Type": "application/json"}


async def test_every_operation_is_strict(app: FastAPI, client: httpx.AsyncClient, settings: UserSettings) -> None:
    """No operation that is described takes what it should not, and the answer says where the fault is."""
    user_id = await register(client, EVE)
    root = await administrator(client, settings, ANN)
    before = [await client.get(path, headers=root.headers) for path in ("/admin/users", "/admin/audit")]
    for each in hostile_requests(app):
        path = each.path.replace("{user_id}", user_id).replace("{role}", "auditor")
        headers = root.headers | (_JSON if each.body is not None else {})
        answer = await client.request(each.method, path, params=each.query, content=each.body, headers=headers)
        assert answer.status_code == each.status, (each, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        pointers = {error["pointer"] for error in answer.json().get("errors", ())}
        assert each.pointer is None or each.pointer in pointers, (each, answer.text)
    after = [await client.get(path, headers=root.headers) for path in ("/admin/users", "/admin/audit")]
    assert [answer.content for answer in after] == [answer.content for answer in before]
