"""Display names of owners, from the user service."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from libs.api_client.errors import ApiError
from libs.clock.clock import Clock
from services.product_service.models import OwnerId, OwnerName
from services.product_service.schemas.products import UUID
from services.user_service.client import UserServiceClient

CACHE_SECONDS: Final = 60.0
MAX_CACHED: Final = 10_000
MAX_IDS: Final = 100
"""Most ids of one request to the user service."""

_USER = re.compile(UUID)


@dataclass(frozen=True, slots=True)
class _Cached:
    owner: OwnerName
    expires_at: float


class OwnerNames:
    """Looks up names in batches and keeps them for a minute, also that there is no such user."""

    def __init__(self, users: UserServiceClient | None, clock: Clock) -> None:
        """Without `users` every name of a user is unavailable."""
        self._users = users
        self._clock = clock
        # In the order of expiry, since every entry lives equally long.
        self._cache: dict[OwnerId, _Cached] = {}

    async def find(self, owners: Collection[OwnerId]) -> Mapping[OwnerId, OwnerName]:
        """Return the name of each owner. A name that the user service does not give in time is unavailable."""
        self._remove_expired()
        # Services own products too, and have no display name.
        names = {owner: OwnerName.missing() for owner in owners}
        names |= {owner: self._cache[owner].owner for owner in names if owner in self._cache}
        wanted = [owner for owner in names if owner not in self._cache and _USER.fullmatch(owner)]
        if self._users is None:
            return {**names, **dict.fromkeys(wanted, OwnerName.unavailable())}
        for start in range(0, len(wanted), MAX_IDS):
            try:
                names |= await self._fetch(self._users, wanted[start : start + MAX_IDS])
            except ApiError:
                # libs/http has logged and counted it. Further requests would fail alike, after as long a wait.
                names |= dict.fromkeys(wanted[start:], OwnerName.unavailable())
                break
        return names

    async def _fetch(self, users: UserServiceClient, owners: Sequence[OwnerId]) -> Mapping[OwnerId, OwnerName]:
        directory = await users.read_directory(id=list(owners))
        found = {user.id: OwnerName.known(user.name) for user in directory.users}
        names = {owner: found.get(owner, OwnerName.missing()) for owner in owners}
        expires_at = self._clock.monotonic() + CACHE_SECONDS
        for owner, name in names.items():
            self._cache.pop(owner, None)
            self._cache[owner] = _Cached(name, expires_at)
        return names

    def _remove_expired(self) -> None:
        now, excess = self._clock.monotonic(), len(self._cache) - MAX_CACHED
        for number, (owner, cached) in enumerate(tuple(self._cache.items())):
            if number >= excess and cached.expires_at > now:
                break
            del self._cache[owner]
