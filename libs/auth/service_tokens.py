"""A service's own tokens, for its calls to other services: the client credentials grant (RFC 6749 section 4.4).

One token serves all calls until shortly before it expires. The first caller that needs a new one fetches it; concurrent
callers wait for that fetch.
"""

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote_plus

import httpx2

from libs.auth.claims import ClientId, Scope
from libs.auth.clients import ClientSecret
from libs.auth.errors import TokenEndpointError
from libs.auth.strict_json import decode_object
from libs.clock.clock import Clock

_log = logging.getLogger(__name__)

_MARGIN = timedelta(seconds=60)
_TIMEOUT = 5.0
_PAUSE = 2.0
_MAX_CONTAINERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a service shows at the token endpoint, and what it asks for."""

    client_id: ClientId
    secret: ClientSecret = field(repr=False)
    scopes: Iterable[Scope] = ()


class ServiceTokens(httpx2.Auth):
    """The current token of this service; give it to httpx2 as `auth=` or ask for it."""

    def __init__(self, token_url: str, *, credentials: Credentials, http: httpx2.AsyncClient, clock: Clock) -> None:
        """Nothing is fetched yet; `http` stays the caller's to close."""
        self._url = httpx2.URL(token_url)
        self._credentials = credentials
        self._http = http
        self._clock = clock
        self._token = ""
        self._expires_at = clock.now()
        self._failure = ""
        self._not_before = clock.monotonic()
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """Return a token that is good now; `TokenEndpointError` if none can be had.

        It is renewed a minute before its end. While that fails it is used to its end, and the endpoint is asked again
        after a pause, so that an outage there does not hold every call here.
        """
        if self._wants_renewal():
            async with self._lock:
                if self._wants_renewal():
                    await self._renew()
        if self._left() <= timedelta(0):
            raise TokenEndpointError(self._failure)
        return self._token

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Put the token on a request, for httpx2."""
        request.headers["Authorization"] = f"Bearer {await self.token()}"
        yield request

    def _left(self) -> timedelta:
        return self._expires_at - self._clock.now()

    def _wants_renewal(self) -> bool:
        return self._left() < _MARGIN and self._clock.monotonic() >= self._not_before

    async def _renew(self) -> None:
        try:
            self._token, self._expires_at = await self._fetch()
        except TokenEndpointError as error:
            _log.warning("%s", error)
            self._failure = str(error)
            self._not_before = self._clock.monotonic() + _PAUSE

    async def _fetch(self) -> tuple[str, datetime]:
        # The lifetime counts from the answer's making, which is no earlier than the asking.
        asked_at = self._clock.now()
        form = {"grant_type": "client_credentials", "scope": " ".join(sorted(self._credentials.scopes))}
        try:
            async with asyncio.timeout(_TIMEOUT):
                answer = await self._http.post(
                    self._url, data=form, headers={"Authorization": self._basic()}, follow_redirects=False
                )
        except (httpx2.HTTPError, TimeoutError) as error:
            raise TokenEndpointError(f"{self._url}: {type(error).__name__}") from error
        if answer.status_code != httpx2.codes.OK:
            raise TokenEndpointError(f"{self._url}: status {answer.status_code}")
        token, lifetime = _read_answer(answer.content)
        return token, asked_at + lifetime

    def _basic(self) -> str:
        pair = f"{quote_plus(self._credentials.client_id)}:{quote_plus(self._credentials.secret)}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _read_answer(body: bytes) -> tuple[str, timedelta]:
    """Read a successful answer (RFC 6749 section 5.1)."""
    try:
        answer = decode_object(body, max_containers=_MAX_CONTAINERS)
    except ValueError as error:
        raise TokenEndpointError(f"answer that cannot be read: {error}") from error
    match answer:
        case {"access_token": str(token), "token_type": str(kind), "expires_in": int(seconds)} if (
            kind.lower() == "bearer" and seconds > 0
        ):
            return token, timedelta(seconds=seconds)
    raise TokenEndpointError("answer without a bearer token and its lifetime")
