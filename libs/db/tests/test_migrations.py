"""Migrations on both databases: applied by `migrate`, written by `migration`, compared with the models."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from libs.db.commands import displayed, migrate, migration
from libs.db.errors import MissingTable
from libs.db.migrations import DatabaseNewer, NothingToMigrate, differences, upgrade, write_migration
from libs.db.schema import Schema, SchemaCheck, current_revision, newest_revision
from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import Databases, PostgresDatabases
from libs.db.tests.models import SCHEMA, Base, Thing
from libs.db.types import Timestamp

BROKEN = Path(__file__).parent / "broken"
OLDER = Path(__file__).parent / "older"


@pytest.fixture
def empty_url(databases: Databases, tmp_path: Path) -> str:
    """A database without a table."""
    if isinstance(databases, PostgresDatabases):
        return databases.empty()
    return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the migrations in a source tree."""
    folder = tmp_path / "services" / "things" / "migrations"
    folder.mkdir(parents=True)
    for path in SCHEMA.scripts.glob("m*.py"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def _needs(tmp_path: Path, revision: str) -> Schema:
    folder = tmp_path / revision
    folder.mkdir()
    (folder / f"m{revision}_x.py").touch()
    return Schema(Base.metadata, folder)


async def test_code_is_ready_from_its_own_revision_on(sessions: SessionFactory, tmp_path: Path) -> None:
    """Older and equal revisions of the code are ready on these tables, a newer one is not."""
    assert await SchemaCheck(sessions, _needs(tmp_path, "0001")).reason() is None
    assert await SchemaCheck(sessions, _needs(tmp_path, "0002")).reason() is None
    newer = SchemaCheck(sessions, _needs(tmp_path, "0003"))
    assert await newer.reason() == "is at revision 0002, needs 0003: run `migrate`"


async def test_an_empty_database_is_not_ready(empty_url: str) -> None:
    """The readiness check names the command to run."""
    sessions = open_sessions(empty_url)
    try:
        assert await current_revision(sessions) is None
        assert await SchemaCheck(sessions, SCHEMA).reason() == "is at revision none, needs 0002: run `migrate`"
    finally:
        await sessions.close()


def test_migrating_twice_changes_nothing(url: str) -> None:
    """A second run finds nothing to do."""
    assert upgrade(url, SCHEMA.scripts) == newest_revision(SCHEMA.scripts) == "0002"


def test_two_that_start_together_migrate_once(empty_url: str) -> None:
    """The second process waits for the first and then finds the tables."""
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: upgrade(empty_url, SCHEMA.scripts), range(4)))
    assert found == ["0002"] * 4


async def test_a_step_that_fails_leaves_nothing(empty_url: str) -> None:
    """The steps before it are rolled back too, so that the run can be repeated."""
    with ThreadPoolExecutor(1) as thread, pytest.raises(Exception, match="nothing"):
        thread.submit(upgrade, empty_url, BROKEN).result()
    sessions = open_sessions(empty_url)
    try:
        assert await current_revision(sessions) is None
        with pytest.raises(MissingTable):
            async with sessions.read() as session:
                await session.get(Thing, "half-way")
    finally:
        await sessions.close()


def test_a_newer_database_is_left_alone(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names both revisions and the remedy."""
    with pytest.raises(DatabaseNewer, match="revision 0002, newer than the newest revision of this code, 0001"):
        upgrade(url, OLDER)
    assert migrate(url, Schema(Base.metadata, OLDER)) == 1
    assert "--fresh" in capsys.readouterr().err or "postgresql" in url


def test_models_and_migrations_are_compared(url: str) -> None:
    """Columns, tables and indexes of only one side are named, unless they are excluded by name."""
    assert differences(url, SCHEMA) == []
    assert "colour" in str(differences(url, Schema(Base.metadata, SCHEMA.scripts)))


def test_the_next_migration_is_written_from_the_models(
    copied: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the next number, imports no code of the repository, and makes the tables match the models."""
    metadata = sa.MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(metadata)
    metadata.tables["things"].append_column(sa.Column("weight", sa.BigInteger, nullable=True))
    schema = Schema(metadata, copied, SCHEMA.unmanaged)
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(copied.parents[2]))
    assert migration("add weight", schema, name="things") == 0
    assert "services/things/migrations/m0003_add_weight.py" in capsys.readouterr().err
    text = (copied / "m0003_add_weight.py").read_text()
    assert "sa.BigInteger()" in text
    assert "libs" not in text
    assert upgrade(url, copied) == "0003"
    assert differences(url, schema) == []
    assert migration("again", schema, name="things") == 1
    assert "describe the same tables" in capsys.readouterr().err


def test_a_migration_without_steps_is_asked_for(copied: Path) -> None:
    """Without changes of the models no migration is written, unless an empty one is requested."""
    with pytest.raises(NothingToMigrate):
        write_migration("nothing", SCHEMA, folder=copied)
    written = write_migration("add a trigger", SCHEMA, folder=copied, is_empty=True)
    assert written.name == "m0003_add_a_trigger.py"
    assert "pass" in written.read_text()


def test_our_column_types_are_written_as_the_databases(copied: Path) -> None:
    """A migration has the column type of the database, not a class of this library, which may change."""
    metadata = sa.MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(metadata)
    metadata.tables["things"].append_column(sa.Column("seen_at", Timestamp, nullable=True))
    text = write_migration("seen", Schema(metadata, copied, SCHEMA.unmanaged), folder=copied).read_text()
    assert "sa.BigInteger()" in text
    assert "Timestamp" not in text


def test_migration_outside_of_the_source_tree_says_how_to_run_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a source tree, as in an image, the error states how to run the command."""
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    assert migration("x", SCHEMA, name="things") == 1
    assert "bazel run //services/things:migration -- 'x'" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is created, and the error names the file."""
    (tmp_path / "file").touch()
    assert migrate(f"sqlite+aiosqlite:///{tmp_path}/file/data.db", SCHEMA) == 1
    assert capsys.readouterr().err == f"migrate: {tmp_path}/file/data.db cannot be written to: File exists\n"


@pytest.mark.parametrize("url", ["nonsense", "postgresql+asyncpg://ann:secret@127.0.0.1:1/x"])
def test_a_database_that_cannot_be_reached_is_one_sentence(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error is one sentence without traceback and password."""
    assert migrate(url, SCHEMA) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "secret" not in said


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://ann:canary@db/x", "postgresql+asyncpg://db/x?user=ann&password=canary"]
)
def test_passwords_are_masked(url: str) -> None:
    """A password is masked in every part of the URL."""
    assert "canary" not in displayed(url)
    assert "ann" in displayed(url)
