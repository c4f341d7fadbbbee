"""The HTTP client for calls to other services."""

import httpx2

from libs.web.telemetry import Telemetry


def open_http_client(telemetry: Telemetry) -> httpx2.AsyncClient:
    """Return a client whose requests are part of the trace in progress. The caller closes it."""
    client = httpx2.AsyncClient()
    telemetry.instrument(client)
    return client
