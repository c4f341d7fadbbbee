"""Tests of libs.auth.refresh."""

import asyncio

import pytest

from libs.auth.claims import ClientId, Scope, Subject
from libs.auth.errors import InvalidGrant, ReusedGrant
from libs.auth.refresh import Refreshed, RefreshTokens
from libs.auth.testing import MemoryRefreshStore
from libs.clock.testing import FakeClock

CLIENT = ClientId("web")
DAY = 86_400


class RefreshSession:
    """A family of refresh tokens that has just begun."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryRefreshStore()
        self.tokens = RefreshTokens(self.store, clock=self.clock)

    async def start(self) -> Refreshed:
        """Log in."""
        return await self.tokens.start(subject=Subject("user-1"), client_id=CLIENT, scopes=frozenset({Scope("a")}))


@pytest.fixture
def login() -> RefreshSession:
    """Return a login that has not begun."""
    return RefreshSession()


async def test_a_token_is_replaced_at_each_use(login: RefreshSession) -> None:
    """The successor is another token with the same rights, of the same family."""
    first = await login.start()
    second = await login.tokens.rotate(first.token, client_id=CLIENT)
    third = await login.tokens.rotate(second.token, client_id=CLIENT)
    assert len({first.token, second.token, third.token}) == 3
    assert third.grant.family == first.grant.family
    assert third.grant.scopes == {"a"}
    assert await login.tokens.inspect(second.token) is None
    assert await login.tokens.inspect(third.token) == third.grant


async def test_reuse_kills_the_family(login: RefreshSession) -> None:
    """When a used token is presented again, its successor is rejected too."""
    first = await login.start()
    second = await login.tokens.rotate(first.token, client_id=CLIENT)
    with pytest.raises(ReusedGrant) as caught:
        await login.tokens.rotate(first.token, client_id=CLIENT)
    assert caught.value.subject == "user-1"
    with pytest.raises(InvalidGrant):
        await login.tokens.rotate(second.token, client_id=CLIENT)


async def test_reuse_of_a_token_that_is_too_old_kills_the_family_all_the_same(login: RefreshSession) -> None:
    """The reuse of a stolen token is detected even after the token has expired."""
    first = await login.start()
    login.clock.advance(10 * DAY)
    second = await login.tokens.rotate(first.token, client_id=CLIENT)
    login.clock.advance(10 * DAY)
    with pytest.raises(ReusedGrant):
        await login.tokens.rotate(first.token, client_id=CLIENT)
    with pytest.raises(InvalidGrant):
        await login.tokens.rotate(second.token, client_id=CLIENT)


async def test_of_twenty_concurrent_uses_one_succeeds(login: RefreshSession) -> None:
    """The store compares and sets, so no two callers hold a successor."""
    first = await login.start()
    results = await asyncio.gather(
        *(login.tokens.rotate(first.token, client_id=CLIENT) for _ in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Refreshed) for result in results) == 1
    assert sum(isinstance(result, InvalidGrant) for result in results) == 19


async def test_an_idle_token_dies(login: RefreshSession) -> None:
    """A token expires after fourteen days without use."""
    first = await login.start()
    login.clock.advance(14 * DAY)
    with pytest.raises(InvalidGrant, match="expired"):
        await login.tokens.rotate(first.token, client_id=CLIENT)


async def test_a_family_dies_however_often_it_is_used(login: RefreshSession) -> None:
    """Ninety days after the login the user has to log in again."""
    current = await login.start()
    for _ in range(8):
        login.clock.advance(10 * DAY)
        current = await login.tokens.rotate(current.token, client_id=CLIENT)
    login.clock.advance(10 * DAY)
    with pytest.raises(InvalidGrant, match="expired"):
        await login.tokens.rotate(current.token, client_id=CLIENT)


async def test_another_client_cannot_use_or_revoke_it(login: RefreshSession) -> None:
    """A token is bound to the client that it was issued to, and stays valid for that client."""
    first = await login.start()
    with pytest.raises(InvalidGrant):
        await login.tokens.rotate(first.token, client_id=ClientId("other"))
    await login.tokens.revoke(first.token, client_id=ClientId("other"))
    await login.tokens.rotate(first.token, client_id=CLIENT)


async def test_revoking_ends_the_family(login: RefreshSession) -> None:
    """RFC 7009: a logout revokes every refresh token of that login."""
    first = await login.start()
    second = await login.tokens.rotate(first.token, client_id=CLIENT)
    await login.tokens.revoke(first.token, client_id=CLIENT)
    with pytest.raises(InvalidGrant, match="revoked"):
        await login.tokens.rotate(second.token, client_id=CLIENT)


async def test_revoking_a_subject_ends_all_its_families(login: RefreshSession) -> None:
    """A changed password logs out everywhere."""
    families = [await login.start(), await login.start()]
    await login.tokens.revoke_subject(Subject("user-1"))
    for family in families:
        with pytest.raises(InvalidGrant):
            await login.tokens.rotate(family.token, client_id=CLIENT)


async def test_introspection_sees_live_tokens_alone(login: RefreshSession) -> None:
    """RFC 7662: used, revoked, expired and unknown ones are not active."""
    first = await login.start()
    assert await login.tokens.inspect(first.token) == first.grant
    second = await login.tokens.rotate(first.token, client_id=CLIENT)
    assert await login.tokens.inspect(first.token) is None
    login.clock.advance(14 * DAY)
    assert await login.tokens.inspect(second.token) is None


@pytest.mark.parametrize("token", ["", "a", "a" * 43, "é" * 43, "a" * 1_000_000, "\ud800" * 43])
async def test_a_stranger_is_unknown(login: RefreshSession, token: str) -> None:
    """Every invalid refresh token is rejected with the same error."""
    with pytest.raises(InvalidGrant, match="unknown"):
        await login.tokens.rotate(token, client_id=CLIENT)


async def test_the_store_never_sees_a_token(login: RefreshSession) -> None:
    """The database holds no value that can be used as a token."""
    first = await login.start()
    assert first.token not in repr(login.store.grants)
