"""Token introspection, for services that do not verify tokens themselves (RFC 7662)."""

from libs.auth.claims import Claims
from libs.auth.errors import InvalidToken
from libs.auth.refresh import RefreshGrant, RefreshTokens
from libs.auth.verifier import Verifier
from services.user_service.service.tokens import StoredTokenStatus


class IntrospectionService:
    """Inspects access tokens and refresh tokens."""

    def __init__(self, verifier: Verifier, *, token_status: StoredTokenStatus, refresh: RefreshTokens) -> None:
        self._verifier = verifier
        self._token_status = token_status
        self._refresh = refresh

    async def inspect(self, token: str) -> Claims | RefreshGrant | None:
        """Return the content of a valid token, None for every other text."""
        grant = await self._refresh.inspect(token)
        if grant is not None:
            return grant
        try:
            claims = await self._verifier.verify(token)
        except InvalidToken:
            return None
        return claims if await self._token_status.is_valid(claims) else None
