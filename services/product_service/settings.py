"""Settings of the product service, read from `PRODUCT_SERVICE_*`."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.events.service_settings import EventServiceSettings
from libs.http.settings import CallSettings, PeerUrl
from libs.web.setting_types import Port


class ProductSettings(CallSettings, EventServiceSettings):
    """The settings of the product service."""

    model_config = SettingsConfigDict(env_prefix="PRODUCT_SERVICE_")
    sqlite_name: ClassVar[str] = "products.db"

    port: Port = Field(default=8002, description="Port to listen on.")
    issuer: str = Field(
        default="http://127.0.0.1:8001",
        description="Issuer of the access tokens that are accepted (their `iss`).",
    )
    audience: str = Field(default="api", description="The name under which tokens are for us (`aud`).")
    jwks_url: str = Field(
        default="",
        description="Where the issuer's public keys are; empty: under its .well-known.",
    )

    client_id: str = Field(
        default="product_service", description="Name of the service at the issuer, given to `add-client`."
    )
    user_service_url: PeerUrl = Field(
        default="http://127.0.0.1:8001", description="Base URL of the user service, for the names of owners."
    )

    max_access_token_seconds: int = Field(
        default=600,
        ge=60,
        le=86_400,
        description="Longest lifetime of an access token that is accepted; at least the issuer's ACCESS_TOKEN_SECONDS.",
    )

    max_import_bytes: int = Field(default=67_108_864, gt=0, description="Largest CSV file of a bulk import.")
    max_import_rows: int = Field(default=20_000, gt=0, description="Most rows of such a file; they are stored at once.")
    reservation_seconds: int = Field(default=900, gt=0, description="How long a reservation lasts.")

    @property
    def keys_url(self) -> str:
        """The URL of the issuer's public keys."""
        return self.jwks_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"
