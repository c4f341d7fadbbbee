"""Which names a server answers to, and whose word about a client it takes."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from libs.web.errors import StartupError

# What proxies say about a client; from anybody else it is a lie or a mistake, and is taken out.
FORWARDING_FIELDS: Final = frozenset(
    b"forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix"
    b" x-forwarded-proto x-forwarded-server x-real-ip".split()
)
# Probes of an orchestrator name the address of the moment as their host.
PROBED_PATHS: Final = frozenset((b"/livez", b"/readyz"))

# `uri-host [ ":" port ]` of RFC 9110 §7.2; of reg-name only what host names are made of.
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_REMEMBERED = 256


class NoAddress(StartupError):
    """A trusted proxy is named by something other than its address or network."""

    def __init__(self, entry: str) -> None:
        super().__init__(f"trusted proxy {entry!r} is neither an IP address nor a network such as 10.1.0.0/16.")
        self.entry = entry


class Hosts:
    """The hosts a server answers to; an empty list admits any host that is well-formed.

    `*.example.org` admits every name below example.org, but not example.org itself.

    Attributes:
        known: some values that were admitted, so that the usual request costs one look-up.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        names = [name.lower().encode("ascii") for name in allowed]
        self._any = not names or b"*" in names
        self._names = frozenset(names)
        self._suffixes = tuple(name[1:] for name in names if name.startswith(b"*."))
        self.known: set[bytes] = set()

    @staticmethod
    def is_valid(value: bytes) -> bool:
        """Tell whether a Host field's value has the form of RFC 9110 §7.2."""
        return _HOST.fullmatch(value) is not None

    def admits(self, value: bytes) -> bool:
        """Tell whether a Host field's value is well-formed and names one of these hosts."""
        if value in self.known:
            return True
        found = _HOST.fullmatch(value)
        admitted = found is not None and (self._any or self._lists(found[1].lower()))
        if admitted and len(self.known) < _REMEMBERED:
            self.known.add(value)
        return admitted

    def _lists(self, name: bytes) -> bool:
        return name in self._names or (bool(self._suffixes) and name.endswith(self._suffixes))


class Proxies:
    """Addresses and networks of the proxies whose X-Forwarded-* fields are believed.

    Raises:
        NoAddress: an entry is neither an address nor a network.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._networks = tuple(map(_network, trusted))

    def include(self, peer: tuple[str, int] | None) -> bool:
        """Tell whether the other end of a connection is one of them."""
        if not self._networks or peer is None:
            return False
        address = ipaddress.ip_address(peer[0])
        return any(address in network for network in self._networks)


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(entry)
    except ValueError as error:
        raise NoAddress(entry) from error
