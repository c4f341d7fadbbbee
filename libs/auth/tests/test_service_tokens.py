"""Tests of libs.auth.service_tokens."""

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from libs.auth.claims import ClientId, Scope
from libs.auth.clients import ClientSecret, parse_basic
from libs.auth.errors import TokenEndpointError
from libs.auth.service_tokens import Credentials, ServiceTokens
from libs.clock.testing import FakeClock

URL = "https://auth.example.com/token"


class TokenServer:
    """A token endpoint that numbers its tokens, and fails as it is told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.requests: list[httpx2.Request] = []
        self.answer: Callable[[], httpx2.Response] = self.good
        self.http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))
        self.tokens = ServiceTokens(
            URL,
            credentials=Credentials(
                client_id=ClientId("product:service"),
                secret=ClientSecret("s e+cret"),
                scopes=[Scope("users:read"), Scope("a")],
            ),
            http=self.http,
            clock=self.clock,
        )

    def good(self) -> httpx2.Response:
        """Answer with a token for ten minutes."""
        return self.json(access_token=f"token-{len(self.requests)}")

    def json(self, **members: object) -> httpx2.Response:
        """Answer with a change to a good answer."""
        return httpx2.Response(200, json={"token_type": "Bearer", "expires_in": 600, **members})

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        return self.answer()


@pytest.fixture
def server() -> TokenServer:
    """Return a server that works."""
    return TokenServer()


async def test_it_asks_as_rfc_6749_says(server: TokenServer) -> None:
    """Basic credentials, form-encoded, and the grant in the form."""
    await server.tokens.token()
    (request,) = server.requests
    assert parse_basic(request.headers["authorization"]) == ("product:service", "s e+cret")
    assert request.content == b"grant_type=client_credentials&scope=a+users%3Aread"


async def test_one_token_serves_until_a_minute_before_its_end(server: TokenServer) -> None:
    """Then it is renewed, so that none expires on its way."""
    assert await server.tokens.token() == "token-1"
    server.clock.advance(540)
    assert await server.tokens.token() == "token-1"
    server.clock.advance(1)
    assert await server.tokens.token() == "token-2"


async def test_concurrent_calls_ask_once(server: TokenServer) -> None:
    """The others wait for the first."""
    tokens = await asyncio.gather(*(server.tokens.token() for _ in range(20)))
    assert set(tokens) == {"token-1"}
    assert len(server.requests) == 1


async def test_an_outage_is_bridged_by_the_last_token(server: TokenServer) -> None:
    """To its end and not beyond."""
    await server.tokens.token()
    server.answer = lambda: httpx2.Response(503)
    server.clock.advance(599)
    assert await server.tokens.token() == "token-1"
    server.clock.advance(1)
    with pytest.raises(TokenEndpointError, match="503"):
        await server.tokens.token()


async def test_an_outage_is_one_request_each_two_seconds(server: TokenServer) -> None:
    """A hundred calls do not queue up for one time-out after the other."""
    server.answer = _unreachable
    results = await asyncio.gather(*(server.tokens.token() for _ in range(100)), return_exceptions=True)
    assert all(isinstance(result, TokenEndpointError) for result in results)
    assert len(server.requests) == 1
    server.answer = server.good
    server.clock.advance(2)
    assert await server.tokens.token() == "token-2"


def _unreachable() -> httpx2.Response:
    raise httpx2.ConnectError("refused")


@pytest.mark.parametrize(
    "answer",
    [
        _unreachable,
        lambda: httpx2.Response(401, json={"error": "invalid_client"}),
        lambda: httpx2.Response(302, headers={"Location": "https://evil.example"}),
        lambda: httpx2.Response(200, content=b"token"),
        lambda: httpx2.Response(200, json={}),
        lambda: TokenServer().json(access_token=1),
        lambda: TokenServer().json(access_token="a", token_type="mac"),
        lambda: TokenServer().json(access_token="a", expires_in="600"),
        lambda: TokenServer().json(access_token="a", expires_in=0),
    ],
)
async def test_anything_but_a_bearer_token_is_an_error(
    server: TokenServer, answer: Callable[[], httpx2.Response]
) -> None:
    """The error names the endpoint or the fault, and never the secret."""
    server.answer = answer
    with pytest.raises(TokenEndpointError) as caught:
        await server.tokens.token()
    assert str(caught.value)
    assert "s e+cret" not in str(caught.value)


async def test_httpx_puts_the_token_on_a_call(server: TokenServer) -> None:
    """`auth=` is all that a client of another service needs."""
    answer = await server.http.get("https://users.example.com/", auth=server.tokens)
    assert answer.request.headers["authorization"] == "Bearer token-1"


def test_printing_the_credentials_does_not_show_the_secret() -> None:
    """A repr ends up in logs."""
    assert "canary" not in repr(Credentials(client_id=ClientId("a"), secret=ClientSecret("canary")))
