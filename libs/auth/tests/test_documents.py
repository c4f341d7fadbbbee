"""Tests of libs.auth.documents."""

from libs.auth.claims import ClientId, Scope, Subject
from libs.auth.documents import Endpoints, introspect_access, introspect_refresh, server_metadata
from libs.auth.refresh import RefreshTokens
from libs.auth.testing import ISSUER, START, MemoryRefreshStore, TokenMint

ENDPOINTS = Endpoints(jwks="/jwks.json", token="/token", revocation="/revoke", introspection="/introspect")


def test_the_metadata_name_what_rfc_8414_requires() -> None:
    """The issuer is exactly the one in the tokens, and every address lies below it."""
    document = server_metadata(ISSUER, ENDPOINTS, scopes=frozenset({"b", "a"}))
    assert document["issuer"] == ISSUER
    assert document["jwks_uri"] == f"{ISSUER}/jwks.json"
    assert document["scopes_supported"] == ["a", "b"]
    assert {"response_types_supported", "token_endpoint"} <= document.keys()
    assert all(value.startswith(ISSUER) for name, value in document.items() if name.endswith("_endpoint"))


def test_an_issuer_with_a_slash_keeps_it_as_issuer_alone() -> None:
    """RFC 8414 compares issuers as texts."""
    document = server_metadata(f"{ISSUER}/", ENDPOINTS, scopes=frozenset())
    assert document["issuer"] == f"{ISSUER}/"
    assert document["token_endpoint"] == f"{ISSUER}/token"


async def test_introspection_of_an_access_token_says_its_claims() -> None:
    """RFC 7662 section 2.2 has the names of the claims themselves."""
    mint = TokenMint()
    answer = introspect_access(await mint.verifier.verify(mint.token(scopes=["a"])))
    assert (answer["active"], answer["sub"], answer["scope"]) == (True, "user-1", "a")
    assert answer["exp"] - answer["iat"] == 600


async def test_introspection_of_a_refresh_token_names_no_secret() -> None:
    """Neither the token nor its digest."""
    mint = TokenMint()
    refresh = RefreshTokens(MemoryRefreshStore(), clock=mint.clock)
    started = await refresh.start(subject=Subject("user-1"), client_id=ClientId("web"), scopes=frozenset({Scope("a")}))
    answer = introspect_refresh(started.grant)
    assert answer == {
        "active": True,
        "sub": "user-1",
        "client_id": "web",
        "scope": "a",
        "iat": int(START.timestamp()),
        "exp": int(START.timestamp()) + 14 * 86_400,
    }
