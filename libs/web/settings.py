"""Settings that every service has. A service adds its own in a subclass with its own prefix."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.web.setting_types import HostList, NetworkList, OriginList, Port, Seconds

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


class WebSettings(BaseSettings):
    """Settings of the server: addresses, limits, logs and shutdown.

    Read once, in `__main__`, from the environment; frozen from then on. Durations are seconds.
    A setting that is a secret has no default in any subclass.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 in a container.")
    port: Port = Field(default=8000, description="Port to listen on.")
    data_dir: Path = Field(default=Path("/data"), description="Folder of all files that the service writes.")

    docs: bool = Field(
        default=False, description="Serve the OpenAPI document and its page under /docs, without authentication."
    )
    metrics: bool = Field(default=True, description="Serve Prometheus metrics under /metrics.")
    metrics_port: Port | None = Field(
        default=None, ge=1, le=65535, description="Separate port for /metrics; empty: the main port."
    )
    log_level: LogLevel = Field(default="info", description="Events below this level are not logged.")
    log_format: LogFormat = Field(default="auto", description="`auto`: coloured on a terminal, else JSON.")
    access_log: bool = Field(default=False, description="Log every request, not only those that fail with 5xx.")

    allowed_hosts: HostList = Field(
        default=(), description="Accepted values of `Host`; empty: any. A list: `a.example,*.b.example`."
    )
    trusted_proxies: NetworkList = Field(
        default=(),
        description="Addresses and networks whose X-Forwarded-* headers are used. A list: `10.1.2.3,10.4.0.0/16`.",
    )
    cors_origins: OriginList = Field(
        default=(),
        description="Origins that browsers may call from (CORS); empty: none. A list: `https://www.example`.",
    )
    max_body_bytes: int = Field(default=1_048_576, gt=0, description="Maximum size of a request body.")
    header_seconds: Seconds = Field(
        default=10.0, gt=0, description="Time limit for receiving the headers of a request."
    )
    body_seconds: Seconds = Field(default=30.0, gt=0, description="Time limit for receiving each 64 KiB of a body.")
    idle_seconds: Seconds = Field(
        default=10.0,
        gt=0,
        description="Time limit for an idle connection; longer than a load balancer keeps its connections.",
    )
    request_seconds: Seconds = Field(
        default=30.0, gt=0, description="Time limit for a handler, from the end of the body to the response."
    )
    max_connections: int = Field(default=2000, gt=0, description="Maximum number of open connections.")
    hardening: Literal["on", "off"] = Field(
        default="on",
        description="`off` serves without deadlines and limits, for a version of uvicorn that is not supported.",
    )

    drain_seconds: Seconds = Field(
        default=5.0,
        ge=0,
        description="After SIGTERM, the service reports that it is not ready and still answers for this time.",
    )
    stop_seconds: Seconds = Field(
        default=20.0,
        ge=0,
        description="After the drain, requests in progress have this time to finish.",
    )

    @model_validator(mode="after")
    def _has_two_ports(self) -> "WebSettings":
        if self.metrics_port is not None and self.metrics_port == self.port:
            prefix = self.model_config.get("env_prefix", "")
            raise ValueError(f"{prefix}METRICS_PORT and {prefix}PORT are both {self.port}: choose another port")
        return self
