"""Request headers with tokens of two owners, an administrator and a caller without a scope of this service."""

from libs.auth.testing import TokenFactory

ANN = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"
ROOT = "33333333-3333-4333-8333-333333333333"
_ALL = ("products:read", "products:write", "products:reserve")

TEA = {"name": "Tea", "description": "Leaves", "price_cents": 450, "stock": 3}

KEYED = {"Idempotency-Key": "order-1"}

Headers = dict[str, str]


def ann(factory: TokenFactory) -> Headers:
    """Return the headers of an owner."""
    return factory.headers(ANN, scopes=_ALL)


def bob(factory: TokenFactory) -> Headers:
    """Return the headers of another owner."""
    return factory.headers(BOB, scopes=_ALL)


def root(factory: TokenFactory) -> Headers:
    """Return the headers of an administrator."""
    return factory.headers(ROOT, scopes=_ALL, roles=["admin"])


def outsider(factory: TokenFactory) -> Headers:
    """Return the headers of a valid token without any scope of this service."""
    return factory.headers(BOB, scopes=["users:me"])
