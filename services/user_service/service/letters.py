"""Letters with one-time tokens, written after the answer to the request that asked for them.

A request only leaves a note here, whoever the address belongs to, so neither its answer nor its time tells whether
there is such an account.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from libs.auth.refresh import TokenDigest
from libs.clock.clock import Clock
from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory, retry_on_conflict
from libs.mail.errors import MailError
from libs.mail.letter import Letter
from libs.mail.mailer import Mailer
from services.user_service.models import EmailKey, OneTimeToken, Purpose, User
from services.user_service.repository import one_time, users

_log = logging.getLogger(__name__)

_MAX_NOTES = 1000
_LAST_NOTES = 5.0
_BACK_OFF, _LONGEST_BACK_OFF = 0.1, 60.0
_PAUSE = timedelta(minutes=1)
"""Between two letters of one kind to one person, however many are asked for."""


@dataclass(frozen=True, slots=True)
class _Form:
    lifetime: timedelta
    page: str
    subject: str
    text: str


_FORMS: Mapping[Purpose, _Form] = {
    Purpose.VERIFY: _Form(
        timedelta(hours=24),
        "verify",
        "Confirm your address",
        "Somebody, probably you, opened an account with this address. To confirm it, use within a day:",
    ),
    Purpose.RESET: _Form(
        timedelta(minutes=30),
        "reset",
        "Choose a new password",
        "Somebody, probably you, asked for a new password for your account. To choose one, use within half an hour:",
    ),
}
_OTHERWISE = "If it was not you, do nothing."


class Letters:
    """Takes notes of what is to be sent and works them off in the order of their arrival."""

    def __init__(self, sessions: SessionFactory, *, mailer: Mailer, clock: Clock, pages_url: str) -> None:
        """`pages_url` is where our front end takes tokens; with none a letter holds the bare token."""
        self._sessions = sessions
        self._mailer = mailer
        self._clock = clock
        self._pages_url = pages_url.rstrip("/")
        self._notes: asyncio.Queue[tuple[Purpose, EmailKey]] = asyncio.Queue(_MAX_NOTES)

    def ask(self, purpose: Purpose, key: EmailKey) -> None:
        """Note that somebody asked; whoever gets no letter asks again."""
        try:
            self._notes.put_nowait((purpose, key))
        except asyncio.QueueFull:
            _log.warning("more letters are asked for than can be sent; one is dropped")

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Work notes off; at the end wait a while for those that are left."""
        work = asyncio.create_task(self._work())
        try:
            yield
            try:
                await asyncio.wait_for(self.done(), _LAST_NOTES)
            except TimeoutError:
                _log.warning("%d letters were not sent", self._notes.qsize())
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def done(self) -> None:
        """Wait until every note is worked off."""
        await self._notes.join()

    async def _work(self) -> None:
        crashes = 0
        while True:
            purpose, key = await self._notes.get()
            try:
                await self._send(purpose, key)
                crashes = 0
            except (DatabaseError, MailError) as error:
                _log.error("a letter was not sent: %s", error)
            except Exception:  # noqa: BLE001  # the letters after it are worth a try, whatever this is
                _log.exception("a letter was not sent")
                await asyncio.sleep(min(_LONGEST_BACK_OFF, _BACK_OFF * 2**crashes))
                crashes += 1
            finally:
                self._notes.task_done()

    async def _send(self, purpose: Purpose, key: EmailKey) -> None:
        async with self._sessions.read() as session:
            user = await users.find(session, key)
        if user is None or user.locked_at is not None or (purpose is Purpose.VERIFY and user.verified_at is not None):
            return
        token = secrets.token_urlsafe(32)
        if await self._keep(user, purpose, token):
            form = _FORMS[purpose]
            where = f"{self._pages_url}/{form.page}#{token}" if self._pages_url else token
            text = f"{form.text}\n\n{where}\n\n{_OTHERWISE}\n"
            await self._mailer.send(Letter(to=user.email, subject=form.subject, text=text))

    @retry_on_conflict
    async def _keep(self, user: User, purpose: Purpose, token: str) -> bool:
        now = self._clock.now()
        async with self._sessions.begin() as session:
            if await one_time.sent_since(session, user.id, purpose, moment=now - _PAUSE):
                return False
            await one_time.forget(session, user.id, purpose)
            session.add(
                OneTimeToken(
                    digest=digest_of(token),
                    user_id=user.id,
                    purpose=purpose,
                    created_at=now,
                    expires_at=now + _FORMS[purpose].lifetime,
                )
            )
            return True


def digest_of(token: str) -> TokenDigest:
    """What is stored of a token, which is 256 random bits."""
    return TokenDigest(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())
