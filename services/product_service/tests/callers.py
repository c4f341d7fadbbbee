"""Who calls: two owners, an administrator, a reader, and somebody whose token is for something else."""

from libs.auth.testing import TokenMint

ANN = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"
ROOT = "33333333-3333-4333-8333-333333333333"
_ALL = ("products:read", "products:write", "products:reserve")

TEA = {"name": "Tea", "description": "Leaves", "price_cents": 450, "stock": 3}

KEYED = {"Idempotency-Key": "order-1"}

Headers = dict[str, str]


def ann(mint: TokenMint) -> Headers:
    """An owner."""
    return mint.headers(ANN, scopes=_ALL)


def bob(mint: TokenMint) -> Headers:
    """Another owner."""
    return mint.headers(BOB, scopes=_ALL)


def root(mint: TokenMint) -> Headers:
    """An administrator."""
    return mint.headers(ROOT, scopes=_ALL, roles=["admin"])


def outsider(mint: TokenMint) -> Headers:
    """A good token without any scope of ours."""
    return mint.headers(BOB, scopes=["users:me"])
