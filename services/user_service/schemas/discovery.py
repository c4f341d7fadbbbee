"""What other services look up."""

from pydantic import BaseModel, ConfigDict


class KeySet(BaseModel):
    """A JWK Set (RFC 7517)."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    keys: list[dict[str, str]]


class ServerMetadata(BaseModel):
    """Metadata of the authorization server: endpoints and supported options (RFC 8414 section 2)."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    issuer: str
    token_endpoint: str
    jwks_uri: str
    revocation_endpoint: str
    introspection_endpoint: str
    grant_types_supported: tuple[str, ...] = ("client_credentials", "refresh_token")
    # Empty, because there is no authorization endpoint.
    response_types_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic", "client_secret_post", "none")
    revocation_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic", "client_secret_post", "none")
    introspection_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic", "client_secret_post")

    @classmethod
    def of(cls, issuer: str) -> "ServerMetadata":
        """The metadata of the server that clients reach under `issuer`."""
        base = issuer.rstrip("/")
        return cls(
            issuer=issuer,
            token_endpoint=f"{base}/oauth/token",
            jwks_uri=f"{base}/.well-known/jwks.json",
            revocation_endpoint=f"{base}/oauth/revoke",
            introspection_endpoint=f"{base}/oauth/introspect",
        )
