"""Tests of libs.auth.verifier; wrong tokens have their table in test_token_cases.py."""

import asyncio
import contextlib
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.auth import verifier as verifier_module
from libs.auth.claims import Claims, ClientId, Role, Scope, Subject
from libs.auth.errors import InvalidToken
from libs.auth.signatures import Algorithm, KeyId, VerificationKey
from libs.auth.testing import AUDIENCE, ISSUER, InvalidTokenFactory, MemoryKeys, TokenFactory, new_key
from libs.auth.verifier import Verifier
from libs.clock.testing import FakeClock

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+ "


class CountedKeys:
    """A key source that counts how often a key is looked for."""

    def __init__(self, factory: TokenFactory) -> None:
        self.factory = factory
        self.finds = 0

    def generation(self) -> int:
        """Ask the ring."""
        return self.factory.keys.generation()

    async def find(self, key_id: KeyId) -> VerificationKey | None:
        """Count and ask the ring."""
        self.finds += 1
        return await self.factory.keys.find(key_id)


class Counted:
    """A factory whose verifier goes through counted keys."""

    def __init__(self) -> None:
        self.store = MemoryKeys([new_key()])
        self.factory = TokenFactory(store=self.store)
        self.clock = self.factory.clock
        self.keys = CountedKeys(self.factory)
        self.verifier = Verifier(self.keys, issuer=ISSUER, audience=AUDIENCE, clock=self.clock)

    @property
    def held(self) -> list[str]:
        """Return the entries of the cache, oldest first."""
        return list(self.verifier._cache._claims)

    async def verify(self, token: str) -> Claims:
        """Verify."""
        return await self.verifier.verify(token)


@pytest.fixture
def counted() -> Counted:
    """Return a verifier whose cache is empty."""
    return Counted()


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_a_token_comes_back_as_its_claims(algorithm: Algorithm) -> None:
    """The verifier returns the claims that the issuer wrote, with each algorithm."""
    factory = TokenFactory(store=MemoryKeys([new_key(algorithm=algorithm)]))
    claims = await factory.verifier.verify(factory.token("user-7", scopes=["a:b"], roles=["admin"]))
    assert claims == Claims(
        subject=Subject("user-7"),
        issuer=ISSUER,
        audience=AUDIENCE,
        client_id=ClientId("test-client"),
        scopes=frozenset({Scope("a:b")}),
        roles=frozenset({Role("admin")}),
        token_id=claims.token_id,
        issued_at=factory.clock.now(),
        expires_at=claims.issued_at + factory.issuer.lifetime,
    )


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(("seconds", "accepted"), [(-31, False), (-30, True), (0, True), (629, True), (630, False)])
async def test_a_token_is_good_within_its_life_and_the_leeway(
    seconds: float,
    *,
    accepted: bool,
    warm: bool,
) -> None:
    """From thirty seconds before its issue to thirty after its end, cached or not."""
    factory = TokenFactory()
    token = factory.token()
    if warm and seconds > 0:
        await factory.verifier.verify(token)
    factory.clock.step(seconds)
    if accepted:
        await factory.verifier.verify(token)
    else:
        with pytest.raises(InvalidToken):
            await factory.verifier.verify(token)


async def test_fractions_of_a_second_do_not_matter() -> None:
    """A token that is issued late within a second is good at once, and for ten minutes."""
    factory = TokenFactory(FakeClock())
    factory.clock.advance(0.999)
    await factory.verifier.verify(factory.token())


async def test_a_verified_token_is_not_verified_again(counted: Counted) -> None:
    """The second use is a look-up."""
    token = counted.factory.token()
    first = await counted.verify(token)
    assert await counted.verify(token) is first
    assert counted.keys.finds == 1


async def test_the_cache_ends_at_exp(counted: Counted) -> None:
    """Within the leeway after `exp`, every use verifies the token again."""
    token = counted.factory.token()
    await counted.verify(token)
    counted.clock.advance(600)
    await counted.verify(token)
    await counted.verify(token)
    assert counted.keys.finds == 3


@pytest.mark.parametrize("life", [1, 60, 600])
@pytest.mark.parametrize(("after", "finds"), [(-1e-6, 1), (0, 2), (1e-6, 2), (29.9, 2)])
async def test_nothing_is_served_past_exp(counted: Counted, life: int, after: float, finds: int) -> None:
    """For every lifetime: the cache answers until a microsecond before `exp`; from `exp` on, the token is verified."""
    invalid_tokens = InvalidTokenFactory(counted.factory)
    token = invalid_tokens.token(payload={"exp": invalid_tokens.payload["iat"] + life})
    await counted.verify(token)
    counted.clock.advance(life + after)
    await counted.verify(token)
    assert counted.keys.finds == finds


async def test_a_rotation_empties_the_cache(counted: Counted) -> None:
    """Tokens of a key that stays are removed too: the next use verifies the token and caches only that one."""
    tokens = [counted.factory.token() for _ in range(50)]
    for token in tokens:
        await counted.verify(token)
    counted.store.keys = [*counted.store.keys, new_key("next")]
    counted.clock.advance(1)
    await counted.verify(tokens[0])
    assert (counted.keys.finds, counted.held) == (51, tokens[:1])


async def test_a_change_of_keys_empties_the_cache(counted: Counted) -> None:
    """Tokens of a removed key are rejected, even if they were verified before."""
    token = counted.factory.token()
    await counted.verify(token)
    counted.store.keys = [new_key("other")]
    counted.clock.advance(1)
    with pytest.raises(InvalidToken, match="kid"):
        await counted.verify(token)


async def test_a_change_of_keys_during_verification_is_not_cached_over(counted: Counted) -> None:
    """Claims that were verified with the old keys do not enter the cache of the new keys."""
    token = counted.factory.token()
    key = await counted.factory.keys.find(KeyId("test-key"))

    async def find_while_keys_change(_: KeyId) -> VerificationKey | None:
        counted.store.keys = [new_key("other")]
        counted.clock.advance(1)
        with pytest.raises(InvalidToken):
            await counted.verify("another.request.meanwhile")
        return key

    counted.keys.find = find_while_keys_change  # type: ignore[assignment,method-assign]
    await counted.verify(token)
    del counted.keys.find
    with pytest.raises(InvalidToken):
        await counted.verify(token)


async def test_random_tokens_do_not_enter_the_cache(counted: Counted) -> None:
    """A flood evicts nothing: the good token is still known after it."""
    token = counted.factory.token()
    await counted.verify(token)
    head = token.rpartition(".")[0]
    for _ in range(5000):
        with pytest.raises(InvalidToken):
            await counted.verify(f"{head}.{secrets.token_urlsafe(64)}")
    looked_for = counted.keys.finds
    await counted.verify(token)
    assert counted.keys.finds == looked_for


async def test_two_hundred_thousand_random_texts_leave_no_trace(counted: Counted) -> None:
    """Random text is not cached, even with the two dots of a token. A million texts would take ten seconds."""
    token = counted.factory.token()
    await counted.verify(token)
    for _ in range(100_000):
        for text in (secrets.token_hex(16), f"{secrets.token_hex(8)}.{secrets.token_hex(8)}.AAAA"):
            with contextlib.suppress(InvalidToken):
                await counted.verify(text)
    assert counted.held == [token]


async def test_a_million_verified_tokens_take_the_room_of_the_last_four_thousand(counted: Counted) -> None:
    """A client that can obtain many valid tokens cannot fill the cache's memory."""
    claims = await counted.verify(counted.factory.token())
    generation = counted.keys.generation()
    texts = [secrets.token_hex(8) for _ in range(1_000_000)]
    for text in texts:
        counted.verifier._cache.keep(text, claims, generation=generation)
    assert counted.held == texts[-verifier_module._CACHE_SIZE :]


async def test_the_cache_is_bounded(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is full, the oldest entry is evicted."""
    monkeypatch.setattr(verifier_module, "_CACHE_SIZE", 3)
    counted.verifier = Verifier(counted.keys, issuer=ISSUER, audience=AUDIENCE, clock=counted.clock)
    tokens = [counted.factory.token() for _ in range(4)]
    for token in tokens:
        await counted.verify(token)
    for token in reversed(tokens[1:]):
        await counted.verify(token)
    assert counted.keys.finds == 4
    await counted.verify(tokens[0])
    assert counted.keys.finds == 5


async def test_another_lifetime_and_leeway_can_be_set() -> None:
    """With a maximum of one hour, a token with a lifetime of one hour is accepted."""
    factory = TokenFactory()
    invalid_tokens = InvalidTokenFactory(factory)
    token = invalid_tokens.token(payload={"exp": invalid_tokens.payload["iat"] + 3600})
    with pytest.raises(InvalidToken, match="lifetime"):
        await factory.verifier.verify(token)
    patient = Verifier(
        factory.keys,
        issuer=ISSUER,
        audience=AUDIENCE,
        clock=factory.clock,
        max_lifetime=factory.issuer.lifetime * 6,
    )
    await patient.verify(token)


FACTORY = TokenFactory()
TOKEN = InvalidTokenFactory(FACTORY).token()


@settings(max_examples=500)
@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET))
def test_no_mutation_of_one_character_verifies(position: int, character: str) -> None:
    """Every character of a token matters, to the last bit of its base64."""
    mutated = TOKEN[:position] + character + TOKEN[position + 1 :]
    if mutated != TOKEN:
        with pytest.raises(InvalidToken):
            asyncio.run(FACTORY.verifier.verify(mutated))


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_no_flip_of_one_bit_verifies(algorithm: Algorithm) -> None:
    """Every bit is flipped, not a sample."""
    factory = TokenFactory(store=MemoryKeys([new_key(algorithm=algorithm)]))
    token = InvalidTokenFactory(factory).token()
    await factory.verifier.verify(token)
    for position in range(len(token)):
        for bit in range(7):
            mutated = token[:position] + chr(ord(token[position]) ^ 1 << bit) + token[position + 1 :]
            with pytest.raises(InvalidToken):
                await factory.verifier.verify(mutated)


@given(st.text(max_size=300))
def test_no_text_at_all_raises_anything_else(text: str) -> None:
    """Any text raises InvalidToken and no other exception."""
    with pytest.raises(InvalidToken):
        asyncio.run(FACTORY.verifier.verify(text))
