"""The deadline of a call, retries and the fetch of a token included."""

import asyncio
import time

import httpx2

from libs.http.errors import CallerDisconnected, ConnectionTimeout, DeadlineExceeded
from libs.http.transports import DEADLINE, WrappingTransport
from libs.web import context


class DeadlineTransport(WrappingTransport):
    """Ends each call after `seconds`, or when the client of the request in progress stops waiting or disconnects."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, peer: str, seconds: float) -> None:
        super().__init__(inner)
        self._peer = peer
        self._seconds = seconds

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request.

        Raises:
            DeadlineExceeded: there is no response in time.
            CallerDisconnected: the client of the request in progress disconnected.
        """
        caller = context.current()
        seconds = self._seconds_for(caller)
        try:
            return await self._send(seconds, request, caller)
        except (DeadlineExceeded, ConnectionTimeout) as error:
            error.has_callers_deadline = seconds < self._seconds
            raise

    async def _send(
        self, seconds: float, request: httpx2.Request, caller: context.RequestContext | None
    ) -> httpx2.Response:
        if seconds <= 0:
            raise DeadlineExceeded(self._peer, "the deadline of the request in progress has passed")
        request.extensions[DEADLINE] = time.monotonic() + seconds
        if caller is None:
            return await self._within(seconds, request, _Cancellation(None))
        cancellation = _Cancellation(caller)
        caller.on_disconnect(cancellation)
        try:
            return await self._within(seconds, request, cancellation)
        finally:
            caller.forget_disconnect(cancellation)

    def _seconds_for(self, caller: context.RequestContext | None) -> float:
        remaining = caller.remaining_seconds() if caller is not None else None
        return self._seconds if remaining is None else min(self._seconds, remaining)

    async def _within(self, seconds: float, request: httpx2.Request, cancellation: "_Cancellation") -> httpx2.Response:
        try:
            async with asyncio.timeout(seconds) as cancellation.scope:
                return await self.inner.handle_async_request(request)
        except TimeoutError:
            if cancellation.is_requested:
                raise CallerDisconnected(self._peer, "the client of the request in progress has disconnected") from None
            raise DeadlineExceeded(self._peer, f"no response within {seconds:.3g} s") from None


class _Cancellation:
    """Ends a call, as a callback for the disconnection of the client."""

    def __init__(self, caller: context.RequestContext | None) -> None:
        self.is_requested = False
        self.scope: asyncio.Timeout | None = None
        self._caller = caller

    def __call__(self) -> None:
        # A call that outlives the response is not waited for by the client.
        if self.scope is not None and self._caller is not None and not self._caller.is_over:
            self.is_requested = True
            self.scope.reschedule(asyncio.get_running_loop().time())
