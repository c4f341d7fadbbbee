"""Settings of a service that publishes or consumes events. A service's settings class inherits from this one."""

from datetime import timedelta
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_SCHEMES = ("nats", "tls")


class EventSettings(BaseSettings):
    """Where NATS is, and how long rows are kept."""

    events_url: str = Field(
        default="",
        description="`nats://HOST:PORT` or `tls://HOST:PORT` of NATS, several with commas; empty: events are recorded "
        "and stay in the outbox.",
    )
    events_user: str = Field(default="", description="User at NATS.")
    events_password: SecretStr | None = Field(default=None, description="Password of that user.")
    events_ca_file: FilePath | None = Field(
        default=None, description="Certificates of the authority that signed NATS' own, in PEM; empty: the system's."
    )
    events_outbox_days: float = Field(
        default=7.0, gt=0, le=3650, description="How long published events stay in the outbox, for `replay`."
    )
    events_inbox_days: float = Field(
        default=14.0, gt=0, le=3650, description="How long the ids of applied events are kept; longer than the outbox."
    )
    events_max_deliveries: int = Field(
        default=5, ge=1, le=1000, description="Failed attempts after which an event becomes a dead letter."
    )
    events_handler_seconds: float = Field(
        default=20.0,
        gt=0,
        le=3600,
        description="Longest time of one attempt to apply an event; shorter than the consumer's acknowledgement wait.",
    )
    events_drain_seconds: float = Field(
        default=10.0, ge=0, le=3600, description="On shutdown, events that are being handled have this time to finish."
    )

    @field_validator("events_url")
    @classmethod
    def _names_servers(cls, value: str) -> str:
        for server in filter(None, value.split(",")):
            parts = urlsplit(server)
            if parts.scheme not in _SCHEMES or not parts.hostname or parts.username or parts.password:
                raise ValueError(
                    "expected nats://HOST:PORT or tls://HOST:PORT, several with commas; "
                    "give user and password by EVENTS_USER and EVENTS_PASSWORD"
                )
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "EventSettings":
        if bool(self.events_user) != (self.events_password is not None):
            raise ValueError("EVENTS_USER and EVENTS_PASSWORD are set together or not at all")
        if self.events_inbox_days <= self.events_outbox_days:
            raise ValueError("EVENTS_INBOX_DAYS must be more than EVENTS_OUTBOX_DAYS, or a replay would apply twice")
        return self

    @property
    def outbox_retention(self) -> timedelta:
        """How long published events are kept."""
        return timedelta(days=self.events_outbox_days)

    @property
    def inbox_retention(self) -> timedelta:
        """How long ids of applied events are kept."""
        return timedelta(days=self.events_inbox_days)
