"""What is SQLite's alone: where a read runs."""

import asyncio
from pathlib import Path

import pytest

from libs.db.connect import connect
from libs.db.database import Limits
from libs.db.errors import BadDatabaseUrl, DatabaseUnavailable
from libs.db.migrate import upgrade
from libs.db.sqlite import SqliteDatabase
from libs.db.tests.conftest import SCRIPTS
from libs.db.tests.things import ADD, READ


async def test_a_read_that_cannot_be_done_at_once_is_done_in_a_thread(tmp_path: Path) -> None:
    """The way that may wait gives the same answer as the quick one."""
    path = tmp_path / "a.db"
    await asyncio.to_thread(upgrade, f"sqlite+aiosqlite:///{path}", SCRIPTS)
    database = await SqliteDatabase.open(str(path), Limits())
    try:
        await database.fetch_all(ADD, id="a", box_id=None, amount=7)
        quick = await database.fetch_one(READ, id="a")
        database._at_once.close()
        assert await database.fetch_one(READ, id="a") == quick == ("a", 7)
    finally:
        await database.close()


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
async def test_a_database_in_memory_is_refused(url: str) -> None:
    """Each connection would have one of its own."""
    with pytest.raises(BadDatabaseUrl):
        await connect(url)


async def test_a_folder_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    """A service must not start on a file that cannot be."""
    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        await connect(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'a.db'}")
