"""Who may serve a database."""

import subprocess
import sys
from pathlib import Path

import pytest

from libs.db.alone import serving_alone
from libs.db.errors import AlreadyServed

_SERVE = """
import sys
from libs.db.alone import serving_alone
with serving_alone(sys.argv[1]):
    print("serving", flush=True)
    input()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A file."""
    return f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"


def test_a_second_process_is_refused_in_one_sentence(url: str) -> None:
    """Whoever comes second is told which file it is about."""
    with (
        serving_alone(url),
        pytest.raises(AlreadyServed, match=r"a\.db is served by another process"),
        serving_alone(url),
    ):
        pass


def test_a_process_that_was_killed_serves_no_longer(url: str) -> None:
    """The lock dies with its owner, whatever killed it."""
    command = [sys.executable, "-c", _SERVE, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "serving\n"
        with pytest.raises(AlreadyServed), serving_alone(url):
            pass
        other.kill()
    with serving_alone(url):
        pass


@pytest.mark.parametrize("url", ["postgresql+asyncpg://u:p@localhost/a", "sqlite+aiosqlite:////no/such/folder/a.db"])
def test_others_are_left_to_their_database(url: str) -> None:
    """PostgreSQL may be served by many; a folder that is not there is said by whoever opens it."""
    with serving_alone(url), serving_alone(url):
        pass
