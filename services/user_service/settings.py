"""Settings of the user service, read from `USER_SERVICE_*`."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import SettingsConfigDict

from libs.auth.claims import parse_scopes
from libs.events.service_settings import EventServiceSettings
from libs.mail.mailer import CONSOLE
from libs.web.setting_types import Port, StrList

OWN_SCOPE_PREFIXES = ("users:", "tokens:", "directory:")
"""Beginnings of the scopes that this service checks itself; roles and registrations of clients give them."""

_MAX_SCOPES_LENGTH = 4096
"""Verifiers reject tokens of more than 8 KiB, of which base64 takes a quarter."""


def _check_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    for scope in scopes:
        if not _is_scope(scope):
            raise ValueError(f"{scope!r} is not a scope")
        if scope.startswith(OWN_SCOPE_PREFIXES):
            raise ValueError(f"{scope!r} is a scope of this service, which no setting grants")
    if len(" ".join(scopes)) > _MAX_SCOPES_LENGTH:
        raise ValueError(f"the scopes have more than {_MAX_SCOPES_LENGTH} characters, too many for a token")
    return scopes


def _is_scope(text: str) -> bool:
    try:
        return len(parse_scopes(text)) == 1
    except ValueError:
        return False


class UserSettings(EventServiceSettings):
    """The settings of the user service. Its private keys are files, never settings."""

    model_config = SettingsConfigDict(env_prefix="USER_SERVICE_")
    sqlite_name: ClassVar[str] = "users.db"

    port: Port = Field(default=8001, description="Port to listen on.")
    keys_dir: Path | None = Field(default=None, description="Folder of private keys; empty: `keys` in the data folder.")
    issuer: str = Field(
        default="http://127.0.0.1:8001",
        description="`iss` of the issued tokens: the URL of this service that clients use.",
    )
    mail: str = Field(
        default=CONSOLE,
        description="How emails are sent: `console` (stdout, for development), `folder:PATH` (a file for each), "
        "`smtps://USER@HOST`, `smtp+starttls://USER@HOST`, or `smtp://HOST` without encryption. With any but "
        "`console`, a registration does not show whether its address has an account.",
    )
    mail_password_file: Path | None = Field(
        default=None, description="File that holds the password of the mail server's user."
    )
    mail_from: str = Field(default="no-reply@localhost", description="The From header of emails.")
    pages_url: str = Field(
        default="",
        description="Front end to which emails link: URL/verify#TOKEN and URL/reset#TOKEN; "
        "empty: emails hold the bare token.",
    )
    throttle_uri: str = Field(
        default="",
        description="Redis or Valkey in which replicas share their limits of attempts: `redis://HOST:PORT`, "
        "`rediss://USER:PASSWORD@HOST:PORT/DATABASE`; empty: each process counts its own.",
    )
    audience: str = Field(default="api", description="`aud` of the issued tokens; all services expect it.")
    access_token_seconds: int = Field(
        default=600,
        ge=60,
        le=1800,
        description="Lifetime of the issued access tokens; at most MAX_ACCESS_TOKEN_SECONDS of every service.",
    )
    max_access_token_seconds: int = Field(
        default=600,
        ge=60,
        le=86_400,
        description="Maximum lifetime of accepted access tokens; at least ACCESS_TOKEN_SECONDS of the issuer.",
    )
    granted_scopes: Annotated[StrList, AfterValidator(_check_scopes)] = Field(
        default=(),
        description="Scopes of other services that every user's tokens have. A list: `products:read,products:write`. "
        "`//:dev` and `//deploy` make it of the services' `scopes.json`.",
    )

    @model_validator(mode="after")
    def _accepts_own_tokens(self) -> "UserSettings":
        if self.access_token_seconds > self.max_access_token_seconds:
            raise ValueError(
                f"USER_SERVICE_ACCESS_TOKEN_SECONDS={self.access_token_seconds} is above "
                f"USER_SERVICE_MAX_ACCESS_TOKEN_SECONDS={self.max_access_token_seconds}: "
                "the service would reject its own tokens"
            )
        return self

    @property
    def has_mail(self) -> bool:
        """Whether emails reach their recipients."""
        return self.mail != CONSOLE

    @property
    def keys(self) -> Path:
        """The folder of private keys."""
        return self.keys_dir or self.data_dir / "keys"
