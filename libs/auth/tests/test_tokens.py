"""Tests of libs.auth.tokens."""

import asyncio
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.auth.claims import ClientId, Role, Scope, Subject
from libs.auth.strict_json import decode_base64url
from libs.auth.testing import AUDIENCE, ISSUER, MemoryKeys, TokenFactory, new_key
from libs.auth.tokens import TokenIssuer
from libs.clock.testing import START

SCOPE_CHARACTERS = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\')
SCOPES = st.frozensets(st.text(SCOPE_CHARACTERS, min_size=1, max_size=20).map(Scope), max_size=5)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.isprintable)
FACTORY = TokenFactory()


def decoded(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return header and payload, as any library would read them."""
    header, payload, _ = token.split(".")
    return json.loads(decode_base64url(header)), json.loads(decode_base64url(payload))


def test_a_token_is_what_rfc_9068_says() -> None:
    """A token has the header members and required claims of RFC 9068, and no others."""
    factory = TokenFactory()
    header, payload = decoded(factory.token("user-7", scopes=["b", "a"], roles=["admin"]))
    issued_at = int(START.timestamp())
    assert header == {"alg": "EdDSA", "kid": "test-key", "typ": "at+jwt"}
    assert payload == {
        "iss": ISSUER,
        "sub": "user-7",
        "aud": AUDIENCE,
        "client_id": "test-client",
        "jti": payload["jti"],
        "iat": issued_at,
        "exp": issued_at + 600,
        "scope": "a b",
        "roles": ["admin"],
    }


def test_no_two_tokens_are_equal() -> None:
    """Each has a `jti` of 128 random bits."""
    tokens = {FACTORY.token() for _ in range(100)}
    names = {str(decoded(token)[1]["jti"]) for token in tokens}
    assert len(names) == 100
    assert all(len(decode_base64url(name)) == 16 for name in names)


async def test_a_token_may_begin_at_another_second() -> None:
    """After an issuer has revoked tokens by their time, it can issue a token that starts later."""
    later = START + timedelta(seconds=1, microseconds=500_000)
    token = FACTORY.issuer.issue(
        subject=Subject("user-1"), audience=AUDIENCE, client_id=ClientId("web"), issued_at=later
    )
    claims = await FACTORY.verifier.verify(token)
    assert claims.issued_at == START + timedelta(seconds=1)
    assert claims.expires_at - claims.issued_at == FACTORY.issuer.lifetime


def test_the_current_key_signs() -> None:
    """The next key signs from the second of its activation, without a restart."""
    store = MemoryKeys([new_key("old"), new_key("new", activates_at=START + timedelta(hours=1))])
    factory = TokenFactory(store=store)
    before = factory.token()
    factory.clock.advance(3600)
    assert [decoded(token)[0]["kid"] for token in (before, factory.token())] == ["old", "new"]


@pytest.mark.parametrize("seconds", [-1, 0, 1801, 8 * 86_400])
def test_a_lifetime_that_keys_cannot_cover_is_refused(seconds: int) -> None:
    """The error is raised at construction, not at the first login."""
    with pytest.raises(ValueError, match="lifetime"):
        TokenIssuer(keys=FACTORY.keys, issuer=ISSUER, clock=FACTORY.clock, lifetime=timedelta(seconds=seconds))


@given(subject=NAMES, client=NAMES, scopes=SCOPES, roles=st.frozensets(NAMES.map(Role), max_size=5))
def test_what_is_issued_verifies_to_the_same(
    subject: str, client: str, scopes: frozenset[Scope], roles: frozenset[Role]
) -> None:
    """The claims are equal for any subject in any script and any scopes."""
    token = FACTORY.issuer.issue(
        subject=Subject(subject), audience=AUDIENCE, client_id=ClientId(client), scopes=scopes, roles=roles
    )
    claims = asyncio.run(FACTORY.verifier.verify(token))
    assert (claims.subject, claims.client_id, claims.scopes, claims.roles) == (subject, client, scopes, roles)
