"""Tests of libs.auth.verifier."""

import pytest

from libs.auth.claims import ClientId, Role, Scope, Subject
from libs.auth.errors import InvalidToken
from libs.auth.testing import AUDIENCE, ISSUER, FakeClock, TokenMint


async def test_a_token_comes_back_as_its_claims() -> None:
    """What the issuer put in is what the verifier returns."""
    mint = TokenMint()
    claims = await mint.verifier.verify(
        mint.token("user-7", scopes=["products:read"], roles=["admin"])
    )
    assert claims.subject == Subject("user-7")
    assert claims.issuer == ISSUER
    assert claims.audience == AUDIENCE
    assert claims.client_id == ClientId("test-client")
    assert claims.scopes == {Scope("products:read")}
    assert claims.roles == {Role("admin")}
    assert (claims.expires_at - claims.issued_at).total_seconds() == 600


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(0, True), (600, True), (629, True), (630, False)]
)
async def test_a_token_lives_for_its_lifetime_and_the_leeway(
    seconds: float, *, accepted: bool
) -> None:
    """Ten minutes and thirty seconds after its issue a token is dead, whether cached or not."""
    for warm in (False, True):
        mint = TokenMint(FakeClock())
        token = mint.token()
        if warm:
            await mint.verifier.verify(token)
        mint.clock.advance(seconds)
        if accepted:
            await mint.verifier.verify(token)
        else:
            with pytest.raises(InvalidToken, match="expired"):
                await mint.verifier.verify(token)
