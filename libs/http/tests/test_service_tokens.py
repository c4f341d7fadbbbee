"""The service's own token is fetched once, used to its end, and replaced after 401."""

import asyncio
import base64
from collections.abc import Callable

import httpx2
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from libs.clock.testing import FakeClock
from libs.http.credentials import ServiceTokenTransport
from libs.http.errors import CredentialsUnavailable
from libs.http.service_tokens import ClientCredentials, ServiceTokens, open_service_tokens
from libs.http.settings import CallSettings

URL = "https://auth.example/oauth/token"


class TokenServer(httpx2.AsyncBaseTransport):
    """A token endpoint that numbers its tokens."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.requests: list[httpx2.Request] = []
        self.answer: Callable[[], httpx2.Response] = self.good
        credentials = ClientCredentials(token_url=URL, client_id="product:service", secret="s e+cret")
        self.tokens = ServiceTokens(credentials, http=self, clock=self.clock)

    def good(self) -> httpx2.Response:
        """Answer with a token for ten minutes."""
        return answer_with(access_token=f"token-{len(self.requests)}")

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        self.requests.append(request)
        await asyncio.sleep(0.01)
        return self.answer()


def answer_with(**members: object) -> httpx2.Response:
    """Return a good answer with a change."""
    return httpx2.Response(200, json={"token_type": "Bearer", "expires_in": 600, **members})


def _unreachable() -> httpx2.Response:
    raise httpx2.ConnectError("refused")


@pytest.fixture
def server() -> TokenServer:
    """Return a server that works."""
    return TokenServer()


async def test_the_request_is_that_of_rfc_6749(server: TokenServer) -> None:
    """The request has form-encoded Basic credentials and the grant type in the form."""
    await server.tokens.token()
    (request,) = server.requests
    scheme, _, encoded = request.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"product%3Aservice:s+e%2Bcret")
    assert request.content == b"grant_type=client_credentials"


async def test_a_token_is_renewed_in_the_background_in_its_last_minute(server: TokenServer) -> None:
    """During the renewal, calls use the old token."""
    assert await server.tokens.token() == "token-1"
    server.clock.advance(540)
    assert await server.tokens.token() == "token-1"
    assert len(server.requests) == 1
    server.clock.advance(1)
    assert await server.tokens.token() == "token-1"
    await asyncio.sleep(0.1)
    assert await server.tokens.token() == "token-2"


async def test_concurrent_calls_cause_one_fetch(server: TokenServer) -> None:
    """Concurrent calls wait for one fetch, which continues if the call that started it is cancelled."""
    first = asyncio.create_task(server.tokens.token())
    others = [asyncio.create_task(server.tokens.token()) for _ in range(50)]
    await asyncio.sleep(0)
    first.cancel()
    assert set(await asyncio.gather(*others)) == {"token-1"}
    assert len(server.requests) == 1


async def test_the_last_token_is_used_to_its_end_during_an_outage(server: TokenServer) -> None:
    """During an outage the last token is used until it expires, and not longer."""
    await server.tokens.token()
    server.answer = lambda: httpx2.Response(503)
    server.clock.advance(599)
    assert await server.tokens.token() == "token-1"
    await asyncio.sleep(0.1)
    server.clock.advance(1)
    with pytest.raises(CredentialsUnavailable, match="503"):
        await server.tokens.token()


async def test_an_outage_is_one_request_each_two_seconds(server: TokenServer) -> None:
    """During an outage a hundred calls do not each wait for a timeout."""
    server.answer = _unreachable
    results = await asyncio.gather(*(server.tokens.token() for _ in range(100)), return_exceptions=True)
    assert all(isinstance(result, CredentialsUnavailable) for result in results)
    with pytest.raises(CredentialsUnavailable):
        await server.tokens.token()
    assert len(server.requests) == 1
    server.answer = server.good
    server.clock.advance(2)
    assert await server.tokens.token() == "token-2"


@pytest.mark.parametrize(
    "answer",
    [
        _unreachable,
        lambda: httpx2.Response(401, json={"error": "invalid_client"}),
        lambda: httpx2.Response(302, headers={"Location": "https://evil.example"}),
        lambda: httpx2.Response(200, content=b"token"),
        lambda: httpx2.Response(200, content=b"[" * 60_000),
        lambda: httpx2.Response(200, content=b" " * 70_000),
        lambda: httpx2.Response(200, json={}),
        lambda: answer_with(access_token=1),
        lambda: answer_with(access_token="a\r\nb"),
        lambda: answer_with(access_token="a", token_type="mac"),
        lambda: answer_with(access_token="a", expires_in="600"),
        lambda: answer_with(access_token="a", expires_in=0),
    ],
)
async def test_anything_but_a_bearer_token_is_an_error(
    server: TokenServer, answer: Callable[[], httpx2.Response]
) -> None:
    """Any other response is CredentialsUnavailable, without the secret in its message."""
    server.answer = answer
    with pytest.raises(CredentialsUnavailable, match=r"^token endpoint: .") as caught:
        await server.tokens.token()
    assert "cret" not in str(caught.value)


class Peer(httpx2.AsyncBaseTransport):
    """A peer that accepts some tokens."""

    def __init__(self, *accepted: str) -> None:
        self.tokens: list[str] = []
        self._accepted = accepted

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        return httpx2.Response(200 if token in self._accepted else 401)


async def call(server: TokenServer, peer: Peer) -> int:
    """Make one call; return the status."""
    transport = ServiceTokenTransport(peer, peer="users", tokens=server.tokens)
    return (await transport.handle_async_request(httpx2.Request("POST", "http://users/"))).status_code


async def test_a_rejected_token_is_replaced_once(server: TokenServer) -> None:
    """After 401, a new token is fetched and the call is repeated once."""
    assert await call(server, Peer("token-1")) == 200
    server.clock.advance(5)
    rotated = Peer("token-2")
    assert await call(server, rotated) == 200
    assert rotated.tokens == ["token-1", "token-2"]


async def test_a_peer_that_rejects_all_tokens_causes_a_fetch_each_five_seconds(server: TokenServer) -> None:
    """If a peer rejects every token, at most one token is fetched in five seconds."""
    peer = Peer()
    assert [await call(server, peer) for _ in range(20)] == [401] * 20
    assert (len(peer.tokens), len(server.requests)) == (20, 1)
    server.clock.advance(5)
    assert await call(server, peer) == 401
    assert peer.tokens[20:] == ["token-1", "token-2"]


async def test_a_rejected_token_is_used_while_no_other_can_be_had(server: TokenServer) -> None:
    """If no new token is available, the 401 is returned and the old token is kept for other peers."""
    peer = Peer()
    await server.tokens.token()
    server.clock.advance(5)
    server.answer = _unreachable
    assert await call(server, peer) == 401
    assert peer.tokens == ["token-1"]


async def test_without_a_secret_calls_are_off_and_the_log_says_so_once() -> None:
    """Without a client secret the service starts, with one warning in the log."""
    with capture_logs() as lines:
        async with open_service_tokens(CallSettings()) as tokens:
            transport = ServiceTokenTransport(Peer(), peer="users", tokens=tokens)
            for _ in range(3):
                with pytest.raises(CredentialsUnavailable, match="no client secret"):
                    await transport.handle_async_request(httpx2.Request("GET", "http://users/"))
    assert [line["event"] for line in lines] == ["calls that need a service token are off"]


async def test_settings_make_the_tokens() -> None:
    """Nothing is fetched before the first call."""
    settings = CallSettings(client_id="a", client_secret=SecretStr("b"))
    async with open_service_tokens(settings) as tokens:
        assert isinstance(tokens, ServiceTokens)


def test_the_representation_of_credentials_has_no_secret() -> None:
    """The `repr` of the credentials, which may be logged, has no secret."""
    assert "canary" not in repr(ClientCredentials(token_url=URL, client_id="a", secret="canary"))
