"""Limits on attempts to guess passwords that do not let a stranger lock the owner of an account out.

A limit on the account alone would let a stranger keep the owner from logging in. So attempts are counted for the pair
of account and network, and for the network; neither affects an owner in another network. The number of guesses that a
botnet has left is small compared with passwords of at least 15 characters that are on no list.
"""

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItemPerSecond

from libs.auth.counters import AttemptCounters
from libs.auth.errors import Throttled

_IPV6_SITE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The maximum of `attempts` in a window of `seconds`, which begins with the first attempt."""

    attempts: int
    seconds: int


PER_ACCOUNT = Limit(attempts=5, seconds=300)
"""For one account from one network."""
PER_NETWORK = Limit(attempts=50, seconds=300)
"""For all accounts from one network."""


class AttemptThrottle:
    """Limits attempts of one kind, such as logins, by account and network and by network."""

    def __init__(
        self,
        counters: AttemptCounters,
        *,
        kind: str,
        per_account: Limit = PER_ACCOUNT,
        per_network: Limit = PER_NETWORK,
        on_rejected: Callable[[str, str, str], None] | None = None,
    ) -> None:
        """Count in `counters`; attempts of another `kind` count apart.

        `on_rejected` is called with the kind, the account and the address of each rejected attempt.
        """
        self._counters = counters
        self._kind = kind
        self._on_rejected = on_rejected
        self._account = RateLimitItemPerSecond(per_account.attempts, per_account.seconds, f"{kind}-account")
        self._network = RateLimitItemPerSecond(per_network.attempts, per_network.seconds, f"{kind}-network")

    async def acquire(self, account: str, address: str) -> None:
        """Count an attempt. Call it before a password is hashed, so that concurrent attempts all count.

        Raises:
            Throttled: there were too many, with the seconds to wait.
        """
        wait = await self._counters.acquire(self._network, _network_key(address))
        if wait == 0:
            wait = await self._counters.acquire(self._account, _account_key(account, address))
            if wait > 0:
                # Otherwise retries on one account would use up the attempts of the whole network.
                await self._counters.refund(self._network, _network_key(address))
        if wait > 0:
            if self._on_rejected is not None:
                self._on_rejected(self._kind, account, address)
            raise Throttled(retry_after=wait)

    async def reset(self, account: str, address: str) -> None:
        """Forget what was counted for this account from this network, after a success.

        The network gets back this one attempt and no more, so that many users of one network can log in at the same
        time, while a successful login allows no further guesses at other accounts.
        """
        await self._counters.clear(self._account, _account_key(account, address))
        await self._counters.refund(self._network, _network_key(address))

    async def refund(self, account: str, address: str) -> None:
        """Do not count this one attempt: no password was compared."""
        await self._counters.refund(self._account, _account_key(account, address))
        await self._counters.refund(self._network, _network_key(address))


def network_of(address: str) -> str:
    """Return the network that one party can be expected to hold: an IPv4 address, or an IPv6 /64.

    Other text is returned as it is.
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


def _network_key(address: str) -> str:
    return _digest(network_of(address))


def _account_key(account: str, address: str) -> str:
    return _digest(f"{network_of(address)} {account}")


def _digest(text: str) -> str:
    """Return a key of fixed length, so that a shared store holds no email or network address."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
