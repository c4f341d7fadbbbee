"""Users, and the requests that register them and log them in."""

from dataclasses import dataclass

import httpx2

from libs.auth.claims import Role
from libs.clock.testing import FakeClock
from libs.db.sessions import open_sessions
from services.user_service.models import ADMIN, email_key
from services.user_service.service.administration import AdministrationService
from services.user_service.service.audit import Audit
from services.user_service.settings import UserSettings

PASSWORD = "seven green lanterns"
ANN = {"email": "ann@example.com", "password": PASSWORD, "name": "Ann"}
EVE = {"email": "eve@example.com", "password": PASSWORD, "name": "Eve"}
BOB = {"email": "bob@example.com", "password": PASSWORD, "name": "Bob"}


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The tokens of a login."""

    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of a request with the access token."""
        return {"Authorization": f"Bearer {self.access_token}"}


async def register(client: httpx2.AsyncClient, user: dict[str, str]) -> str:
    """Register a user and return the id."""
    answer = await client.post("/users", json=user)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def log_in(client: httpx2.AsyncClient, user: dict[str, str], **changes: str) -> httpx2.Response:
    """Return the response to a login."""
    credentials = {"email": user["email"], "password": user["password"]} | changes
    return await client.post("/auth/login", json=credentials)


async def logged_in(client: httpx2.AsyncClient, user: dict[str, str]) -> LoggedIn:
    """Register a user, log in and return the tokens."""
    await register(client, user)
    return tokens(await log_in(client, user))


def tokens(answer: httpx2.Response) -> LoggedIn:
    """Return the tokens of a successful login."""
    assert answer.status_code == 200, answer.text
    return LoggedIn(answer.json()["access_token"], answer.json()["refresh_token"])


async def refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    """Return the response to a refresh."""
    return await client.post("/auth/refresh", json={"refresh_token": token})


async def administrator(client: httpx2.AsyncClient, settings: UserSettings, user: dict[str, str]) -> LoggedIn:
    """Register a user, make them an administrator as the command line does, and log in."""
    await register(client, user)
    await grant(settings, user, ADMIN)
    return tokens(await log_in(client, user))


async def grant(settings: UserSettings, user: dict[str, str], role: Role) -> None:
    """Give a user a role, as the command line does."""
    clock = FakeClock()
    sessions = open_sessions(settings.database)
    try:
        administration = AdministrationService(sessions, audit=Audit(clock, request_id=lambda: None), clock=clock)
        await administration.grant_by_address(role, email_key(user["email"]), actor="command-line")
    finally:
        await sessions.close()
