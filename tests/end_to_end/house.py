"""Both services as processes, the product service with the keys of the user service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.program import Program


@dataclass(frozen=True, slots=True)
class House:
    """Where both services answer, and the folder of the signing keys."""

    users: str
    products: str
    keys: Path


@contextmanager
def open_house(folder: Path, **settings: str) -> Iterator[House]:
    """Both services on fresh SQLite files in `folder`, migrated and with a signing key; stopped at the end."""
    users = Program("user_service", folder, **settings)
    products = Program("product_service", folder, JWKS_URL=f"{users.url}/.well-known/jwks.json", **settings)
    prepare(users, products)
    with users.running(), products.running():
        yield House(users.url, products.url, users.folder / "keys")


def prepare(users: Program, products: Program) -> None:
    """Make their tables and the first signing key."""
    users.run("migrate")
    users.run("rotate-keys")
    products.run("migrate")
