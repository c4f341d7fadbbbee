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
        description="Issuer of the accepted access tokens (`iss`).",
    )
    audience: str = Field(default="api", description="Name of this service in access tokens (`aud`).")
    jwks_url: str = Field(
        default="",
        description="URL of the issuer's public keys; empty: below .well-known of the issuer.",
    )

    client_id: str = Field(
        default="product_service", description="Name under which `add-client` registered the service at the issuer."
    )
    user_service_url: PeerUrl = Field(
        default="http://127.0.0.1:8001", description="Base URL of the user service, for the names of owners."
    )

    max_access_token_seconds: int = Field(
        default=600,
        ge=60,
        le=86_400,
        description="Maximum lifetime of accepted access tokens; at least ACCESS_TOKEN_SECONDS of the issuer.",
    )

    max_import_bytes: int = Field(default=67_108_864, gt=0, description="Maximum size of the CSV file of an import.")
    max_import_rows: int = Field(
        default=20_000, gt=0, description="Maximum number of rows of that file; one transaction stores them."
    )
    reservation_seconds: int = Field(default=900, gt=0, description="How long a reservation lasts.")

    @property
    def keys_url(self) -> str:
        """The URL of the issuer's public keys."""
        return self.jwks_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"
