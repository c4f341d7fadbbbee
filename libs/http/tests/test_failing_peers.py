"""Each call ends within its deadline, with a response or with a typed error."""

import asyncio
import time

import pytest

from libs.http.errors import (
    BrokenResponse,
    CallError,
    DeadlineExceeded,
    PeerUnreachable,
    UnacceptableResponse,
)
from libs.http.tests.clients import client_of
from libs.http.tests.fake_peer import closed_port, fake_peer, full_listener

SECONDS = 0.3
# Less than the slow peers take, and long enough for a busy machine.
SLACK = 4.0

FAILURES: dict[str, type[CallError]] = {
    "/hang": DeadlineExceeded,
    "/slow": DeadlineExceeded,
    "/trickle": DeadlineExceeded,
    "/close": BrokenResponse,
    "/reset": BrokenResponse,
    "/end-early": BrokenResponse,
    "/garbage": BrokenResponse,
    "/bad-length": BrokenResponse,
    "/large-head": BrokenResponse,
    "/huge": UnacceptableResponse,
    "/endless": UnacceptableResponse,
    "/gzip": UnacceptableResponse,
    "/302": UnacceptableResponse,
}


@pytest.mark.parametrize("path", FAILURES)
async def test_a_failing_peer_is_a_typed_error_within_the_deadline(path: str) -> None:
    """The error names the peer."""
    async with fake_peer() as peer, client_of(peer, seconds=SECONDS) as client:
        began = time.monotonic()
        with pytest.raises(FAILURES[path], match=r"^users: ") as caught:
            await client.get(path)
        assert time.monotonic() - began < SECONDS + SLACK
    assert caught.value.request.url.path == path


async def test_a_dead_peer_is_unreachable() -> None:
    """A peer whose port refuses connections is PeerUnreachable."""
    async with client_of(f"http://127.0.0.1:{closed_port()}") as client:
        with pytest.raises(PeerUnreachable):
            await client.get("/ok")


async def test_a_peer_that_accepts_no_connection_is_unreachable_within_half_of_the_deadline() -> None:
    """A listener with a full queue drops the first packets, as a firewall does."""
    async with full_listener() as url, client_of(url, seconds=0.6) as client:
        began = time.monotonic()
        with pytest.raises(PeerUnreachable):
            await client.get("/ok")
        assert 0.2 < time.monotonic() - began < 0.6


@pytest.mark.parametrize("code", [500, 502, 503, 429, 304])
async def test_error_statuses_are_responses(code: int) -> None:
    """A response with an error status is returned, so that the caller can read the problem document."""
    async with fake_peer() as peer, client_of(peer, seconds=SECONDS) as client:
        assert (await client.get(f"/{code}")).status_code == code


async def test_redirects_are_not_followed_even_when_asked() -> None:
    """Redirects are not followed, because they could send the token of the request to any server."""
    async with fake_peer() as peer, client_of(peer) as client:
        with pytest.raises(UnacceptableResponse, match="redirects are not followed"):
            await client.get("/302", follow_redirects=True)
        assert peer.requests["/ok"] == 0


async def test_other_origins_get_no_request() -> None:
    """A request to another origin is refused, because it would send the token there."""
    async with fake_peer() as peer, fake_peer() as other, client_of(peer) as client:
        with pytest.raises(ValueError, match=r"127\.0\.0\.1 is not the host of users"):
            await client.get(f"{other.url}/ok")
        assert not other.requests


async def test_cookies_are_not_kept() -> None:
    """Cookies are ignored, because the requests of all users share the client."""
    async with fake_peer() as peer, client_of(peer) as client:
        response = await client.get("/cookie")
        await client.get("/ok")
        assert "set-cookie" not in response.headers
        assert "cookie" not in peer.headers["/ok"]


async def test_a_body_of_the_largest_size_is_accepted() -> None:
    """A body of the maximum size is accepted, and one more byte is an error."""
    async with fake_peer() as peer, client_of(peer) as client:
        peer.override["/large"] = lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
        peer.override["/larger"] = lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n" + b"x" * 100_001
        assert len((await client.get("/large")).content) == 100_000
        with pytest.raises(UnacceptableResponse, match="larger than 100000 bytes"):
            await client.get("/larger")


async def test_cancelling_a_call_closes_its_connection() -> None:
    """A cancelled call closes the connection, so that the peer can stop its work."""
    async with fake_peer() as peer, client_of(peer, seconds=30) as client:
        call = asyncio.create_task(client.get("/hang"))
        await asyncio.wait_for(peer.hanging.wait(), 10)
        call.cancel()
        assert await asyncio.wait_for(peer.abandoned.get(), 10) == "/hang"
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_responses_that_are_no_json_are_responses() -> None:
    """A response that is not JSON is returned; the generated client rejects it."""
    async with fake_peer() as peer, client_of(peer) as client:
        assert (await client.get("/no-json")).text == "<no>"
