"""Slowing down who guesses passwords, without a way to lock somebody else out.

A limit on the account alone lets a stranger keep its owner from logging in. So failures count for
the pair of account and network, and for the network alone; an owner elsewhere is not touched by
either. What a botnet can still try is small against 15 characters that are on no list.
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from libs.auth.errors import Throttled
from libs.clock.clock import Clock

_IPV6_SITE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`burst` attempts at once, then one each `seconds`."""

    burst: int
    seconds: float


PER_ACCOUNT = Allowance(burst=5, seconds=60)
PER_NETWORK = Allowance(burst=50, seconds=6)


class LoginThrottle(Protocol):
    """What a login asks before it hashes anything."""

    async def acquire(self, account: str, address: str) -> None:
        """Count an attempt; `Throttled` with the seconds to wait when there were too many."""
        ...

    async def reset(self, account: str, address: str) -> None:
        """Take back what was counted for this account from this address: it was the owner."""
        ...

    async def refund(self, account: str, address: str) -> None:
        """Take back this one attempt: no password was looked at."""
        ...


class MemoryThrottle:
    """A `LoginThrottle` in this process: two bounded tables of token buckets."""

    def __init__(
        self,
        *,
        clock: Clock,
        per_account: Allowance = PER_ACCOUNT,
        per_network: Allowance = PER_NETWORK,
        max_entries: int = 100_000,
    ) -> None:
        """`max_entries` bounds each table; the entry that was used longest ago goes first."""
        self._clock = clock
        self._accounts = _Buckets(per_account, max_entries)
        self._networks = _Buckets(per_network, max_entries)

    async def acquire(self, account: str, address: str) -> None:
        """Count an attempt; `Throttled` with the seconds to wait when there were too many.

        Counted before the password is looked at, so attempts made at the same time all count.
        """
        now = self._clock.monotonic()
        network = network_of(address)
        wait = max(self._networks.take(network, now), self._accounts.take((account, network), now))
        if wait > 0:
            raise Throttled(retry_after=math.ceil(wait))

    async def reset(self, account: str, address: str) -> None:
        """Take back what was counted for this account from this address: it was the owner.

        The network gets this one attempt back and no more: an office may log in at nine o'clock, and a login of one's
        own buys no guesses at others.
        """
        network = network_of(address)
        self._accounts.forget((account, network))
        self._networks.give_back(network)

    async def refund(self, account: str, address: str) -> None:
        """Take back this one attempt: no password was looked at."""
        network = network_of(address)
        self._accounts.give_back((account, network))
        self._networks.give_back(network)


def network_of(address: str) -> str:
    """Return what one party can be expected to hold: an IPv4 address, or an IPv6 /64.

    Other text stands for itself.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), _IPV6_SITE), strict=False))


class _Buckets:
    """Token buckets, each kept as the time at which it is full again (generic cell rate)."""

    def __init__(self, allowance: Allowance, max_entries: int) -> None:
        self._interval = allowance.seconds
        self._capacity = allowance.burst * allowance.seconds
        self._max_entries = max_entries
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: Hashable, now: float) -> float:
        """Take one attempt and return 0, or return the seconds until there is one."""
        # One number says all: a full bucket is one whose time has passed, an empty one is `capacity` ahead.
        full_at = max(self._full_at.get(key, now), now) + self._interval
        wait = full_at - now - self._capacity
        if wait > 0:
            return wait
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._max_entries:
            self._full_at.popitem(last=False)
        return 0.0

    def give_back(self, key: Hashable) -> None:
        """Undo one `take`."""
        if key in self._full_at:
            self._full_at[key] -= self._interval

    def forget(self, key: Hashable) -> None:
        """Undo every `take`."""
        self._full_at.pop(key, None)
