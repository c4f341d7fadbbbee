"""What a handler may ask for: collaborators and permissions, each a named type."""

from typing import Annotated

from fastapi import Depends, Request

from libs.auth.claims import Claims
from libs.auth.fastapi import requires
from libs.auth.keys import KeyRing
from services.user_service.models import UserId
from services.user_service.service import Logins, Users


async def _users(request: Request) -> Users:
    users: Users = request.app.state.users
    return users


async def _logins(request: Request) -> Logins:
    logins: Logins = request.app.state.logins
    return logins


async def _key_ring(request: Request) -> KeyRing:
    keys: KeyRing = request.app.state.keys
    return keys


async def _caller(claims: Annotated[Claims, requires("users:me")]) -> UserId:
    return UserId(claims.subject)


async def _address(request: Request) -> str:
    return request.client.host if request.client else ""


UserAccounts = Annotated[Users, Depends(_users)]
UserLogins = Annotated[Logins, Depends(_logins)]
SigningKeys = Annotated[KeyRing, Depends(_key_ring)]
Myself = Annotated[UserId, Depends(_caller)]
ClientAddress = Annotated[str, Depends(_address)]
