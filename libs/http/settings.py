"""Settings of services that call others."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from libs.web.setting_types import Seconds
from libs.web.settings import WebSettings

_CLUSTER_SUFFIXES = (".svc", ".svc.cluster.local")


def _check_peer_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_origin = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_origin = False
    is_origin = is_origin and url.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in url
    if not is_origin or parts.scheme not in {"http", "https"}:
        raise ValueError("is not the base URL of a service such as https://users.example: only scheme, host and port")
    if parts.scheme == "http" and not _is_local(parts.hostname or ""):
        raise ValueError(
            "is http to a host that is neither on this machine nor in this cluster, "
            "where tokens could be read on the way: use https"
        )
    return url.rstrip("/")


def _is_local(host: str) -> bool:
    """Return whether the host is on loopback or named like a Kubernetes Service."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." not in host or host.endswith(_CLUSTER_SUFFIXES)


PeerUrl = Annotated[str, AfterValidator(_check_peer_url)]
"""The base URL of another service: https, or http on loopback and inside the cluster."""


class CallSettings(WebSettings):
    """How a service calls others. Base of the settings of such a service, which adds a `PeerUrl` for each."""

    call_seconds: Seconds = Field(
        default=2.0, gt=0, description="Time limit for a call to another service, retries included."
    )
    oauth_url: PeerUrl = Field(
        default="http://127.0.0.1:8001",
        description="Base URL of the issuer, for the tokens of the service's own calls.",
    )
    client_id: str = Field(
        default="", description="Name under which `add-client` registered the service at the issuer."
    )
    client_secret: SecretStr | None = Field(
        default=None,
        description="Secret that `add-client` printed. Without it, calls that need a service token fail.",
    )

    @model_validator(mode="after")
    def _has_client_id(self) -> "CallSettings":
        if self.client_secret is not None and not self.client_id:
            prefix = self.model_config.get("env_prefix", "")
            raise ValueError(f"{prefix}CLIENT_SECRET is set, but {prefix}CLIENT_ID is not: set both")
        return self
