"""Dependencies of handlers: services and permissions, each a named type."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from libs.auth.claims import Claims, ClientId, Scope, Subject
from libs.auth.clients import Client, parse_basic
from libs.auth.errors import InvalidCredentials
from libs.auth.fastapi import requires
from libs.auth.keys import KeyRing
from libs.web.injection import injected
from services.user_service.models import FIRST_PARTY, UserId
from services.user_service.oauth import Form, OAuthError, UnauthorizedClient, read_form
from services.user_service.service.administration import AdministrationService
from services.user_service.service.clients import ClientService
from services.user_service.service.introspection import IntrospectionService
from services.user_service.service.logins import LoginService
from services.user_service.service.recovery import RecoveryService
from services.user_service.service.users import UserService
from services.user_service.settings import UserSettings


async def _me(claims: Annotated[Claims, requires("users:me")]) -> UserId:
    return UserId(claims.subject)


async def _administrator(claims: Annotated[Claims, requires("users:admin")]) -> Subject:
    return claims.subject


async def _auditor(claims: Annotated[Claims, requires("users:audit")]) -> Subject:
    return claims.subject


async def _address(request: Request) -> str:
    return request.client.host if request.client else ""


UserServiceDep = Annotated[UserService, injected(UserService)]
LoginServiceDep = Annotated[LoginService, injected(LoginService)]
ClientServiceDep = Annotated[ClientService, injected(ClientService)]
KeyRingDep = Annotated[KeyRing, injected(KeyRing)]
AdministrationServiceDep = Annotated[AdministrationService, injected(AdministrationService)]
IntrospectionServiceDep = Annotated[IntrospectionService, injected(IntrospectionService)]
RecoveryServiceDep = Annotated[RecoveryService, injected(RecoveryService)]
SettingsDep = Annotated[UserSettings, injected(UserSettings)]
Administrator = Annotated[Subject, Depends(_administrator)]
Auditor = Annotated[Subject, Depends(_auditor)]
Myself = Annotated[UserId, Depends(_me)]
ClientAddress = Annotated[str, Depends(_address)]
OAuthForm = Annotated[Form, Depends(read_form)]


@dataclass(frozen=True, slots=True)
class OAuthCaller:
    """The caller of an OAuth endpoint: an authenticated service, or a front end, which has no secret."""

    client: Client | None

    def service(self) -> Client:
        """The service; `InvalidCredentials` for a front end."""
        if self.client is None:
            raise InvalidCredentials("no client credentials")
        return self.client

    def service_with(self, scope: Scope) -> Client:
        """The service; `UnauthorizedClient` unless it was given `scope`."""
        client = self.service()
        if scope not in client.scopes:
            raise UnauthorizedClient(f"the client lacks the scope {scope}")
        return client

    def front_end(self) -> None:
        """Raise `InvalidCredentials` for a service, which has no users' tokens."""
        if self.client is not None:
            raise InvalidCredentials("not the client of this token")


async def _caller(request: Request, form: OAuthForm, clients: ClientServiceDep) -> OAuthCaller:
    """Authenticate by header or by form, not by both (RFC 6749 section 2.3)."""
    header = request.headers.get("authorization")
    if header is not None:
        if form.get("client_secret"):
            raise OAuthError("client credentials in two places")
        return OAuthCaller(await clients.authenticate(*parse_basic(header)))
    client_id = ClientId(form.get("client_id"))
    if not form.get("client_secret") and client_id in ("", FIRST_PARTY):
        return OAuthCaller(None)
    return OAuthCaller(await clients.authenticate(client_id, form.get("client_secret")))


Caller = Annotated[OAuthCaller, Depends(_caller)]
