"""Headers that a call takes from the request in progress: its id and its trace."""

import re
from typing import Final

import httpx2

from libs.http.transports import WrappingTransport
from libs.web import context

# W3C Trace Context, section 3.2.
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_MAX_TRACESTATE: Final = 512


class PropagationTransport(WrappingTransport):
    """Sends `X-Request-ID`, and `traceparent` and `tracestate` unchanged.

    With tracing on, the transport of OpenTelemetry replaces the last two by those of its span.
    """

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request with these headers."""
        caller = context.current()
        if caller is not None:
            request.headers["X-Request-ID"] = caller.request_id
            traceparent = caller.header("traceparent")
            if traceparent is not None and _TRACEPARENT.fullmatch(traceparent):
                request.headers["traceparent"] = traceparent
                tracestate = caller.header("tracestate")
                if tracestate is not None and len(tracestate) <= _MAX_TRACESTATE:
                    request.headers["tracestate"] = tracestate
        return await self.inner.handle_async_request(request)
