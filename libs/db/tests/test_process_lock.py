"""One process serves a SQLite file."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from libs.db.errors import FileInUse, FileUnusable
from libs.db.process_lock import single_process_lock

_SERVE = """
import sys
from libs.db.process_lock import single_process_lock
with single_process_lock(sys.argv[1]):
    print("serving", flush=True)
    input()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A file."""
    return f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"


def test_a_second_process_is_refused_in_one_sentence(url: str) -> None:
    """The second process gets an error that names the file."""
    with (
        single_process_lock(url),
        pytest.raises(FileInUse, match=r"a\.db is served by another process"),
        single_process_lock(url),
    ):
        pass


def test_a_process_that_was_killed_serves_no_longer(url: str) -> None:
    """The lock ends with its process, also after SIGKILL."""
    command = [sys.executable, "-c", _SERVE, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "serving\n"
        with pytest.raises(FileInUse), single_process_lock(url):
            pass
        other.kill()
    with single_process_lock(url):
        pass


def test_a_folder_that_is_not_there_is_one_sentence() -> None:
    """The error names the file and the reason."""
    with (
        pytest.raises(FileUnusable, match=r"/no/such/folder/a\.db cannot be written to: No such file or directory$"),
        single_process_lock("sqlite+aiosqlite:////no/such/folder/a.db"),
    ):
        pass


def test_postgresql_may_be_served_by_many() -> None:
    """No lock is taken for PostgreSQL."""
    url = "postgresql+asyncpg://u:p@localhost/a"
    with single_process_lock(url), single_process_lock(url):
        pass


def test_missing_permission_names_the_remedy() -> None:
    """With a random uid, as on OpenShift, the error asks for access to the volume; a read-only disk has no remedy."""
    denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    assert str(FileUnusable("/data/a.db", denied)).endswith("or change the owner of the volume")
    read_only = OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert str(FileUnusable("/data/a.db", read_only)) == "/data/a.db cannot be written to: Read-only file system"
