"""FastAPI dependencies that state the policy of each route.

    CanReadProducts = Annotated[Claims, requires("products:read")]

    @router.get("/products", ...)            # a token with that scope, and its claims
    async def list_products(reader: CanReadProducts) -> ...: ...

    @router.get("/", dependencies=[public()])  # public

`check_policies(app)` rejects an application with a route that states neither.
"""

import logging
from collections.abc import Collection, Iterator
from typing import Protocol

import svcs
import svcs.fastapi
from fastapi import FastAPI, HTTPException, Request, params
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import iter_route_contexts
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from libs.auth.claims import Claims, Role, Scope
from libs.auth.errors import (
    AuthError,
    InsufficientRole,
    InsufficientScope,
    InvalidToken,
    KeyUnavailable,
    UnstatedPolicy,
)
from libs.auth.log_limit import LogLimit
from libs.auth.verifier import Verifier
from libs.clock.clock import Clock, SystemClock

_log = logging.getLogger(__name__)
_VERIFIED = "libs.auth.verified"
"""Key of an ASGI scope: the claims by policy, so that a token is verified once in a request."""


class TokenStatus(Protocol):
    """What only the issuer can check: whether a verified token is still valid."""

    async def is_valid(self, claims: Claims) -> bool:
        """Return whether the subject exists, is not locked and has the same password as when the token was issued."""
        ...


class Authenticator:
    """Finds the bearer token of a request and has it verified."""

    def __init__(
        self, verifier: Verifier, *, token_status: TokenStatus | None = None, clock: Clock | None = None
    ) -> None:
        """Verify tokens with `verifier`; with `token_status`, check that at every request too.

        `clock` limits the log of rejected requests, by default by the time of the system.
        """
        self._verifier = verifier
        self._token_status = token_status
        self._log_limit = LogLimit(
            clock=clock or SystemClock(),
            on_suppressed=lambda seconds: _log.info("more rejected requests are not logged for %d s", seconds),
            on_resumed=lambda lines: _log.info("%d rejected requests were not logged", lines),
        )

    def log_rejection(self, error: AuthError) -> None:
        """Log why a request was rejected, at most 60 times a minute: callers need no credentials for this line."""
        self._log_limit.write(lambda: _log.info("%s", error))

    async def authenticate(self, connection: HTTPConnection) -> Claims:
        """Return the claims of the request's token; raises `InvalidToken` or `KeyUnavailable`.

        The token is read only from the Authorization header (RFC 6750 section 2.1): a query
        string ends up in logs.
        """
        claims = await self._verifier.verify(_bearer_token(connection))
        if self._token_status is not None and not await self._token_status.is_valid(claims):
            raise InvalidToken("the subject is deleted or locked, or its password has changed")
        return claims


class NotAuthenticated(HTTPException):
    """401 with one body for every invalid or missing token."""

    def __init__(self, challenge: str) -> None:
        """Answer with `challenge` as WWW-Authenticate."""
        super().__init__(401, "A valid access token is required.", {"WWW-Authenticate": challenge})


class NotAllowed(HTTPException):
    """403: the token is good and its rights do not suffice (RFC 6750 section 3.1)."""

    def __init__(self, challenge: str) -> None:
        """Answer with `challenge` as WWW-Authenticate."""
        super().__init__(403, "The access token does not allow this.", {"WWW-Authenticate": challenge})


class NoKeys(HTTPException):
    """503: tokens cannot be verified at present; this token may be valid."""

    def __init__(self) -> None:
        """Ask the client to retry in a moment."""
        super().__init__(503, "Access tokens cannot be checked at present.", {"Retry-After": "2"})


def requires(*scopes: str, role: str | None = None) -> params.Security:
    """Return the dependency on a good token with all of `scopes`, and of a subject with `role`: its `Claims`."""
    return params.Security(_Requires(scopes, role), scopes=scopes)


def public() -> params.Security:
    """Return the dependency that states that the route needs no token."""
    return params.Security(_Public())


def check_policies(app: FastAPI, *, public_paths: Collection[str] = ()) -> None:
    """Raise `UnstatedPolicy` naming every route of `app` that states no policy.

    `public_paths` are for what has no place for a dependency: the documentation pages, mounted
    applications, plain ASGI routes.
    """
    unstated = tuple(
        f"{'/'.join(sorted(route.methods or ())) or 'ANY'} {route.path}"
        for route in iter_route_contexts(app.routes)
        # `app.routes` does not contain the routes of included routers. A policy given to `include_router` does not
        # count: it would be checked after the body is read.
        if route.path not in public_paths and not _states_policy(getattr(route.original_route, "dependant", None))
    )
    if unstated:
        raise UnstatedPolicy(unstated)


class _Policy:
    """Base of the dependencies of which `check_policies` requires one on each route."""


class _Public(_Policy):
    async def __call__(self) -> None:
        pass


class _Requires(_Policy, SecurityBase):
    # These two names are FastAPI's: they put the scheme into the OpenAPI document.
    model = HTTPBearer(bearerFormat="JWT", description="An access token of RFC 9068.")
    scheme_name = "accessToken"

    def __init__(self, scopes: Collection[str], role: str | None) -> None:
        self._scopes = tuple(map(Scope, scopes))
        self._role = Role(role) if role is not None else None

    # HTTPConnection and not Request, so that a web socket can state the same policy.
    async def __call__(self, connection: HTTPConnection) -> Claims:
        """Return the claims, or raise the error response."""
        verified: dict[object, Claims] = connection.scope.setdefault(_VERIFIED, {})
        if self not in verified:
            verified[self] = await self._verify(connection)
        return verified[self]

    async def check(self, request: Request) -> None:
        """Raise the error response before the body is read (`libs.web.strict.PreBodyCheck`)."""
        await self(request)

    async def _verify(self, connection: HTTPConnection) -> Claims:
        services = svcs.Container(svcs.fastapi.get_registry(connection.app))
        authenticator = await services.aget(Authenticator)
        try:
            claims = await authenticator.authenticate(connection)
            for scope in self._scopes:
                claims.require(scope)
            if self._role is not None:
                claims.require_role(self._role)
        except AuthError as error:
            authenticator.log_rejection(error)
            raise _answer(error, tried="authorization" in connection.headers) from error
        return claims


def _answer(error: AuthError, *, tried: bool) -> HTTPException:
    match error:
        case InsufficientScope(required=scope):
            return NotAllowed(f'Bearer error="insufficient_scope", scope="{scope}"')
        case InsufficientRole():
            return NotAllowed('Bearer error="insufficient_scope"')
        case KeyUnavailable():
            return NoKeys()
    # RFC 6750 section 3.1: without credentials, the challenge has the scheme and nothing else.
    return NotAuthenticated('Bearer error="invalid_token"' if tried else "Bearer")


def _bearer_token(connection: HTTPConnection) -> str:
    values = connection.headers.getlist("authorization")
    if len(values) != 1:
        raise InvalidToken(f"{len(values)} Authorization headers")
    scheme, _, token = values[0].partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidToken("Authorization is not Bearer")
    return token


def _states_policy(dependant: Dependant | None) -> bool:
    return dependant is not None and any(isinstance(each.call, _Policy) for each in _walk(dependant))


def _walk(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for child in dependant.dependencies:
        yield from _walk(child)
