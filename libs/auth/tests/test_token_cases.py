"""The table of wrong tokens, tried on the verifier and on a service."""

import socket
from dataclasses import replace
from itertools import permutations
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI

from libs.auth import jws
from libs.auth.claims import Claims
from libs.auth.errors import InvalidToken
from libs.auth.fastapi import Authenticator, requires
from libs.auth.signatures import Algorithm, KeyId, SigningKey, VerificationKey
from libs.auth.testing import AUDIENCE, ISSUER, InvalidTokenFactory, MemoryKeys, TokenFactory, new_key
from libs.auth.tests.lifespans import authenticating
from libs.auth.tests.token_cases import Make, cases_for
from libs.auth.verifier import Verifier

ANSWER = (401, 'Bearer error="invalid_token"', {"detail": "A valid access token is required."})


class KnownKeys:
    """A key source that records the requested names."""

    def __init__(self, *keys: VerificationKey) -> None:
        self.keys = {key.key_id: key for key in keys}
        self.asked: list[KeyId] = []

    def generation(self) -> int:
        """Say that nothing ever changes."""
        return 0

    async def find(self, key_id: KeyId) -> VerificationKey | None:
        """Note the name and look it up."""
        self.asked.append(key_id)
        return self.keys.get(key_id)


TABLE = {
    f"{algorithm}: {name}": (algorithm, make) for algorithm in Algorithm for name, make in cases_for(algorithm).items()
}


@pytest.fixture(scope="session")
def keys() -> dict[Algorithm, SigningKey]:
    """Return a key for each algorithm, once per session: making an RSA key takes as long as the rest of a test."""
    return {algorithm: new_key(algorithm=algorithm) for algorithm in Algorithm}


@pytest.fixture(scope="session")
def mints(keys: dict[Algorithm, SigningKey]) -> dict[Algorithm, TokenFactory]:
    """Return one issuer per algorithm. All cases share it, so no case may change the state of its verifier."""
    return {algorithm: TokenFactory(store=MemoryKeys([key])) for algorithm, key in keys.items()}


@pytest.fixture(params=list(Algorithm))
def factory(request: pytest.FixtureRequest, mints: dict[Algorithm, TokenFactory]) -> TokenFactory:
    """Return the issuer of one algorithm; the test runs once per algorithm."""
    return mints[request.param]


async def test_the_default_of_the_forge_is_good(factory: TokenFactory) -> None:
    """Otherwise every case below would pass for the wrong reason."""
    invalid_tokens = InvalidTokenFactory(factory)
    assert (await factory.verifier.verify(invalid_tokens.token())).subject == "user-1"
    assert (await factory.verifier.verify(invalid_tokens.token(header={"typ": "application/at+jwt"}))).scopes
    assert (await factory.verifier.verify(invalid_tokens.token(payload={"nbf": invalid_tokens.payload["iat"]}))).scopes


@pytest.mark.parametrize(("algorithm", "make"), TABLE.values(), ids=TABLE)
async def test_a_wrong_token_is_refused(
    mints: dict[Algorithm, TokenFactory], algorithm: Algorithm, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No case is accepted, opens a socket, or makes the verifier look up a key but these two."""
    factory = mints[algorithm]
    token = make(InvalidTokenFactory(factory))
    keys = KnownKeys(factory.keys.signing_key().public)
    verifier = Verifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=factory.clock)
    monkeypatch.setattr(socket, "socket", None)
    for _ in range(2):
        with pytest.raises(InvalidToken):
            await verifier.verify(token)
    assert set(keys.asked) <= {"test-key", "unknown"}


@pytest.mark.parametrize(("signs", "named"), list(permutations(Algorithm, 2)))
async def test_a_key_vouches_for_its_own_name_and_algorithm_alone(
    keys: dict[Algorithm, SigningKey], signs: Algorithm, named: Algorithm
) -> None:
    """With keys of all algorithms trusted, no key can sign under the name or algorithm of another."""
    factory = TokenFactory(store=MemoryKeys([keys[signs]]))
    trusted = [replace(key.public, key_id=KeyId(algorithm)) for algorithm, key in keys.items()]
    verifier = Verifier(KnownKeys(*trusted), issuer=ISSUER, audience=AUDIENCE, clock=factory.clock)
    invalid_tokens = InvalidTokenFactory(factory)
    await verifier.verify(invalid_tokens.token(header={"kid": signs.value}))
    for kid, alg in ((named, signs), (named, named), (signs, named)):
        with pytest.raises(InvalidToken, match=r"alg|signature"):
            await verifier.verify(invalid_tokens.token(header={"kid": kid.value, "alg": alg.value}))


async def test_all_wrong_tokens_get_one_answer(factory: TokenFactory) -> None:
    """Status, challenge and body do not contain the reason."""
    app = FastAPI(lifespan=authenticating(Authenticator(factory.verifier)))

    @app.get("/")
    async def root(_: Annotated[Claims, requires()]) -> None: ...

    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        for name, make in cases_for(factory.keys.signing_key().public.algorithm).items():
            value = b"Bearer " + make(InvalidTokenFactory(factory)).encode("utf-8", "surrogatepass")
            answer = await client.get("/", headers=[(b"authorization", value)])
            seen = (answer.status_code, answer.headers["www-authenticate"], answer.json())
            assert seen == ANSWER, name


async def test_a_long_token_is_refused_before_it_is_decoded(
    factory: TokenFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoding 850 KiB would hold the event loop for 30 ms."""
    monkeypatch.setattr(jws, "decode_base64url", None)
    with pytest.raises(InvalidToken, match="8 KiB"):
        await factory.verifier.verify("a" * 8193)
