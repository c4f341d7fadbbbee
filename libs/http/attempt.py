"""One attempt of a call: the request with the rest of its time, and a response that is small enough to hold."""

import time
from typing import Final, cast

import httpx2

from libs.http.errors import BrokenResponse, ConnectionTimeout, DeadlineExceeded, PeerUnreachable, UnacceptableResponse
from libs.http.transports import DEADLINE, WrappingTransport
from libs.web.context import TIMEOUT_HEADER

_NOT_MODIFIED: Final = 304
_LEAST_MILLISECONDS: Final = 1
_MAX_REASON: Final = 200
# No cookie jar: a client is shared by the requests of all users.
_DROPPED: Final = frozenset({b"set-cookie"})


class AttemptTransport(WrappingTransport):
    """Reads the whole body of each response, and raises this library's errors in place of httpx2's.

    Making the connection has half of the time that is left, so that a retry by another address is possible.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, peer: str, url: httpx2.URL, max_bytes: int) -> None:
        """`url` is the peer's: requests to other origins are refused, since they would carry the token there."""
        super().__init__(inner)
        self._origin = _origin(url)
        self._peer = peer
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request once.

        Raises:
            DeadlineExceeded: no time is left.
            ConnectionTimeout: no connection was made in time.
            PeerUnreachable: no connection could be made.
            BrokenResponse: the response is incomplete or not HTTP.
            UnacceptableResponse: it is too large, compressed or a redirect.
            ValueError: the URL is not one of the peer's.
        """
        if _origin(request.url) != self._origin:
            raise ValueError(f"{request.url.host} is not the host of {self._peer}: use a client of that service")
        seconds = request.extensions[DEADLINE] - time.monotonic()
        if seconds <= 0:
            raise DeadlineExceeded(self._peer, "no time is left for another attempt")
        request.headers[TIMEOUT_HEADER] = str(max(_LEAST_MILLISECONDS, int(seconds * 1000)))
        request.extensions["timeout"] = {"connect": seconds / 2}
        try:
            response = await self.inner.handle_async_request(request)
            try:
                self._check(response)
                body = await self._body(response)
            finally:
                await response.aclose()
        except httpx2.ConnectTimeout as error:
            raise ConnectionTimeout(self._peer, f"no connection within {seconds / 2:.3g} s") from error
        except httpx2.ConnectError as error:
            raise PeerUnreachable(self._peer, f"no connection: {_text(error)}") from error
        except (httpx2.NetworkError, httpx2.ProtocolError) as error:
            raise BrokenResponse(self._peer, f"no complete response: {_text(error)}") from error
        headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _DROPPED]
        return httpx2.Response(response.status_code, headers=headers, stream=httpx2.ByteStream(body))

    def _check(self, response: httpx2.Response) -> None:
        if response.is_redirect and response.status_code != _NOT_MODIFIED:
            raise UnacceptableResponse(self._peer, f"status {response.status_code}, but redirects are not followed")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise UnacceptableResponse(self._peer, "compressed, so its size is not known")

    async def _body(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        # Transports return such a stream, not one of the other kind.
        async for chunk in cast("httpx2.AsyncByteStream", response.stream):
            body += chunk
            if len(body) > self._max_bytes:
                raise UnacceptableResponse(self._peer, f"larger than {self._max_bytes} bytes")
        return bytes(body)


def _origin(url: httpx2.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc


def _text(error: httpx2.TransportError) -> str:
    # It may hold what the peer has sent.
    return str(error)[:_MAX_REASON] or type(error).__name__
