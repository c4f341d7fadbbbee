"""Tests of libs.auth.jwks."""

import asyncio
import gzip
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from libs.auth.errors import InvalidKeySet, InvalidToken, KeyUnavailable
from libs.auth.jwks import FetchPolicy, JwksClient, parse_jwks
from libs.auth.signatures import Algorithm, KeyId
from libs.auth.strict_json import encode_base64url
from libs.auth.testing import AUDIENCE, ISSUER, InvalidTokenFactory, MemoryKeys, TokenFactory, new_key, new_ring
from libs.auth.verifier import Verifier
from libs.clock.testing import FakeClock

URL = "https://auth.example.com/jwks.json"


class JwksServer:
    """Serves the keys of a factory and counts the fetches. A test sets `answer` to make it fail."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.factory = TokenFactory(self.clock)
        self.fetches = 0
        self.answer: Callable[[], Awaitable[httpx2.Response]] = self.good
        self.client = JwksClient(
            URL,
            http=httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle)),
            clock=self.clock,
        )
        self.verifier = Verifier(self.client, issuer=ISSUER, audience=AUDIENCE, clock=self.clock)

    async def good(self) -> httpx2.Response:
        """Answer with the keys."""
        await asyncio.sleep(0)
        return httpx2.Response(200, json=self.factory.keys.to_jwks())

    async def down(self) -> httpx2.Response:
        """Refuse the connection."""
        raise httpx2.ConnectError("refused")

    async def verify(self, kid: str) -> None:
        """Present a token that names the key `kid`."""
        await self.verifier.verify(InvalidTokenFactory(self.factory).token(header={"kid": kid}))

    async def _handle(self, _: httpx2.Request) -> httpx2.Response:
        self.fetches += 1
        return await self.answer()


async def _rest() -> None:
    """Let a background fetch finish."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def server() -> JwksServer:
    """Return a server that works."""
    return JwksServer()


async def test_the_first_token_fetches_the_keys_and_the_next_does_not(server: JwksServer) -> None:
    """Keys are fetched when they are needed."""
    assert server.fetches == 0
    for _ in range(3):
        await server.verifier.verify(server.factory.token())
    assert server.fetches == 1


async def test_the_age_of_the_keys_is_that_of_the_last_fetch(server: JwksServer) -> None:
    """It is infinite before the first fetch and grows while the server does not answer."""
    assert server.client.age_seconds() == math.inf
    await server.verifier.verify(server.factory.token())
    server.factory.clock.advance(90)
    assert server.client.age_seconds() == 90


async def test_concurrent_requests_share_one_fetch(server: JwksServer) -> None:
    """A cold start under load is one fetch, and every request is served."""
    tokens = [server.factory.token() for _ in range(50)]
    await asyncio.gather(*map(server.verifier.verify, tokens))
    assert server.fetches == 1


async def test_a_flood_of_unknown_kids_makes_one_fetch_per_cooldown(server: JwksServer) -> None:
    """A thousand made-up names within half a minute cost one fetch; good tokens pass meanwhile."""
    await server.verifier.verify(server.factory.token())
    for second in range(60):
        for number in range(20):
            with pytest.raises(InvalidToken):
                await server.verify(f"unknown-{second}-{number}")
        await server.verifier.verify(server.factory.token())
        server.clock.advance(1)
    assert server.fetches == 2


async def test_names_that_wait_together_are_remembered_up_to_a_bound(server: JwksServer) -> None:
    """All callers that wait for one fetch get None for an unknown name; at most 1024 names are remembered."""
    names = [KeyId(f"unknown-{number}") for number in range(3000)]
    assert set(await asyncio.gather(*map(server.client.find, names))) == {None}
    assert server.fetches == 1
    assert len(server.client._missing) == 1024


async def test_one_unknown_kid_is_asked_for_once(server: JwksServer) -> None:
    """A name that the document lacks is not looked for again until the document is old."""
    for _ in range(5):
        with pytest.raises(InvalidToken):
            await server.verify("unknown")
        server.clock.advance(45)
    assert server.fetches == 1


async def test_a_name_unknown_during_the_cooldown_is_not_held_against_it(
    server: JwksServer,
) -> None:
    """A key that was added in an emergency, unannounced, is accepted once the cooldown is over."""
    await server.verifier.verify(server.factory.token())
    server.factory = TokenFactory(server.clock, store=MemoryKeys([new_key("emergency")]))
    token = server.factory.token()
    with pytest.raises(InvalidToken):
        await server.verifier.verify(token)
    server.clock.advance(30)
    await server.verifier.verify(token)


async def test_a_rotation_loses_no_request(server: JwksServer) -> None:
    """Tokens of the old and of the new key verify at every moment, with no fetch under way."""
    store = MemoryKeys([new_key("old")])
    server.factory = TokenFactory(server.clock, store=store)
    await server.verifier.verify(server.factory.token())
    store.keys.append(new_key("new", activates_at=server.clock.now().replace(hour=13)))
    previous = server.factory.token()
    for _ in range(150):
        server.clock.advance(60)
        token = server.factory.token()
        await server.verifier.verify(previous)
        await server.verifier.verify(token)
        await _rest()
        previous = token
    assert server.factory.keys.signing_key().key_id == "new"
    assert server.fetches < 150 / 5 + 2


async def test_known_keys_outlive_their_server(server: JwksServer) -> None:
    """While the key server is down, tokens verify with the keys of up to a day ago."""
    await server.verifier.verify(server.factory.token())
    server.answer = server.down
    for _ in range(23):
        server.clock.advance(3600)
        await server.verifier.verify(server.factory.token())
        await _rest()
    server.clock.advance(2 * 3600)
    with pytest.raises(KeyUnavailable):
        await server.verifier.verify(server.factory.token())


async def test_without_any_keys_the_fault_is_not_the_callers(server: JwksServer) -> None:
    """Before the first fetch has succeeded no token is called invalid; the retry is soon."""
    server.answer = server.down
    assert not await server.client.ready()
    with pytest.raises(KeyUnavailable):
        await server.verifier.verify(server.factory.token())
    assert server.fetches == 1
    server.answer = server.good
    server.clock.advance(1)
    await server.verifier.verify(server.factory.token())


async def test_a_fetch_that_fails_says_nothing_of_a_name(server: JwksServer) -> None:
    """After an outage of the server, the next request gets the keys, also for the token of a new key."""
    token, server.answer = server.factory.token(), server.down
    with pytest.raises(KeyUnavailable):
        await server.verifier.verify(token)
    server.answer = server.good
    server.clock.advance(2)
    await server.verifier.verify(token)
    server.answer = server.down
    server.clock.advance(31)
    assert await server.client.find(KeyId("new")) is None
    fetches = server.fetches
    server.clock.advance(31)
    assert await server.client.find(KeyId("new")) is None
    assert server.fetches == fetches + 1


async def test_a_removed_key_empties_the_cache(server: JwksServer) -> None:
    """A key taken out of the document stops verifying at the next refresh, cached tokens too."""
    token = server.factory.token()
    await server.verifier.verify(token)
    server.factory.keys = new_ring(new_key("other"), clock=server.clock)
    server.clock.advance(301)
    await server.verifier.verify(token)
    await _rest()
    with pytest.raises(InvalidToken):
        await server.verifier.verify(token)


async def test_a_caller_that_gives_up_does_not_stop_the_fetch(server: JwksServer) -> None:
    """The fetch continues for the other callers that wait for it."""
    gate = asyncio.Event()

    async def slow() -> httpx2.Response:
        await gate.wait()
        return await server.good()

    server.answer = slow
    impatient = asyncio.create_task(server.verifier.verify(server.factory.token()))
    patient = asyncio.create_task(server.verifier.verify(server.factory.token()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()
    gate.set()
    assert (await patient).subject == "user-1"
    assert server.fetches == 1


async def test_a_slow_server_is_given_up(server: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch has an end, however slowly the bytes drip."""
    monkeypatch.setattr(server.client, "_policy", FetchPolicy(timeout=0.05))

    async def dripping() -> httpx2.Response:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(100):
                await asyncio.sleep(0.01)
                yield b" "
            yield json.dumps(server.factory.keys.to_jwks()).encode()

        return httpx2.Response(200, content=body())

    server.answer = dripping
    assert not await server.client.ready()


async def test_an_endless_document_is_cut_off(server: JwksServer) -> None:
    """At most 64 KiB are read."""
    sent = 0

    async def endless() -> httpx2.Response:
        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            while sent < 10_000_000:
                sent += 4096
                yield b" " * 4096

        return httpx2.Response(200, content=body())

    server.answer = endless
    assert not await server.client.ready()
    assert sent <= 64 * 1024 + 2 * 4096


async def test_a_compressed_document_is_not_unpacked(server: JwksServer) -> None:
    """The client does not ask for compression, and 64 KiB could unpack to any size."""

    async def compressed() -> httpx2.Response:
        body = gzip.compress(json.dumps(server.factory.keys.to_jwks()).encode())
        return httpx2.Response(200, content=body, headers={"Content-Encoding": "gzip"})

    server.answer = compressed
    assert not await server.client.ready()


@pytest.mark.parametrize("status", [204, 302, 304, 404, 500])
async def test_only_200_is_a_key_set(server: JwksServer, status: int) -> None:
    """A redirect is not followed, regardless of its target."""

    async def answer() -> httpx2.Response:
        return httpx2.Response(status, json=server.factory.keys.to_jwks(), headers={"Location": "https://evil.example"})

    server.answer = answer
    assert not await server.client.ready()
    assert server.fetches == 1


def rsa_jwk(*, bits: int, exponent: int) -> dict[str, Any]:
    """Return a public key that the primitives take and we do not."""
    numbers = rsa.generate_private_key(exponent, bits).public_key().public_numbers()
    n, e = (encode_base64url(value.to_bytes((value.bit_length() + 7) // 8, "big")) for value in (numbers.n, numbers.e))
    return {"kty": "RSA", "n": n, "e": e, "kid": f"rsa-{bits}-{exponent}"}


GOOD = new_key("good").public.to_jwk()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": 5}',
        b'{"keys": null}',
        b'{"keys": [1, "a", null]}',
        b"\xef\xbb\xbf" + json.dumps({"keys": [GOOD]}).encode(),
        json.dumps({"keys": [GOOD]}).encode("utf-16"),
        b'{"keys": [], "keys": [' + json.dumps(GOOD).encode() + b"]}",
        json.dumps({"keys": [GOOD, GOOD]}).encode(),
        json.dumps({"keys": [{**GOOD, "kid": 7}]}).encode(),
        json.dumps({"keys": [{**GOOD, "x": "AA"}]}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_document_without_usable_keys_is_refused(document: bytes) -> None:
    """A document that is not a valid JWK Set changes nothing."""
    with pytest.raises(InvalidKeySet):
        parse_jwks(document)


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"},
        {**GOOD, "kid": "b", "use": "enc"},
        {**GOOD, "kid": "c", "alg": "HS256"},
        {**GOOD, "kid": "d", "crv": "X25519"},
        {**GOOD, "kid": "e", "d": "c2VjcmV0"},
        {**GOOD, "kid": "../../etc/passwd"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "f"},
        rsa_jwk(bits=1024, exponent=65537),
        rsa_jwk(bits=2048, exponent=3),
        {"kty": ["RSA"], "kid": "g"},
    ],
)
def test_a_key_that_we_do_not_verify_with_is_passed_over(entry: dict[str, Any]) -> None:
    """RFC 7517 section 5: the other keys can still be used."""
    keys = parse_jwks(json.dumps({"keys": [entry, GOOD]}).encode())
    assert [key.key_id for key in keys] == ["good"]


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_public_key_survives_the_document(algorithm: Algorithm) -> None:
    """A client reads the key that a ring publishes, and the document has no private member."""
    key = new_key("some-key", algorithm=algorithm)
    document = {"keys": [key.public.to_jwk()]}
    assert not document["keys"][0].keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    (read,) = parse_jwks(json.dumps(document).encode())
    assert (read.key_id, read.algorithm) == (KeyId("some-key"), algorithm)
    assert read.verifies(b"message", key.sign(b"message"))
    assert not read.verifies(b"massage", key.sign(b"message"))
