"""Services as OAuth clients, seen from the server that gives them tokens (RFC 6749 sections 2.3 and 4.4).

A client's secret is 256 random bits that no person types, so its SHA-256 is as safe as a slow hash and takes
no time.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import NewType
from urllib.parse import unquote_plus

from libs.auth.claims import ClientId, Scope, parse_scopes
from libs.auth.errors import InvalidCredentials, InvalidScope

ClientSecret = NewType("ClientSecret", str)
"""The secret of the service, 43 characters of base64url."""
SecretDigest = NewType("SecretDigest", bytes)
"""Its SHA-256, 32 bytes; what the server holds."""

_MAX_HEADER = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A service that may request tokens for itself, with at most these scopes."""

    client_id: ClientId
    secret_digest: SecretDigest = field(repr=False)
    scopes: frozenset[Scope]

    def grant(self, requested: str) -> frozenset[Scope]:
        """Return the scopes to put into a token: those in `requested`, or all; `InvalidScope` for others."""
        scopes = requested_scopes(requested)
        if not scopes <= self.scopes:
            raise InvalidScope(" ".join(sorted(scopes - self.scopes)))
        return scopes or self.scopes


def requested_scopes(text: str) -> frozenset[Scope]:
    """Parse the `scope` that a client requests; raise `InvalidScope` if it is malformed."""
    try:
        return parse_scopes(text)
    except ValueError as error:
        raise InvalidScope(text) from error


def new_client_secret() -> ClientSecret:
    """Return a fresh secret."""
    return ClientSecret(secrets.token_urlsafe(32))


def digest_secret(secret: str) -> SecretDigest:
    """Return the digest to store instead of the secret."""
    return SecretDigest(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest())


def authenticate_client(client: Client | None, secret: str) -> Client:
    """Return the client if the secret is its own, else raise `InvalidCredentials` after the same work."""
    # No secret has a digest of zeros, so an unknown client never matches and costs the same comparison.
    expected = client.secret_digest if client is not None else bytes(32)
    matches = hmac.compare_digest(digest_secret(secret), expected)
    if client is None or not matches:
        raise InvalidCredentials("unknown client or wrong secret")
    return client


def parse_basic(header: str) -> tuple[ClientId, str]:
    """Read client id and secret from an Authorization header of scheme Basic, form-encoded (RFC 6749 section 2.3.1).

    `InvalidCredentials` for anything else.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > _MAX_HEADER:
        raise InvalidCredentials("no Basic credentials")
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError as error:
        raise InvalidCredentials("Basic credentials that cannot be read") from error
    client_id, secret = unquote_plus(user), unquote_plus(password)
    if not (colon and client_id.isprintable() and secret.isprintable()):
        raise InvalidCredentials("Basic credentials without a colon, or with control characters")
    return ClientId(client_id), secret
