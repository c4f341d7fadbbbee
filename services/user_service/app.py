"""The application of the user service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession
from svcs import Container, Registry

from libs.auth.counters import AttemptCounters, SharedStore
from libs.auth.fastapi import Authenticator, check_policies, public
from libs.auth.keys import KeyRing
from libs.auth.password_policy import PasswordPolicy
from libs.auth.passwords import Passwords
from libs.auth.refresh import RefreshTokens
from libs.auth.tokens import TokenIssuer
from libs.auth.verifier import Verifier
from libs.clock.clock import Clock, SystemClock
from libs.db.pool_metrics import watch_pool
from libs.db.pruning import PruneBatch, Pruner, delete_batch
from libs.db.schema import SchemaCheck
from libs.db.sessions import SessionFactory, open_sessions
from libs.events.runtime import EventRuntime
from libs.mail.mailer import Mailer, open_mailer
from libs.web import context
from libs.web.app import ServiceDefinition
from libs.web.app import create_app as create_web_app
from libs.web.health import ping_of
from libs.web.telemetry import Telemetry
from services.user_service.handlers import event_handlers
from services.user_service.models import SCHEMA, OneTimeToken, RefreshGrantRow
from services.user_service.problems import PROBLEMS
from services.user_service.repository.grants import Grants
from services.user_service.routes import ROUTERS
from services.user_service.service.administration import AdministrationService
from services.user_service.service.audit import Audit
from services.user_service.service.clients import ClientService
from services.user_service.service.email_outbox import EmailOutbox
from services.user_service.service.introspection import IntrospectionService
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

    Raises:
        MailConfigurationError: the settings name no valid way to send emails.
        InvalidThrottleUri: the settings name no store of throttles.
    """
    mailer = mailer or open_mailer(settings.mail, sender=settings.mail_from, password_file=settings.mail_password_file)
    resources = _Resources(settings, clock or SystemClock(), passwords, mailer)
    app = create_web_app(
        settings,
        ServiceDefinition(
            title="User service",
            routers=ROUTERS,
            lifespan=resources.open,
            problems=PROBLEMS,
            policy=[public()],
            metrics=resources.metrics,
        ),
    )
    check_policies(app, public_paths={"/openapi.json"})
    return app


class _Resources:
    """The resources of the service, opened in its lifespan."""

    def __init__(self, settings: UserSettings, clock: Clock, passwords: Passwords | None, mailer: Mailer) -> None:
        self.metrics = CollectorRegistry()
        self._settings = settings
        self._mailer = mailer
        self._clock = clock
        self._passwords = passwords
        uri = settings.throttle_uri
        self._throttle_store = SharedStore(uri, prefix="user_service") if uri else None

    @asynccontextmanager
    async def open(self, _: FastAPI, registry: Registry) -> AsyncIterator[None]:
        settings, clock = self._settings, self._clock
        async with AsyncExitStack() as stack:
            passwords = self._passwords or Passwords()
            stack.callback(passwords.close)
            if self._throttle_store is not None:
                stack.push_async_callback(self._throttle_store.close)
            sessions = open_sessions(settings.database, settings.database_limits)
            stack.push_async_callback(sessions.close)
            email_outbox = EmailOutbox(sessions, mailer=self._mailer, clock=clock, pages_url=settings.pages_url)
            events = EventRuntime(
                settings,
                sessions,
                service="user_service",
                handlers=event_handlers(clock),
                registry=self.metrics,
                tracer_provider=Container(registry).get(Telemetry).provider,
            )
            pruner = Pruner(sessions, {**_expired(clock), **events.prune_batches}, registry=self.metrics)
            watch_pool(sessions, self.metrics)
            registry.register_value(UserSettings, settings)
            registry.register_value(SessionFactory, sessions, ping=ping_of(SchemaCheck(sessions, SCHEMA)))
            registry.register_value(EmailOutbox, email_outbox)
            registry.register_value(Pruner, pruner)
            self._register_services(registry, sessions, passwords, email_outbox)
            await stack.enter_async_context(email_outbox.running())
            await stack.enter_async_context(pruner.running())
            await stack.enter_async_context(events.running())
            yield

    def _register_services(
        self, registry: Registry, sessions: SessionFactory, passwords: Passwords, email_outbox: EmailOutbox
    ) -> None:
        clock, audit = self._clock, Audit(self._clock, request_id=context.request_id)
        watch_queues(passwords, self.metrics)
        security = SecurityLog(clock=clock, registry=self.metrics)
        throttles = Throttles.on(AttemptCounters(clock=clock, shared=self._throttle_store), security.throttled)
        checked = _password_service(passwords, throttles, security)
        users = UserService(
            sessions,
            passwords=checked,
            throttle=throttles.registrations,
            email_outbox=email_outbox,
            audit=audit,
            clock=clock,
        )
        recovery = RecoveryService(
            sessions,
            users=users,
            email_outbox=email_outbox,
            throttle=throttles.recoveries,
            audit=audit,
            clock=clock,
        )
        registry.register_value(UserService, users)
        registry.register_value(RecoveryService, recovery)
        registry.register_value(AdministrationService, AdministrationService(sessions, audit=audit, clock=clock))
        self._register_tokens(registry, sessions, passwords=checked, audit=audit)

    def _register_tokens(
        self, registry: Registry, sessions: SessionFactory, *, passwords: PasswordService, audit: Audit
    ) -> None:
        settings, clock = self._settings, self._clock
        keys = KeyRing.from_folder(settings.keys, clock=clock)
        lifetime = timedelta(seconds=settings.access_token_seconds)
        issuer = TokenIssuer(keys=keys, issuer=settings.issuer, clock=clock, lifetime=lifetime)
        tokens = AccessTokens(issuer, settings.audience, settings.granted_scopes)
        verifier = Verifier(
            keys,
            issuer=settings.issuer,
            audience=settings.audience,
            clock=clock,
            max_lifetime=timedelta(seconds=settings.max_access_token_seconds),
        )
        status, refresh = StoredTokenStatus(sessions), RefreshTokens(Grants(sessions), clock=clock)
        logins = LoginService(sessions, passwords=passwords, refresh=refresh, tokens=tokens, audit=audit, clock=clock)
        introspection = IntrospectionService(verifier, token_status=status, refresh=refresh)
        registry.register_value(KeyRing, keys)
        registry.register_value(Authenticator, Authenticator(verifier, token_status=status, clock=clock))
        registry.register_value(LoginService, logins)
        registry.register_value(ClientService, ClientService(sessions, tokens))
        registry.register_value(IntrospectionService, introspection)


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
