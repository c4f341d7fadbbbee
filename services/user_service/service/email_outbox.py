"""Emails with one-time tokens, sent after the response to the request that causes them.

A request only enqueues an address, whether or not it has an account. So neither the response nor its time shows whether
there is such an account.
"""

import asyncio
import hashlib
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from libs.auth.refresh import TokenDigest
from libs.clock.clock import Clock
from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory, retry_on_conflict
from libs.mail.errors import MailError
from libs.mail.mailer import ConsoleMailer, Mailer
from libs.mail.message import Email
from services.user_service.models import EmailKey, OneTimeToken, Purpose, User
from services.user_service.repository import one_time, users
from services.user_service.service.email_templates import EmailTemplate

_log = logging.getLogger(__name__)

_MAX_QUEUED = 1000
_DRAIN_SECONDS = 5.0
_MIN_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.1, 60.0
_INTERVAL = timedelta(minutes=1)
"""Minimum time between two emails with a token of one purpose to one user."""


class EmailOutbox:
    """Send emails in the background, in the order of their requests. The queue is in memory."""

    def __init__(self, sessions: SessionFactory, *, mailer: Mailer, clock: Clock, pages_url: str) -> None:
        """Link emails to the front end at `pages_url`; if that is empty, they hold the bare token."""
        self._sessions = sessions
        self._mailer = mailer
        self._clock = clock
        self._pages_url = pages_url.rstrip("/")
        self._queue: asyncio.Queue[tuple[EmailTemplate, EmailKey]] = asyncio.Queue(_MAX_QUEUED)

    def enqueue(self, template: EmailTemplate, key: EmailKey) -> None:
        """Enqueue an email; it is dropped with a warning if the queue is full, and the user has to ask again."""
        try:
            self._queue.put_nowait((template, key))
        except asyncio.QueueFull:
            _log.warning("the queue of emails is full; an email is dropped")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send emails while the context is open; at its end, wait up to 5 s for the queued ones."""
        if isinstance(self._mailer, ConsoleMailer) and not _is_development():
            _log.warning(
                "emails and their tokens are printed to stdout; set USER_SERVICE_MAIL to smtps://USER@HOST, "
                "smtp+starttls://USER@HOST or folder:PATH"
            )
        worker = asyncio.create_task(self._work())
        try:
            yield
            try:
                await asyncio.wait_for(self.join(), _DRAIN_SECONDS)
            except TimeoutError:
                _log.warning("%d emails were not sent", self._queue.qsize())
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    async def join(self) -> None:
        """Wait until every queued email is processed."""
        await self._queue.join()

    async def _work(self) -> None:
        crashes = 0
        while True:
            template, key = await self._queue.get()
            try:
                await self._send(template, key)
                crashes = 0
            except (DatabaseError, MailError) as error:
                _log.error("an email was not sent: %s", error)
            except Exception:  # noqa: BLE001  # an unexpected error must not stop the emails after it
                _log.exception("an email was not sent")
                await asyncio.sleep(min(_MAX_BACKOFF_SECONDS, _MIN_BACKOFF_SECONDS * 2**crashes))
                crashes += 1
            finally:
                self._queue.task_done()

    async def _send(self, template: EmailTemplate, key: EmailKey) -> None:
        async with self._sessions.read() as session:
            user = await users.find(session, key)
        if user is None or user.locked_at is not None:
            return
        if template.purpose is Purpose.VERIFY and user.verified:
            return
        token = secrets.token_urlsafe(32)
        if await self._store_token(user, template, token):
            text = template.text(token, pages_url=self._pages_url)
            await self._mailer.send(Email(to=user.email, subject=template.subject, text=text))

    @retry_on_conflict
    async def _store_token(self, user: User, template: EmailTemplate, token: str) -> bool:
        """Replace the user's token of this purpose, or return False if it is less than a minute old."""
        now, purpose = self._clock.now(), template.purpose
        async with self._sessions.begin() as session:
            if await one_time.sent_since(session, user.id, purpose, moment=now - _INTERVAL):
                return False
            await one_time.forget(session, user.id, purpose)
            session.add(
                OneTimeToken(
                    digest=digest_of(token),
                    user_id=user.id,
                    purpose=purpose,
                    created_at=now,
                    expires_at=now + template.token_lifetime,
                )
            )
            return True


def _is_development() -> bool:
    """Return whether stdout is for a developer: the service runs in a terminal or under `bazel run`."""
    return sys.stdout.isatty() or "BUILD_WORKSPACE_DIRECTORY" in os.environ


def digest_of(token: str) -> TokenDigest:
    """Return the digest under which a token is stored; the token itself has 256 random bits."""
    return TokenDigest(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())
