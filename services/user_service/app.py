"""The user service, put together from its parts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.counters import AttemptCounters, SharedStore
from libs.auth.fastapi import Authenticator, check_policies, public
from libs.auth.keys import KeyRing
from libs.auth.password_policy import PasswordPolicy
from libs.auth.passwords import Passwords
from libs.auth.refresh import RefreshTokens
from libs.auth.tokens import TokenIssuer
from libs.auth.verifier import Verifier
from libs.clock.clock import Clock, SystemClock
from libs.db.pruning import PruneBatch, Pruner, delete_batch
from libs.db.schema import SchemaCheck
from libs.db.sessions import SessionFactory, open_sessions
from libs.mail.mailer import Mailer, open_mailer
from libs.web import context
from libs.web.app import Parts
from libs.web.app import create_app as create_web_app
from services.user_service.models import SCHEMA, OneTimeToken, RefreshGrantRow
from services.user_service.problems import PROBLEMS
from services.user_service.repository.grants import Grants
from services.user_service.routes import ROUTERS
from services.user_service.service.administration import AdministrationService
from services.user_service.service.audit import Audit
from services.user_service.service.clients import ClientService
from services.user_service.service.introspection import IntrospectionService
from services.user_service.service.letters import Letters
from services.user_service.service.logins import LoginService
from services.user_service.service.passwords import PasswordService, watch_queues
from services.user_service.service.recovery import RecoveryService
from services.user_service.service.security_log import SecurityLog
from services.user_service.service.throttles import Throttles
from services.user_service.service.tokens import AccessTokens, StoredTokenStatus
from services.user_service.service.users import UserService
from services.user_service.settings import UserSettings


def create_app(
    settings: UserSettings,
    *,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
    mailer: Mailer | None = None,
) -> FastAPI:
    """The application; its lifespan opens the keys and the database, and closes `passwords`.

    `BadMailSetting` when the settings name no way of sending letters, `InvalidThrottleUri` for one that is no URI of a
    throttle store.
    """
    mailer = mailer or open_mailer(settings.mail, sender=settings.mail_from, password_file=settings.mail_password_file)
    resources = _Resources(settings, clock or SystemClock(), passwords, mailer)
    app = create_web_app(
        settings,
        Parts(
            title="User service",
            routers=ROUTERS,
            lifespan=resources.open,
            problems=PROBLEMS,
            policy=[public()],
        ),
    )
    check_policies(app, public_paths={"/openapi.json"})
    return app


class _Resources:
    """What the service holds open from its start to its end."""

    def __init__(self, settings: UserSettings, clock: Clock, passwords: Passwords | None, mailer: Mailer) -> None:
        self._settings = settings
        self._mailer = mailer
        self._clock = clock
        self._passwords = passwords
        uri = settings.throttle_uri
        self._throttle_store = SharedStore(uri, prefix="user_service") if uri else None

    @asynccontextmanager
    async def open(self, app: FastAPI) -> AsyncIterator[None]:
        keys = KeyRing.from_folder(self._settings.keys, clock=self._clock)
        passwords = self._passwords or Passwords()
        registry = app.state.metrics.registry
        watch_queues(passwords, registry)
        security = SecurityLog(clock=self._clock, registry=registry)
        counters = AttemptCounters(clock=self._clock, shared=self._throttle_store)
        throttles = Throttles.on(counters, security.throttled)
        try:
            sessions = open_sessions(self._settings.database, self._settings.database_limits)
            try:
                letters = self._letters(sessions)
                service = _password_service(passwords, throttles, security)
                self._connect_parts(app, sessions, keys=keys, passwords=service, letters=letters, throttles=throttles)
                app.state.pruner = Pruner(sessions, _expired(self._clock), registry=registry)
                async with letters.working(), app.state.pruner.running():
                    yield
            finally:
                await sessions.close()
        finally:
            passwords.close()
            if self._throttle_store is not None:
                await self._throttle_store.close()

    def _email_outbox(self, sessions: SessionFactory) -> EmailOutbox:
        return EmailOutbox(sessions, mailer=self._mailer, clock=self._clock, pages_url=self._settings.pages_url)

    def _connect_parts(
        self,
        app: FastAPI,
        sessions: SessionFactory,
        *,
        keys: KeyRing,
        passwords: PasswordService,
        letters: Letters,
        throttles: Throttles,
    ) -> None:
        settings, clock = self._settings, self._clock
        verifier = Verifier(keys, issuer=settings.issuer, audience=settings.audience, clock=clock)
        token_status = StoredTokenStatus(sessions)
        Authenticator(verifier, token_status=token_status).install(app)
        tokens = AccessTokens(TokenIssuer(keys=keys, issuer=settings.issuer, clock=clock), settings.audience)
        audit = Audit(clock, request_id=context.request_id)
        refresh = RefreshTokens(Grants(sessions), clock=clock)
        app.state.keys = keys
        users = UserService(
            sessions,
            passwords=passwords,
            throttle=throttles.registrations,
            letters=letters,
            audit=audit,
            clock=clock,
        )
        app.state.users = users
        app.state.letters = letters
        app.state.recovery = RecoveryService(
            sessions, users=users, letters=letters, throttle=throttles.recoveries, audit=audit, clock=clock
        )
        app.state.logins = LoginService(
            sessions, passwords=passwords, refresh=refresh, tokens=tokens, audit=audit, clock=clock
        )
        app.state.clients = ClientService(sessions, tokens)
        app.state.administration = AdministrationService(sessions, audit=audit, clock=clock)
        app.state.introspection = IntrospectionService(verifier, token_status=token_status, refresh=refresh)
        app.state.issuer = settings.issuer
        app.state.checks = [SchemaCheck(sessions, SCHEMA)]


def _password_service(passwords: Passwords, throttles: Throttles, security: SecurityLog) -> PasswordService:
    policy = PasswordPolicy.with_common_passwords(service_names=["user service"])
    return PasswordService(passwords, policy=policy, throttle=throttles.logins, security=security)


def _expired(clock: Clock) -> Mapping[str, PruneBatch]:
    async def forget_grants(session: AsyncSession, limit: int) -> int:
        # Used tokens are kept until their family ends, so that reuse is detected.
        return await delete_batch(session, RefreshGrantRow, RefreshGrantRow.family_expires_at <= clock.now(), limit)

    async def forget_tokens(session: AsyncSession, limit: int) -> int:
        return await delete_batch(session, OneTimeToken, OneTimeToken.expires_at <= clock.now(), limit)

    return {"refresh_grants": forget_grants, "one_time_tokens": forget_tokens}
