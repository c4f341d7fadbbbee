"""The token of a call: the service's own, or the one of the request in progress."""

from enum import Enum
from typing import Final

import httpx2

from libs.http.errors import CredentialsUnavailable
from libs.http.service_tokens import ServiceTokens
from libs.http.transports import WrappingTransport
from libs.web import context

_HEADER: Final = "Authorization"


class Credentials(Enum):
    """The source of the token of calls to a peer."""

    SERVICE = "service"
    """The service's own: the peer can identify the calling service, but not the user."""
    CALLER = "caller"
    """The token of the request in progress is forwarded: the peer can identify the user, and could act as the user
    elsewhere."""
    NONE = "none"
    """No token."""


class CallerTokenTransport(WrappingTransport):
    """Passes on the bearer token of the request in progress."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, peer: str) -> None:
        super().__init__(inner)
        self._peer = peer

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request with that token.

        Raises:
            CredentialsUnavailable: the request in progress has none.
        """
        caller = context.current()
        received = caller.header(_HEADER) if caller is not None else None
        if received is None or not received.lower().startswith("bearer "):
            raise CredentialsUnavailable(self._peer, "the request in progress has no bearer token to forward")
        request.headers[_HEADER] = received
        return await self.inner.handle_async_request(request)


class ServiceTokenTransport(WrappingTransport):
    """Sends the service's own token. After 401, which a rotated key can cause, it tries once with a new token."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, peer: str, tokens: ServiceTokens | None) -> None:
        super().__init__(inner)
        self._peer = peer
        self._tokens = tokens

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request with the token.

        Raises:
            CredentialsUnavailable: there is no token.
        """
        if self._tokens is None:
            raise CredentialsUnavailable(self._peer, "the service has no client secret, so it gets no token")
        # Read a streamed body into memory, since a stream can be sent only once.
        await request.aread()
        token = await self._tokens.token()
        response = await self._send(request, token)
        if response.status_code != httpx2.codes.UNAUTHORIZED or not self._tokens.reject(token):
            return response
        renewed = await self._tokens.token()
        return response if renewed == token else await self._send(request, renewed)

    async def _send(self, request: httpx2.Request, token: str) -> httpx2.Response:
        request.headers[_HEADER] = f"Bearer {token}"
        return await self.inner.handle_async_request(request)
