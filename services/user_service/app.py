"""The user service, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from libs.auth.clock import Clock, SystemClock
from libs.auth.errors import InvalidCredentials, InvalidGrant, Throttled, WeakPassword
from libs.auth.fastapi import Authenticator, check_policies, public
from libs.auth.keys import KeyRing
from libs.auth.password_policy import PasswordPolicy
from libs.auth.passwords import Passwords
from libs.auth.refresh import RefreshTokens
from libs.auth.throttle import MemoryThrottle
from libs.auth.tokens import TokenIssuer
from libs.auth.verifier import Verifier
from libs.db.database import Database, connect
from libs.db.errors import DatabaseUnavailable, SerializationFailure
from libs.db.schema import SchemaCheck
from libs.web.app import Parts
from libs.web.app import create_app as create_web_app
from libs.web.problems import Problem, ProblemTable
from services.user_service.errors import EmailTaken, UserNotFound
from services.user_service.grants import Grants
from services.user_service.routes import router
from services.user_service.service import Logins, Users
from services.user_service.settings import UserSettings
from services.user_service.tables import SCHEMA_REVISION

PROBLEMS: ProblemTable = {
    EmailTaken: Problem(409, "email-taken", "Address registered already"),
    UserNotFound: Problem(404, "user-not-found", "No such user"),
    WeakPassword: Problem(422, "weak-password", "Password refused"),
    InvalidCredentials: Problem(
        401,
        "invalid-credentials",
        "Login refused",
        detail="The address and the password do not match.",
        headers=lambda _: {"WWW-Authenticate": "Bearer"},
    ),
    InvalidGrant: Problem(
        401,
        "invalid-grant",
        "Refresh token refused",
        detail="Log in again.",
        headers=lambda _: {"WWW-Authenticate": "Bearer"},
    ),
    Throttled: Problem(
        429,
        "too-many-attempts",
        "Too many attempts",
        headers=lambda error: {"Retry-After": str(error.retry_after)},
    ),
    SerializationFailure: Problem(503, "busy", "Too many changes at once", headers=lambda _: {"Retry-After": "1"}),
    DatabaseUnavailable: Problem(
        503,
        "database-unavailable",
        "The database does not answer",
        detail="Try again in a moment.",
        headers=lambda _: {"Retry-After": "1"},
    ),
}


def create_app(settings: UserSettings, clock: Clock | None = None) -> FastAPI:
    """The application; its lifespan opens the keys and the database."""
    resources = _Resources(settings, clock or SystemClock())
    app = create_web_app(
        settings,
        Parts(
            title="User service",
            routers=[router],
            lifespan=resources.open,
            problems=PROBLEMS,
            policy=[public()],
        ),
    )
    check_policies(app, public_paths={"/openapi.json"})
    return app


class _Resources:
    """What the service holds open from its start to its end."""

    def __init__(self, settings: UserSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    @asynccontextmanager
    async def open(self, app: FastAPI) -> AsyncIterator[None]:
        keys = KeyRing.from_folder(self._settings.keys, clock=self._clock)
        passwords = Passwords()
        try:
            database = await connect(self._settings.database)
            try:
                self._connect_parts(app, database, keys=keys, passwords=passwords)
                yield
            finally:
                await database.close()
        finally:
            passwords.close()

    def _connect_parts(self, app: FastAPI, database: Database, *, keys: KeyRing, passwords: Passwords) -> None:
        settings, clock = self._settings, self._clock
        verifier = Verifier(keys, issuer=settings.issuer, audience=settings.audience, clock=clock)
        policy = PasswordPolicy.with_common_passwords(service_names=["user service"])
        users = Users(database, passwords=passwords, policy=policy, clock=clock)
        Authenticator(verifier, standing=users).install(app)
        app.state.keys = keys
        app.state.users = users
        app.state.logins = Logins(
            database,
            passwords=passwords,
            throttle=MemoryThrottle(clock=clock),
            refresh=RefreshTokens(Grants(database), clock=clock),
            issuer=TokenIssuer(keys=keys, issuer=settings.issuer, clock=clock),
            audience=settings.audience,
        )
        app.state.checks = [SchemaCheck(database, SCHEMA_REVISION)]
