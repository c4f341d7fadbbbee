"""A service's own tokens, for its calls to other services: the client credentials grant (RFC 6749, section 4.4).

One token serves all calls. It is renewed in the background when it has a minute left.
"""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal
from urllib.parse import quote_plus

import httpx2
import structlog
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from libs.clock.clock import Clock, SystemClock
from libs.http.attempt import AttemptTransport
from libs.http.errors import CallError, CredentialsUnavailable
from libs.http.settings import CallSettings
from libs.http.transports import DEADLINE

_log = structlog.get_logger("libs.http")

_PEER: Final = "token endpoint"
_MARGIN_SECONDS: Final = 60.0
_FETCH_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 2.0
_LEAST_AGE_SECONDS: Final = 5.0
_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """The token endpoint and the credentials of a service."""

    token_url: str
    client_id: str
    secret: str = field(repr=False)


class _Answer(BaseModel):
    """A successful answer (RFC 6749, section 5.1)."""

    model_config = ConfigDict(strict=True)

    access_token: Annotated[str, Field(min_length=1, max_length=16_384, pattern=r"^[\x21-\x7e]+$")]
    token_type: Annotated[Literal["bearer"], BeforeValidator(lambda value: str(value).lower())]
    expires_in: Annotated[int, Field(gt=0)]


class ServiceTokens:
    """The current token of this service."""

    def __init__(self, credentials: ClientCredentials, *, http: httpx2.AsyncBaseTransport, clock: Clock) -> None:
        """Fetch nothing yet. `http` sends the requests; the caller closes it."""
        self._credentials = credentials
        self._http = AttemptTransport(http, peer=_PEER, url=httpx2.URL(credentials.token_url), max_bytes=_MAX_BYTES)
        self._clock = clock
        self._token = ""
        self._fetched_at = self._expires_at = self._pause_ends_at = clock.monotonic()
        self._is_rejected = False
        self._failure = ""
        self._flight: asyncio.Task[None] | None = None

    async def token(self) -> str:
        """Return a valid token. Concurrent callers wait for one fetch, which continues if they are cancelled.

        While the endpoint fails, the last token is used until it expires, and the endpoint is tried every two seconds.

        Raises:
            CredentialsUnavailable: there is none.
        """
        if self._flight is None and self._wants_renewal():
            self._flight = asyncio.create_task(self._renew())
        if self._flight is not None and (self._seconds_left() <= 0 or self._is_rejected):
            await asyncio.shield(self._flight)
        if self._seconds_left() <= 0:
            raise CredentialsUnavailable(_PEER, self._failure)
        return self._token

    def reject(self, token: str) -> bool:
        """Note that a service answered this token with 401. Return whether `token()` may have another one.

        A token of the last five seconds is not replaced, or a service that rejects all would double every call.
        """
        if token != self._token:
            return True
        if self._clock.monotonic() - self._fetched_at < _LEAST_AGE_SECONDS:
            return False
        self._is_rejected = True
        return True

    async def aclose(self) -> None:
        """End a fetch under way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])

    def _seconds_left(self) -> float:
        return self._expires_at - self._clock.monotonic()

    def _wants_renewal(self) -> bool:
        is_due = self._is_rejected or self._seconds_left() < _MARGIN_SECONDS
        return is_due and self._clock.monotonic() >= self._pause_ends_at

    async def _renew(self) -> None:
        # The lifetime counts from the making of the token, which is no earlier than the request.
        asked_at = self._clock.monotonic()
        try:
            answer = await self._fetch()
        except CallError as error:
            _log.warning("no service token", reason=str(error))
            self._failure = str(error).removeprefix(f"{_PEER}: ")
            self._pause_ends_at = self._clock.monotonic() + _PAUSE_SECONDS
        else:
            self._token, self._expires_at = answer.access_token, asked_at + answer.expires_in
            self._fetched_at = asked_at
        finally:
            self._is_rejected = False
            self._flight = None

    async def _fetch(self) -> _Answer:
        request = httpx2.Request(
            "POST",
            self._credentials.token_url,
            data={"grant_type": "client_credentials"},
            headers={"Authorization": self._basic(), "Accept": "application/json", "Accept-Encoding": "identity"},
            extensions={DEADLINE: time.monotonic() + _FETCH_SECONDS},
        )
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                response = await self._http.handle_async_request(request)
                body = await response.aread()
        except TimeoutError as error:
            raise CredentialsUnavailable(_PEER, f"no response within {_FETCH_SECONDS:g} s") from error
        if response.status_code != httpx2.codes.OK:
            raise CredentialsUnavailable(_PEER, f"status {response.status_code}")
        try:
            return _Answer.model_validate_json(body)
        except ValidationError as error:
            raise CredentialsUnavailable(_PEER, "response without a bearer token and its lifetime") from error

    def _basic(self) -> str:
        # Form-encoded (RFC 6749, section 2.3.1).
        pair = f"{quote_plus(self._credentials.client_id)}:{quote_plus(self._credentials.secret)}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


@asynccontextmanager
async def open_service_tokens(
    settings: CallSettings, *, clock: Clock | None = None
) -> AsyncIterator[ServiceTokens | None]:
    """Yield the tokens of the service; None, with one warning in the log, when it has no client secret."""
    if settings.client_secret is None:
        prefix = settings.model_config.get("env_prefix", "")
        _log.warning("calls that need a service token are off", missing=f"{prefix}CLIENT_SECRET")
        yield None
        return
    credentials = ClientCredentials(
        token_url=f"{settings.oauth_url}/oauth/token",
        client_id=settings.client_id,
        secret=settings.client_secret.get_secret_value(),
    )
    async with httpx2.AsyncHTTPTransport() as http:
        tokens = ServiceTokens(credentials, http=http, clock=clock or SystemClock())
        try:
            yield tokens
        finally:
            await tokens.aclose()
