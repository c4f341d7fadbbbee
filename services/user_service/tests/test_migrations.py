"""Code of one revision goes on working on the tables of the next."""

import time
from pathlib import Path

from libs.db.database import Database
from libs.db.statements import insertion
from services.user_service.models import email_key
from services.user_service.repository import SCHEMA_REVISION, users

SCRIPTS = Path(__file__).parents[1] / "migrations"

# As revision 0001 had it, whose code may still run when the newest migration has.
_OLD_INSERT = insertion(
    "users",
    (
        "id",
        "email",
        "email_key",
        "name",
        "password_hash",
        "role_names",
        "password_changed_at",
        "locked_at",
        "created_at",
        "updated_at",
    ),
)


def test_this_code_needs_the_newest_revision() -> None:
    """A forgotten number would let it start on tables that it cannot use."""
    newest = max(path.name[1:5] for path in SCRIPTS.glob("m[0-9]*.py"))
    assert newest == SCHEMA_REVISION


async def test_what_old_code_registers_new_code_finds(database: Database) -> None:
    """While both run, a row without the newer columns is listed and found by its address."""
    now = round(time.time() * 1_000_000)
    texts = {"email": "ann@example.com", "email_key": "ann@example.com", "name": "Ann", "password_hash": "x"}
    times = {"password_changed_at": now, "locked_at": None, "created_at": now, "updated_at": now}
    user_id = "11111111-1111-4111-8111-111111111111"
    await database.fetch_all(_OLD_INSERT, id=user_id, role_names="", **texts, **times)
    for search in ("", "ann@"):
        assert [user.id for user in await users.page(database, after=None, search=search, limit=9)] == [user_id]
    assert await users.find(database, email_key("Ann@example.com")) is not None
