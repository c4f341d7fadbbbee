"""Ann and Bob, and what they do first."""

from dataclasses import dataclass

import httpx2

from libs.auth.claims import Role
from libs.auth.testing import FakeClock
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
    """What a login gave."""

    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request with the access token."""
        return {"Authorization": f"Bearer {self.access_token}"}


async def register(client: httpx2.AsyncClient, person: dict[str, str]) -> str:
    """Open an account; the user's id."""
    answer = await client.post("/users", json=person)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def log_in(client: httpx2.AsyncClient, person: dict[str, str], **changes: str) -> httpx2.Response:
    """Try to log in."""
    credentials = {"email": person["email"], "password": person["password"]} | changes
    return await client.post("/auth/login", json=credentials)


async def logged_in(client: httpx2.AsyncClient, person: dict[str, str]) -> LoggedIn:
    """Open an account and log in."""
    await register(client, person)
    return tokens(await log_in(client, person))


def tokens(answer: httpx2.Response) -> LoggedIn:
    """The tokens of an answer."""
    assert answer.status_code == 200, answer.text
    return LoggedIn(answer.json()["access_token"], answer.json()["refresh_token"])


async def refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    """Try to use a refresh token."""
    return await client.post("/auth/refresh", json={"refresh_token": token})


async def administrator(client: httpx2.AsyncClient, settings: UserSettings, person: dict[str, str]) -> LoggedIn:
    """Register somebody, make them an administrator as the command line does, and log in."""
    await register(client, person)
    await grant(settings, person, ADMIN)
    return tokens(await log_in(client, person))


async def grant(settings: UserSettings, person: dict[str, str], role: Role) -> None:
    """Give somebody a role without anybody's token."""
    clock = FakeClock()
    sessions = open_sessions(settings.database)
    try:
        administration = AdministrationService(sessions, audit=Audit(clock, request_id=lambda: None), clock=clock)
        await administration.grant_by_address(role, email_key(person["email"]), actor="command-line")
    finally:
        await sessions.close()
