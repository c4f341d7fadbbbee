"""Migrations on both databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from libs.db.command import migrate
from libs.db.connect import connect
from libs.db.database import Database
from libs.db.errors import MissingTable
from libs.db.migrate import UnknownRevision, newest, upgrade
from libs.db.schema import SchemaCheck, revision
from libs.db.testing import Databases, PostgresDatabases
from libs.db.tests.conftest import SCRIPTS
from libs.db.tests.things import ADD, ALL

BROKEN = Path(__file__).parent / "broken"


@pytest.fixture
def empty_url(databases: Databases, tmp_path: Path) -> str:
    """A database without a table."""
    if isinstance(databases, PostgresDatabases):
        return databases.empty()
    return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"


async def test_the_check_knows_older_equal_and_newer_tables(database: Database) -> None:
    """Code is ready on its own revision and on newer ones, not on older ones."""
    assert await SchemaCheck(database, "0001").reason() is None
    assert await SchemaCheck(database, "0002").reason() is None
    assert await SchemaCheck(database, "0003").reason() == "is at revision 0002, needs 0003: run `migrate`"


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and nothing is made."""
    (tmp_path / "file").touch()
    assert migrate(f"sqlite+aiosqlite:///{tmp_path}/file/data.db", SCRIPTS) == 1
    said = capsys.readouterr().err
    assert said == f"migrate: {tmp_path}/file/data.db cannot be written to: File exists\n"


async def test_an_empty_database_is_not_ready(empty_url: str) -> None:
    """Without tables the check says so, and says what to do."""
    database = await connect(empty_url)
    try:
        assert await revision(database) is None
        assert await SchemaCheck(database, "0001").reason() == "is at revision none, needs 0001: run `migrate`"
    finally:
        await database.close()


def test_migrating_twice_is_as_once(url: str) -> None:
    """A second run finds nothing to do."""
    assert upgrade(url, SCRIPTS) == newest(SCRIPTS) == "0002"


def test_two_that_start_together_migrate_once(empty_url: str) -> None:
    """One waits for the other instead of making the tables a second time."""
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: upgrade(empty_url, SCRIPTS), range(4)))
    assert found == ["0002"] * 4


async def test_a_step_that_fails_leaves_nothing(empty_url: str) -> None:
    """The steps before it are undone too, so that the run can be repeated."""
    with ThreadPoolExecutor(1) as thread, pytest.raises(Exception, match="nothing"):
        thread.submit(upgrade, empty_url, BROKEN).result()
    database = await connect(empty_url)
    try:
        assert await revision(database) is None
        with pytest.raises(MissingTable):
            await database.fetch_all(ALL)
    finally:
        await database.close()


async def test_code_of_the_revision_before_works_on_the_newer_tables(database: Database) -> None:
    """The tables of these tests are as revision 0001 knew them; the database is at 0002."""
    await database.fetch_all(ADD, id="a", box_id=None, amount=1)
    assert [tuple(row) for row in await database.fetch_all(ALL)] == [("a", 1)]


def test_a_database_of_newer_code_is_left_alone(url: str) -> None:
    """Scripts that do not know its revision stop with an error of their own."""
    with pytest.raises(UnknownRevision):
        upgrade(url, BROKEN.parent / "older")
