"""Tests of libs.auth.clients."""

import base64

import pytest

from libs.auth.claims import ClientId, Scope
from libs.auth.clients import Client, authenticate_client, digest_secret, new_client_secret, parse_basic
from libs.auth.errors import InvalidCredentials, InvalidScope

SECRET = new_client_secret()
CLIENT = Client(
    client_id=ClientId("product_service"),
    secret_digest=digest_secret(SECRET),
    scopes=frozenset({Scope("users:read"), Scope("tokens:introspect")}),
)


def basic(text: str | bytes) -> str:
    """Return an Authorization header."""
    data = text.encode() if isinstance(text, str) else text
    return f"Basic {base64.b64encode(data).decode()}"


def test_a_client_is_known_by_its_secret() -> None:
    """Only a digest is stored, and printing a client does not show it."""
    assert authenticate_client(CLIENT, SECRET) is CLIENT
    assert CLIENT.secret_digest != SECRET.encode()
    assert "digest" not in repr(CLIENT)


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], SECRET + "a", SECRET.lower(), "\ud800"])
@pytest.mark.parametrize("client", [CLIENT, None])
def test_a_wrong_secret_and_an_unknown_client_are_one_error(client: Client | None, secret: str) -> None:
    """The response does not reveal which clients exist."""
    with pytest.raises(InvalidCredentials, match=r"^unknown client or wrong secret$"):
        authenticate_client(client, secret)


def test_an_unknown_client_is_not_let_in_by_a_secret_of_zeros() -> None:
    """The digest that is compared for an unknown client matches no secret."""
    with pytest.raises(InvalidCredentials):
        authenticate_client(None, SECRET)


def test_a_client_gets_what_it_asks_for_or_all_that_it_may_have() -> None:
    """RFC 6749 section 3.3: a request without a scope gets all scopes of the client."""
    assert CLIENT.grant("users:read") == {"users:read"}
    assert CLIENT.grant("") == CLIENT.scopes


@pytest.mark.parametrize("requested", ["users:write", "users:read users:write", "users:read  ", "\x00", '"'])
def test_a_scope_beyond_its_own_is_refused(requested: str) -> None:
    """The whole request is refused instead of reduced, so that a mistake is noticed."""
    with pytest.raises(InvalidScope):
        CLIENT.grant(requested)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (basic("a:b"), ("a", "b")),
        (basic("a:b:c"), ("a", "b:c")),
        (basic("a:"), ("a", "")),
        (basic("a%3Ab:c%20d+e"), ("a:b", "c d e")),
        (basic("a:b").replace("Basic", "bAsIc"), ("a", "b")),
    ],
)
def test_basic_credentials_are_form_encoded(header: str, expected: tuple[str, str]) -> None:
    """RFC 6749 section 2.3.1 encodes each part before RFC 7617 joins them."""
    assert parse_basic(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic a:b",
        "Bearer YTpi",
        basic("ab"),
        basic(b"\xff:\xff"),
        "Basic " + "YTpi" * 1000,
        "Basic é",
        basic("%00:b"),
        basic("a:%0a"),
    ],
)
def test_other_credentials_are_refused(header: str) -> None:
    """Every malformed header raises the same error."""
    with pytest.raises(InvalidCredentials):
        parse_basic(header)
