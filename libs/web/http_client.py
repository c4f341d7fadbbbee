"""The HTTP client for calls to other services."""

from typing import Any, cast

import httpx2

from libs.web.telemetry import Telemetry


def open_http_client(telemetry: Telemetry) -> httpx2.AsyncClient:
    """Return a client whose requests are spans of the trace in progress, where tracing is on. The caller closes it."""
    client = httpx2.AsyncClient()
    if telemetry.provider is not None:
        from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor  # noqa: PLC0415  # not when off

        # Its annotations name httpx where that is installed too.
        HTTPX2ClientInstrumentor.instrument_client(cast("Any", client), tracer_provider=telemetry.provider)
    return client
