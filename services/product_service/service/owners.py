"""Display names of owners, from the user service."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from libs.api_client.errors import ApiError
from libs.clock.clock import Clock
from libs.db.sessions import SessionFactory
from libs.events.inbox import applied_versions
from services.product_service.models import OwnerId, OwnerName
from services.product_service.schemas.products import UUID
from services.user_service.client import UserServiceClient

CACHE_SECONDS: Final = 60.0
MAX_CACHED: Final = 10_000
MAX_IDS: Final = 100
"""Most ids of one request to the user service."""

_USER = re.compile(UUID)

Versions: TypeAlias = Callable[[Collection[OwnerId]], Awaitable[Mapping[str, int]]]
"""Returns the newest version of each owner that events have reported; those without such an event are left out."""


def owner_versions(sessions: SessionFactory) -> Versions:
    """Return the versions by the events that any replica of this service has applied."""

    async def versions(owners: Collection[OwnerId]) -> Mapping[str, int]:
        async with sessions.read() as session:
            return await applied_versions(session, owners, consumer="product_service", aggregate="user_service.user")

    return versions


@dataclass(frozen=True, slots=True)
class _Cached:
    """A name, and the newest version of its user that events had reported when it was fetched; None for no event."""

    owner: OwnerName
    version: int | None
    expires_at: float


class OwnerNames:
    """Looks up names in batches and caches them for a minute, as well as the absence of a user.

    A name is dropped earlier when an event reports a newer version of its user. The version is read before a name is
    fetched, so an event that arrives during the fetch drops the name as well.
    """

    def __init__(self, users: UserServiceClient | None, clock: Clock, *, versions: Versions) -> None:
        """Without `users` every name of a user is unavailable."""
        self._users = users
        self._clock = clock
        self._versions = versions
        # In the order of expiry, since all entries have the same lifetime.
        self._cache: dict[OwnerId, _Cached] = {}

    async def find(self, owners: Collection[OwnerId]) -> Mapping[OwnerId, OwnerName]:
        """Return the name of each owner. A name that the user service does not give in time is unavailable."""
        # Services own products too, and have no display name.
        names = {owner: OwnerName.missing() for owner in owners}
        wanted = [owner for owner in names if _USER.fullmatch(owner)]
        if self._users is None or not wanted:
            return {**names, **dict.fromkeys(wanted, OwnerName.unavailable())}
        versions = await self._versions(wanted)
        self._remove_expired()
        current = {
            owner: self._cache[owner].owner
            for owner in wanted
            if owner in self._cache and self._cache[owner].version == versions.get(owner)
        }
        names |= current
        wanted = [owner for owner in wanted if owner not in current]
        for start in range(0, len(wanted), MAX_IDS):
            try:
                names |= await self._fetch(self._users, wanted[start : start + MAX_IDS], versions)
            except ApiError:
                # libs/http has logged and counted it. Further requests would probably fail too, after the same wait.
                names |= dict.fromkeys(wanted[start:], OwnerName.unavailable())
                break
        return names

    async def _fetch(
        self, users: UserServiceClient, owners: Sequence[OwnerId], versions: Mapping[str, int]
    ) -> Mapping[OwnerId, OwnerName]:
        directory = await users.read_directory(id=list(owners))
        found = {user.id: OwnerName.known(user.name) for user in directory.users}
        names = {owner: found.get(owner, OwnerName.missing()) for owner in owners}
        expires_at = self._clock.monotonic() + CACHE_SECONDS
        for owner, name in names.items():
            self._cache.pop(owner, None)
            self._cache[owner] = _Cached(name, versions.get(owner), expires_at)
        return names

    def _remove_expired(self) -> None:
        now, excess = self._clock.monotonic(), len(self._cache) - MAX_CACHED
        for number, (owner, cached) in enumerate(tuple(self._cache.items())):
            if number >= excess and cached.expires_at > now:
                break
            del self._cache[owner]
