"""The base of this library's transports: each does one thing around the next one."""

from types import TracebackType
from typing import Final, Self

import httpx2

DEADLINE: Final = "deadline"
"""Request extension: the time by `time.monotonic()` at which the call ends. Set by `DeadlineTransport`."""


class WrappingTransport(httpx2.AsyncBaseTransport):
    """A transport that sends requests by another one. Subclasses override `handle_async_request`."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self.inner = inner

    async def __aenter__(self) -> Self:
        """Open the inner transport."""
        await self.inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close the inner transport."""
        await self.inner.__aexit__(exc_type, exc_value, traceback)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request by the inner transport."""
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self.inner.aclose()
