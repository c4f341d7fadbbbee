"""The settings of a service that has a database. A service's settings class inherits from this one."""

from typing import ClassVar

from libs.db.settings import DatabaseSettings
from libs.web.settings import WebSettings


class ServiceSettings(DatabaseSettings, WebSettings):
    """Settings of the server and of the database."""

    sqlite_name: ClassVar[str]
    """Name of the SQLite file in the data folder, used where no `database_url` is set."""

    @property
    def database(self) -> str:
        """Return the URL of the database."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / self.sqlite_name}"
