"""Settings of the user service, read from `USER_SERVICE_*`."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.db.service_settings import ServiceSettings
from libs.web.setting_types import Port


class UserSettings(ServiceSettings):
    """What the user service needs to know. Its private keys are files, never settings."""

    model_config = SettingsConfigDict(env_prefix="USER_SERVICE_")
    sqlite_name: ClassVar[str] = "users.db"

    port: Port = Field(default=8001, description="Port to listen on.")
    keys_dir: Path | None = Field(default=None, description="Folder of private keys; empty: `keys` in the data folder.")
    issuer: str = Field(
        default="http://127.0.0.1:8001",
        description="Our name in the tokens (`iss`): the address under which clients reach us.",
    )
    mail: str = Field(
        default="console",
        description="How emails are sent: `console` (stdout, for development), `folder:PATH` (a file for each), "
        "`smtps://USER@HOST`, `smtp+starttls://USER@HOST`, or `smtp://HOST` without encryption.",
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
    audience: str = Field(default="api", description="The name of the services that our tokens are for (`aud`).")

    @property
    def keys(self) -> Path:
        """The folder of private keys."""
        return self.keys_dir or self.data_dir / "keys"
