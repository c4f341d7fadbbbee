"""Clients of a fake peer."""

from contextlib import AbstractAsyncContextManager

import httpx2
from prometheus_client import CollectorRegistry

from libs.clock.clock import Clock
from libs.http.client import Peer, service_http_client
from libs.http.credentials import Credentials
from libs.http.metrics import CallMetrics
from libs.http.settings import CallSettings
from libs.http.tests.fake_peer import FakePeer

NAME = "users"


def client_of(
    peer: FakePeer | str,
    *,
    seconds: float = 2.0,
    registry: CollectorRegistry | None = None,
    clock: Clock | None = None,
    credentials: Credentials = Credentials.NONE,
) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    """Return a client whose calls end after `seconds`."""
    url = peer if isinstance(peer, str) else peer.url
    return service_http_client(
        CallSettings(call_seconds=seconds),
        peer=Peer(name=NAME, url=url, credentials=credentials, max_response_bytes=100_000),
        metrics=CallMetrics(registry or CollectorRegistry()),
        clock=clock,
    )
