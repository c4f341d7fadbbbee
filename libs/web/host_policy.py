"""The host names that a service accepts, and the proxies whose forwarding headers it uses."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from libs.web.problems import problem_response

_log = structlog.get_logger("libs.web")

FORWARDING_HEADERS: Final = frozenset(
    b"forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix"
    b" x-forwarded-proto x-forwarded-server x-real-ip".split()
)
"""Headers in which a proxy describes the client. They are removed from requests of other peers."""

PROBE_PATHS: Final = frozenset(("/livez", "/readyz"))
"""Paths that an orchestrator requests by the address of the pod."""

# `uri-host [ ":" port ]` of RFC 9110, section 7.2, where reg-name is limited to the characters of host names.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")


class HostMiddleware:
    """Answer requests for other hosts with 421, and requests without exactly one valid Host with 400.

    `*.example.org` allows every name below example.org, but not example.org itself. An empty list allows every
    well-formed host. RFC 9112, section 3.2; RFC 9110, sections 7.2 and 7.4.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str]) -> None:
        self.app = app
        names = [name.lower() for name in allowed_hosts]
        self._allows_any = not names or "*" in names
        self._names = frozenset(names)
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "http" and (reason := self._reason(scope)):
            status, detail = reason
            await problem_response(status, detail=detail, headers={"Connection": "close"})(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _reason(self, scope: Scope) -> tuple[int, str] | None:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if found is None:
            return 400, "A request must have exactly one valid Host."
        if not self._allows(found[1].lower()) and scope["path"] not in PROBE_PATHS:
            return 421, "This server does not serve that host."
        return None

    def _allows(self, name: str) -> bool:
        return self._allows_any or name in self._names or (bool(self._suffixes) and name.endswith(self._suffixes))


class ForwardedHeadersMiddleware:
    """Take client address and scheme from X-Forwarded-For and -Proto of trusted proxies; remove them otherwise.

    The first removal is logged: behind a proxy that is not trusted all clients share one address, and one throttle.
    """

    def __init__(self, app: ASGIApp, *, trusted_proxies: Sequence[str]) -> None:
        """`trusted_proxies` are addresses and networks, which the settings have validated."""
        self.app = app
        self._networks = tuple(map(ipaddress.ip_network, trusted_proxies))
        self._trusting_app = ProxyHeadersMiddleware(app, trusted_hosts=list(trusted_proxies))  # type: ignore[arg-type]
        self._has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "http":
            scope["client"] = _without_mapping(scope["client"])
        if scope["type"] != "http" or FORWARDING_HEADERS.isdisjoint(name for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
        elif self._is_trusted(scope["client"]):
            await self._trusting_app(scope, receive, send)  # type: ignore[arg-type]
        else:
            self._warn(scope["client"])
            kept = [header for header in scope["headers"] if header[0] not in FORWARDING_HEADERS]
            await self.app({**scope, "headers": kept}, receive, send)

    def _is_trusted(self, peer: tuple[str, int] | None) -> bool:
        if not self._networks or peer is None:
            return False
        address = ipaddress.ip_address(peer[0])
        return any(address in network for network in self._networks)

    def _warn(self, peer: tuple[str, int] | None) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning(
                "forwarding headers of an untrusted peer are ignored; if it is your proxy, name it in TRUSTED_PROXIES",
                peer=peer[0] if peer else None,
            )


def _without_mapping(peer: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return an IPv4 client as such where the server listens on IPv6 too (RFC 4291, section 2.5.5.2)."""
    prefix = "::ffff:"
    return (peer[0].removeprefix(prefix), peer[1]) if peer and "." in peer[0] and peer[0].startswith(prefix) else peer
