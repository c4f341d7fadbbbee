"""Settings of a service that has a database. A service's settings class inherits from this one."""

from pydantic import Field
from pydantic_settings import BaseSettings

from libs.db.engines import Limits


class DatabaseSettings(BaseSettings):
    """Which database, and what one process may take of it. Durations are seconds."""

    database_url: str = Field(
        default="",
        description="`sqlite+aiosqlite:///PATH` or `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`, with libpq's "
        "parameters, such as `?sslmode=verify-full&sslrootcert=PATH`; empty: a SQLite file in the data folder.",
    )
    database_pool_size: int = Field(
        default=8, ge=1, le=10_000, description="Maximum number of connections to PostgreSQL per process."
    )
    database_statement_seconds: float = Field(
        default=5.0, gt=0, le=86_400, allow_inf_nan=False, description="Time limit for one statement."
    )
    database_connect_seconds: float = Field(
        default=3.0,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        description="Time limit for opening a connection, and for waiting for one of the pool.",
    )
    database_transaction_pooler: bool = Field(
        default=False,
        description="Set it if PgBouncer in transaction mode is between the service and PostgreSQL.",
    )

    @property
    def database_limits(self) -> Limits:
        """The limits as the engines take them."""
        return Limits(
            pool_size=self.database_pool_size,
            statement_seconds=self.database_statement_seconds,
            connect_seconds=self.database_connect_seconds,
            transaction_pooler=self.database_transaction_pooler,
        )
