"""Code of one revision works on the tables of the next."""

import time

from sqlalchemy import text

from libs.db.sessions import SessionFactory
from services.user_service.models import email_key
from services.user_service.repository import users

# As revision 0001 had it, whose code may still run when the newest migration has.
_OLD_INSERT = text(
    "INSERT INTO users (id, email, email_key, name, password_hash, role_names, password_changed_at, created_at,"
    "updated_at) VALUES (:id, 'ann@example.com', 'ann@example.com', 'Ann', 'x', '', :now, :now, :now)"
)


async def test_what_old_code_registers_new_code_finds(sessions: SessionFactory) -> None:
    """While both revisions run, a row without the newer columns is listed and found by its address."""
    user_id = "11111111-1111-4111-8111-111111111111"
    async with sessions.begin() as session:
        await session.execute(_OLD_INSERT, {"id": user_id, "now": round(time.time() * 1_000_000)})
    async with sessions.read() as session:
        for search in ("", "ann@"):
            found = await users.page(session, position=None, search=search, limit=9)
            assert [user.id for user in found] == [user_id]
        assert await users.find(session, email_key("Ann@example.com")) is not None
