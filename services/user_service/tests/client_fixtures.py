"""OAuth clients and their credentials."""

import base64

import httpx2

from libs.clock.testing import FakeClock
from libs.db.sessions import open_sessions
from services.user_service.service.clients import ClientRegister
from services.user_service.settings import UserSettings

GRANT = {"grant_type": "client_credentials"}


async def new_client(settings: UserSettings, name: str, scopes: str) -> str:
    """Register a client as the command line does and return its secret."""
    sessions = open_sessions(settings.database)
    try:
        return await ClientRegister(sessions, FakeClock()).add(name, scopes)
    finally:
        await sessions.close()


def basic(name: str, secret: str) -> dict[str, str]:
    """Return the header of HTTP Basic authentication."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}


async def directory_reader(client: httpx2.AsyncClient, settings: UserSettings) -> dict[str, str]:
    """Return the headers of a service that may read the directory."""
    secret = await new_client(settings, "product_service", "directory:read")
    answer = await client.post("/oauth/token", data=GRANT, headers=basic("product_service", secret))
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
