"""Access tokens for users and for services."""

from collections.abc import Iterable
from datetime import datetime

from libs.auth.claims import Claims, Scope, Subject
from libs.auth.clients import Client
from libs.auth.tokens import TokenIssuer
from libs.db.sessions import SessionFactory
from services.user_service.models import FIRST_PARTY, ClientRow, User, UserId
from services.user_service.settings import OWN_SCOPE_PREFIXES


class AccessTokens:
    """Issues access tokens for our audience."""

    def __init__(self, issuer: TokenIssuer, audience: str, granted_scopes: Iterable[str] = ()) -> None:
        """`granted_scopes` are scopes of other services, which every user has."""
        self._issuer = issuer
        self._audience = audience
        self._granted_scopes = frozenset(map(Scope, granted_scopes))

    @property
    def seconds(self) -> int:
        """The lifetime of a token in seconds."""
        return round(self._issuer.lifetime.total_seconds())

    def scopes_of(self, user: User) -> frozenset[Scope]:
        """Return all scopes that a token of the user can have."""
        return user.scopes | self._granted_scopes

    def for_user(self, user: User, scopes: frozenset[Scope], *, issued_at: datetime) -> str:
        """Return a token whose subject is the user."""
        return self._issuer.issue(
            subject=Subject(user.id),
            audience=self._audience,
            client_id=FIRST_PARTY,
            scopes=scopes,
            roles=user.roles,
            issued_at=issued_at,
        )

    def for_client(self, client: Client, scopes: frozenset[Scope]) -> str:
        """A token whose subject is the client itself (RFC 9068 section 2.2)."""
        return self._issuer.issue(
            subject=Subject(client.client_id), audience=self._audience, client_id=client.client_id, scopes=scopes
        )


class StoredTokenStatus:
    """Checks tokens against the stored users and clients; only the issuer can."""

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions

    async def is_valid(self, claims: Claims) -> bool:
        """Return whether the subject exists, is not locked and has the password and all rights of the token."""
        async with self._sessions.read() as session:
            if str(claims.subject) == claims.client_id:
                client = await session.get(ClientRow, claims.client_id)
                return client is not None and claims.scopes <= client.scopes
            user = await session.get(User, UserId(claims.subject))
        return (
            user is not None
            and user.locked_at is None
            and claims.issued_at >= user.password_changed_at.replace(microsecond=0)
            and _own(claims.scopes) <= user.scopes
            and claims.roles <= user.roles
        )


def _own(scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Return the scopes of this service.

    Those of other services depend on no role. They are not compared with the setting, or a replica that has not got the
    newest one yet would reject tokens of a replica that has.
    """
    return frozenset(scope for scope in scopes if scope.startswith(OWN_SCOPE_PREFIXES))
