"""The documents of an authorization server: its metadata (RFC 8414) and what it says of a token (RFC 7662)."""

from dataclasses import dataclass
from typing import Any

from libs.auth.claims import Claims
from libs.auth.refresh import RefreshGrant

INACTIVE: dict[str, Any] = {"active": False}
"""What RFC 7662 section 2.2 has a server say of every token that is not good, whatever the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where an authorization server answers, as paths below its issuer."""

    jwks: str
    token: str
    revocation: str
    introspection: str


def server_metadata(issuer: str, endpoints: Endpoints, *, scopes: frozenset[str]) -> dict[str, Any]:
    """Return the document to serve under `/.well-known/oauth-authorization-server`."""
    base = issuer.rstrip("/")
    basic = ["client_secret_basic"]
    return {
        "issuer": issuer,
        "jwks_uri": base + endpoints.jwks,
        "token_endpoint": base + endpoints.token,
        "token_endpoint_auth_methods_supported": basic,
        "revocation_endpoint": base + endpoints.revocation,
        "introspection_endpoint": base + endpoints.introspection,
        "introspection_endpoint_auth_methods_supported": basic,
        "grant_types_supported": ["client_credentials", "refresh_token"],
        # Required by the RFC; empty, because there is no authorization endpoint.
        "response_types_supported": [],
        "scopes_supported": sorted(scopes),
    }


def introspect_access(claims: Claims) -> dict[str, Any]:
    """Return what to say of a verified access token."""
    return {"active": True, "token_type": "Bearer", **claims.to_payload()}


def introspect_refresh(grant: RefreshGrant) -> dict[str, Any]:
    """Return what to say of a refresh token that could be used now."""
    return {
        "active": True,
        "sub": grant.subject,
        "client_id": grant.client_id,
        "scope": " ".join(sorted(grant.scopes)),
        "iat": int(grant.issued_at.timestamp()),
        "exp": int(grant.expires_at.timestamp()),
    }
