"""What the owner of an address may do without a password: verify the address, choose a new password."""

from libs.auth.clock import Clock
from libs.auth.throttle import LoginThrottle
from libs.db.columns import micros
from libs.db.database import Connection, Database
from services.user_service.errors import OneTimeTokenRefused
from services.user_service.models import Action, Purpose, UserId, email_key
from services.user_service.repository import one_time
from services.user_service.repository import users as repository
from services.user_service.service.audit import Audit
from services.user_service.service.letters import Letters, digest_of
from services.user_service.service.users import Users


class Recovery:
    """Asks for letters and takes the tokens that were in them."""

    def __init__(
        self,
        database: Database,
        *,
        users: Users,
        letters: Letters,
        throttle: LoginThrottle,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._database = database
        self._users = users
        self._letters = letters
        self._throttle = throttle
        self._audit = audit
        self._clock = clock

    async def ask(self, purpose: Purpose, email: str, *, address: str) -> None:
        """Have a letter sent if there is such an account; `Throttled` when this was asked too often."""
        key = email_key(email)
        await self._throttle.admit(key, address)
        self._letters.ask(purpose, key)

    async def verify(self, token: str) -> None:
        """Note that the address is the user's; `OneTimeTokenRefused` for a token that is none of ours any more."""
        now = micros(self._clock.now())

        async def work(connection: Connection) -> None:
            user_id = _known(await one_time.take(connection, digest_of(token), Purpose.VERIFY, now=now))
            await repository.set_verified(connection, user_id, now=now)
            await self._audit.note(connection, Action.VERIFIED, actor=user_id, target=user_id)

        await self._database.atomically(work)

    async def reset_password(self, token: str, *, new: str) -> None:
        """Replace the password and end every login.

        A refused password leaves the token good.

        Raises:
            OneTimeTokenRefused: the token is none of ours any more.
            WeakPassword: the policy refuses the password.
        """
        now, digest = micros(self._clock.now()), digest_of(token)
        user_id = _known(await one_time.find(self._database, digest, Purpose.RESET, now=now))
        user = await self._users.get(user_id)
        replacement = await self._users.choose_password(user, new)

        async def work(connection: Connection) -> None:
            _known(await one_time.take(connection, digest, Purpose.RESET, now=now))
            await self._users.replace_password(connection, user, replacement)
            # Who got the letter has the address.
            await repository.set_verified(connection, user_id, now=now)
            await self._audit.note(connection, Action.PASSWORD_RESET, actor=user_id, target=user_id)

        await self._database.atomically(work)


def _known(user_id: UserId | None) -> UserId:
    if user_id is None:
        raise OneTimeTokenRefused
    return user_id
