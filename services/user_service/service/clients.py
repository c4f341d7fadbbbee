"""Services as OAuth clients, and their tokens (RFC 6749 section 4.4)."""

import re
import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.claims import ClientId, Scope, parse_scopes
from libs.auth.clients import Client, ClientSecret, authenticate_client, digest_secret, new_client_secret
from libs.clock.clock import Clock
from libs.db.errors import UniqueViolation
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.user_service.errors import BadClient
from services.user_service.models import FIRST_PARTY, ClientRow, ServiceToken
from services.user_service.service.tokens import AccessTokens

_NAME = re.compile(r"[a-z][a-z0-9_-]{2,35}")
_RESERVED = (FIRST_PARTY, "command-line")
_PEOPLES = "users:"
"""Scopes of this prefix are about accounts, and only users can have them."""


class ClientService:
    """Issues tokens to services that authenticate by their secret."""

    def __init__(self, sessions: SessionFactory, tokens: AccessTokens) -> None:
        self._sessions = sessions
        self._tokens = tokens

    async def authenticate(self, client_id: ClientId, secret: str) -> Client:
        """The client; `InvalidCredentials` unless the secret is its own."""
        async with self._sessions.read() as session:
            client = await find_client(session, client_id)
        return authenticate_client(client, secret)

    async def issue(self, client: Client, requested: str) -> ServiceToken:
        """A token for the client itself; `InvalidScope` for scopes that it may not have."""
        scopes = client.grant(requested)
        return ServiceToken(self._tokens.for_client(client, scopes), self._tokens.seconds, scopes)


class ClientRegister:
    """Adds and removes clients, for the command line."""

    def __init__(self, sessions: SessionFactory, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def add(self, name: str, scopes: str) -> ClientSecret:
        """Register a client and return its secret, which is shown this once.

        Raises:
            BadClient: the name is taken or no name for a client, or a scope is not for services.
        """
        client_id, granted = _checked_name(name), _checked_scopes(scopes)
        secret = new_client_secret()
        try:
            async with self._sessions.begin() as session:
                session.add(self._row(client_id, secret, granted))
        except UniqueViolation as error:
            raise BadClient(f"there is a client {name} already; remove it first") from error
        return secret

    @retry_on_conflict
    async def ensure(self, name: str, scopes: str, *, secret: str, replacement: ClientSecret) -> bool:
        """Register a client with these scopes and the secret `replacement`, unless one has them and `secret`.

        Returns:
            Whether the secret is now `replacement`.

        Raises:
            BadClient: the name is not a valid client name, or a scope is not for services.
        """
        client_id, granted = _checked_name(name), _checked_scopes(scopes)
        async with self._sessions.begin() as session:
            row = await session.get(ClientRow, client_id)
            if row is not None and row.secret_digest == digest_secret(secret) and row.scopes == granted:
                return False
            await session.merge(self._row(client_id, replacement, granted))
            return True

    async def remove(self, name: str) -> None:
        """Forget a client, whose tokens end within their lifetime; `BadClient` when there is none."""
        async with self._sessions.begin() as session:
            client = await session.get(ClientRow, ClientId(name))
            if client is None:
                raise BadClient(f"there is no client {name}")
            await session.delete(client)

    def _row(self, client_id: ClientId, secret: ClientSecret, scopes: frozenset[Scope]) -> ClientRow:
        return ClientRow(
            client_id=client_id, secret_digest=digest_secret(secret), scopes=scopes, created_at=self._clock.now()
        )


async def find_client(session: AsyncSession, client_id: ClientId) -> Client | None:
    """Return the client with this id."""
    row = await session.get(ClientRow, client_id)
    return Client(client_id=row.client_id, secret_digest=row.secret_digest, scopes=row.scopes) if row else None


def _checked_name(name: str) -> ClientId:
    """A name that no user's id, which is the subject of the user's tokens, can equal."""
    if not _NAME.fullmatch(name) or name in _RESERVED or _is_uuid(name):
        raise BadClient(f"{name!r} is not a client name: expected 3 to 36 of a-z, 0-9, - and _, a letter first")
    return ClientId(name)


def _checked_scopes(text: str) -> frozenset[Scope]:
    try:
        scopes = parse_scopes(text)
    except ValueError as error:
        raise BadClient(f"{text!r}: {error}") from error
    if any(scope.startswith(_PEOPLES) for scope in scopes):
        raise BadClient(f"scopes {_PEOPLES}* are for users, not for services")
    return scopes


def _is_uuid(name: str) -> bool:
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True
