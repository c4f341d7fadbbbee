"""Options of the engines."""

import asyncio
import os
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from libs.db.engines import Limits
from libs.db.errors import DatabaseUnavailable
from libs.db.sessions import open_sessions


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0), ("busy_timeout", 5000)],
)
async def test_sqlite_is_durable_and_strict(tmp_path: Path, pragma: str, value: object) -> None:
    """Both engines set the pragmas for durable commits and for foreign keys."""
    sessions = open_sessions(f"sqlite+aiosqlite:///{tmp_path}/a b%20c#d.db")
    async with sessions.begin() as session:
        assert (await session.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value
    async with sessions.read() as session:
        assert (await session.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value
        assert (await session.execute(text("PRAGMA query_only"))).scalar_one() == 1
    await sessions.close()
    assert (tmp_path / "a b c#d.db").is_file()


async def test_a_lock_of_another_process_is_waited_for_and_no_longer(tmp_path: Path) -> None:
    """A writer that does not get the lock within its limit gets an error of this library."""
    url = f"sqlite+aiosqlite:///{tmp_path}/a.db"
    ours, theirs = open_sessions(url, Limits(statement_seconds=0.3)), open_sessions(url)
    async with theirs.begin() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnavailable, match="locked"):
            async with ours.begin() as waiting:
                await waiting.execute(text("SELECT 1"))
    async with ours.begin():
        with pytest.raises(DatabaseUnavailable, match="other transactions"):
            async with ours.begin():
                pass
    await ours.close()
    await theirs.close()


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    """A missing folder is DatabaseUnavailable, which the operator has to fix."""
    threads = threading.active_count()
    sessions = open_sessions(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/a.db")
    with pytest.raises(DatabaseUnavailable):
        async with sessions.read() as session:
            await session.execute(text("SELECT 1"))
    await sessions.close()
    # aiosqlite does not wait for the thread of a connection that it could not open.
    while threading.active_count() > threads:  # noqa: ASYNC110  # nothing tells of its end
        await asyncio.sleep(0.01)


async def test_a_sqlite_file_is_its_owners(tmp_path: Path) -> None:
    """Only the owner can read it and the files beside it, with any umask; the mode of a file that exists is kept."""
    before = os.umask(0)
    try:
        sessions = open_sessions(f"sqlite+aiosqlite:///{tmp_path}/a.db")
        async with sessions.begin() as session:
            await session.execute(text("CREATE TABLE things (id)"))
            modes = _modes(tmp_path)
        await sessions.close()
    finally:
        os.umask(before)
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}
    (tmp_path / "a.db").chmod(0o640)  # a temporary file, and nothing else runs
    async with sessions.read() as session:
        await session.execute(text("SELECT 1"))
    await sessions.close()
    assert _modes(tmp_path)["a.db"] == 0o640


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
